from django.db import migrations


def change(apps, schema_editor):
    """Listings get tokens of their prices: at the end of `migrate` they are made where there are none."""
    words = [] if schema_editor.connection.vendor == "postgresql" else ["catalog_terms"]
    for table in ["catalog_place", "catalog_listing", *words]:
        schema_editor.execute(f"DELETE FROM {table}")  # noqa: S608


class Migration(migrations.Migration):

    dependencies = [
        ("catalog", "0016_guess_quickly"),
    ]

    operations = [
        migrations.RunPython(change, migrations.RunPython.noop),
    ]
