"""catalog/fields.py: options stay in the order in which they were given, on both databases."""

from __future__ import annotations

from catalog.models import Variant
from tests import factories


def test_it_keeps_the_order_of_choices(db):
    variant = factories.variant(option_values={"Size": "A3", "Paper": "Matte", "Ink": "Blue"})
    stored = Variant.objects.get(pk=variant.pk)
    assert list(stored.option_values.items()) == [("Size", "A3"), ("Paper", "Matte"), ("Ink", "Blue")]
    assert stored.options_text == "A3 / Matte / Blue"


def test_it_keeps_it_through_another_save(db):
    variant = Variant.objects.get(pk=factories.variant(option_values={"Size": "A3", "Paper": "Matte"}).pk)
    variant.save()
    assert Variant.objects.values_list("option_values", flat=True).get(pk=variant.pk) == {"Size": "A3", "Paper": "Matte"}


def test_it_takes_none_for_a_variant_without_options(db):
    assert Variant.objects.get(pk=factories.variant().pk).option_values == {}


def test_an_edit_never_writes_old_counts_over_a_sale(db):
    variant = factories.variant(on_hand=5)
    Variant.objects.filter(pk=variant.pk).update(stock_on_hand=4)
    variant.sku = "EDITED"
    variant.save()
    variant.refresh_from_db()
    assert (variant.sku, variant.stock_on_hand) == ("EDITED", 4)
