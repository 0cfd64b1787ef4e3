"""The history of products and variants says what was changed, from what, to what."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils.html import escape

from tests import factories
from tests.catalog.admin_forms import page_of, submit


def history(client, thing) -> list[str]:
    """What the page of a thing's history says, the newest first."""
    name = thing._meta.model_name
    page = client.get(reverse(f"admin:catalog_{name}_history", args=[thing.pk])).content.decode()
    entries = LogEntry.objects.filter(content_type__model=name, object_id=str(thing.pk)).order_by("-pk")
    told = [entry.get_change_message() for entry in entries]
    assert all(escape(text) in page for text in told)
    return told


def test_it_says_what_a_product_was_called_and_whether_it_was_shown(grace_client):
    product = factories.product(title="Old <b>", slug="old", is_published=True, description="x")
    factories.variant(product=product)
    submit(grace_client, page_of(product), title="New", slug="new", is_published=None, description="y")
    assert history(grace_client, product) == [
        "Changed Title: Old <b> → New, Slug: old → new, Published: yes → no and Description."
    ]


@pytest.mark.parametrize("on_product_page", [True, False])
def test_it_says_what_a_variant_cost_on_both_pages(grace_client, stocked, on_product_page):
    prefix = "variants__0__" if on_product_page else ""
    address = page_of(stocked.product if on_product_page else stocked)
    typed = {"price_minor": "55", "compare_at_minor": "60", "units": "3", "sku": "NEW"}
    assert submit(grace_client, address, **{f"{prefix}{name}": value for name, value in typed.items()}).status_code == 302
    (of_variant,), (of_product,) = history(grace_client, stocked), history(grace_client, stocked.product)
    changes = {
        "Price: €49.00 → €55.00",
        "Price before: – → €60.00",
        "Stock: +3",
        f"SKU: {stocked.sku} → NEW",
    }
    for told in (of_variant, of_product):
        assert [change for change in changes if change not in told] == []
    assert of_product.endswith("for variant “NEW”." if not on_product_page else "for variant “Flow Field No. 7 · A3”.")


def test_it_says_nothing_where_nothing_was_changed(grace_client, stocked):
    submit(grace_client, page_of(stocked.product))
    submit(grace_client, page_of(stocked))
    assert [*history(grace_client, stocked), *history(grace_client, stocked.product)] == ["No fields changed."] * 2


@pytest.mark.same_on_both
def test_it_cuts_long_values(grace_client, stocked):
    submit(grace_client, page_of(stocked.product), title="x" * 200)
    (told,) = history(grace_client, stocked.product)
    assert told == f"Changed Title: Flow Field No. 7 → {'x' * 79}…."


def test_it_says_both_options_of_variants_that_are_new_and_gone(grace_client, stocked):
    other = factories.variant(product=stocked.product, option_values={"Size": "A4"}, on_hand=0)
    submit(grace_client, page_of(stocked.product), variants__1__DELETE="on", variants__0__position="7")
    (told,) = history(grace_client, stocked.product)
    assert "Changed Position: 0 → 7 for variant" in told
    assert f"Deleted variant “{other}”." in told
