from django.db import migrations


class Migration(migrations.Migration):
    """The first products of a category, without reading the others. The table is Django's own, so no model can name the index."""

    dependencies = [
        ('catalog', '0002_list_index'),
    ]

    operations = [
        migrations.RunSQL(
            'CREATE INDEX catalog_members ON catalog_product_categories (category_id, product_id)',
            'DROP INDEX catalog_members',
        ),
    ]
