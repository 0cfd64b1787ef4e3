from collections import Counter

from django.db import migrations, models

from catalog.choices import MOST_KEPT
from catalog.terms import value_token


def learn_what_is_listed(apps, schema_editor):
    Choice = apps.get_model("catalog", "Choice")
    kept, found = Counter(), {}
    listed = apps.get_model("catalog", "Listing").objects.values_list("choices", flat=True)
    for choices in listed.distinct().iterator():
        for name, value in ((str(name), str(value)) for name, values in choices.items() for value in values):
            token = value_token(name, value)
            if token not in found and kept[name] < MOST_KEPT and max(len(name), len(value)) <= 200:
                kept[name] += 1
                found[token] = Choice(token=token, name=name, value=value)
    Choice.objects.bulk_create(found.values(), batch_size=1_000)


class Migration(migrations.Migration):

    dependencies = [
        ("catalog", "0017_prices_in_the_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="Choice",
            fields=[
                ("token", models.CharField(max_length=17, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                ("value", models.CharField(max_length=200)),
            ],
            options={
                "indexes": [models.Index(fields=["name"], name="catalog_choice_name")],
            },
        ),
        migrations.RunPython(learn_what_is_listed, migrations.RunPython.noop),
    ]
