from django.db import migrations


class Migration(migrations.Migration):
    """Lists and the home page read listings and their places: two indexes of before have no reader any more."""

    dependencies = [
        ("catalog", "0011_back_soon"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="product", name="catalog_product_shown"),
        migrations.RunSQL(
            "DROP INDEX catalog_members",
            "CREATE INDEX catalog_members ON catalog_product_categories (category_id, product_id)",
        ),
    ]
