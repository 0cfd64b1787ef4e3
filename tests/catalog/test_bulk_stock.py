"""Units added to many variants, or taken away: by differences, once, and never below what is promised."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.contrib.admin.models import LogEntry

from catalog.bulk import units
from catalog.bulk.units import change_stock
from catalog.models import MOST_ON_HAND, Variant
from catalog.stock import OutOfStock, adjust, adjust_all
from tests import factories, shelf
from tests.catalog.bulk_pages import choose, look, messages_of, rows_of, step

PAGE = "a-page-of-its-own"


def counts(variant: Variant) -> tuple[int, int]:
    return Variant.objects.values_list("stock_on_hand", "stock_reserved").get(pk=variant.pk)


def test_it_shows_what_would_be_there_and_books_it(grace_client, stocked):
    other, file = factories.variant(product=stocked.product, on_hand=0), factories.download()
    page = look(grace_client, "change_stock", stocked.product, file.product, units="12", reason="delivery 7")
    assert rows_of(page) == {
        stocked.sku: ("5", "17"),
        other.sku: ("0", "12"),
        file.sku: ("–", "Its stock is not counted."),
    }
    assert counts(stocked) == (5, 2), "looking books nothing"
    assert messages_of(grace_client, step(grace_client, page, "confirm")) == ["The stock of 2 variants was changed."]
    assert [counts(stocked), counts(other)] == [(17, 2), (12, 0)]
    movement = stocked.movements.first()
    assert (movement.kind, movement.delta, movement.reference, movement.by) == ("restock", 12, "delivery 7", "grace@shop.test")
    entry = LogEntry.objects.get(content_type__model="variant", object_id=str(stocked.pk))
    assert entry.get_change_message() == "Changed Stock: 5 → 17 (delivery 7)."


def test_it_takes_away_nothing_that_is_promised(grace_client, stocked):
    plenty, few = factories.variant(on_hand=9), factories.variant(on_hand=3)
    page = look(grace_client, "change_stock", stocked, plenty, few, units="-4", reason="water")
    assert rows_of(page) == {
        plenty.sku: ("9", "5"),
        stocked.sku: ("5", "2 are promised to orders."),
        few.sku: ("3", "There are not so many."),
    }
    step(grace_client, page, "confirm")
    assert [counts(plenty), counts(stocked), counts(few)] == [(5, 0), (5, 2), (3, 0)]
    assert plenty.movements.first().kind == "adjustment"


def test_it_names_those_of_which_units_were_promised_meanwhile(grace_client):
    one, two, gone = (factories.variant(on_hand=5) for _each in range(3))
    page = look(grace_client, "change_stock", one, two, gone, units="-4", reason="water")
    shelf.reserve(one.pk, 2)
    shelf.reserve(two.pk, 1)
    shelf.sell(two.pk, 1)
    gone.delete()
    told = messages_of(grace_client, step(grace_client, page, "confirm"))
    assert told == [
        "The stock of 1 variant was changed.",
        f"Left as it was: {one.sku} · {one}. 2 are promised to orders.",
        "Left as it was: one that is gone. Deleted meanwhile.",
    ]
    assert [counts(one), counts(two)] == [(5, 2), (0, 0)]


def test_it_books_a_page_once_however_often_it_is_sent(grace_client, stocked):
    page = look(grace_client, "change_stock", stocked, units="12")
    for _click in range(2):
        told = messages_of(grace_client, step(grace_client, page, "confirm"))
    assert told[-1] == "This was done already. Nothing was booked a second time."
    assert counts(stocked) == (17, 2)


def test_it_brings_back_what_was_missing(grace_client, stocked):
    adjust(stocked.pk, -4, by="grace@shop.test", oversell=True)
    step(grace_client, look(grace_client, "change_stock", stocked, units="3"), "confirm")
    stocked.refresh_from_db()
    assert (stocked.stock_on_hand, stocked.stock_reserved, stocked.stock_oversold) == (4, 2, 0)


@pytest.mark.same_on_both
@pytest.mark.parametrize(
    ("typed", "field", "why"),
    [
        ({"units": ""}, "units", "required"),
        ({"units": "0"}, "units", "Type how many come or go."),
        ({"units": "1.5"}, "units", "whole number"),
        ({"units": "1e9"}, "units", "whole number"),
        ({"units": "１２"}, "units", "whole number"),
        ({"units": "1000001"}, "units", "less than or equal to 1000000"),
        ({"units": "9" * 5000}, "units", "whole number"),
        ({"units": "-1"}, "reason", "Say why there are fewer."),
        ({"units": "1", "reason": "x" * 101}, "reason", "at most 100"),
        ({"units": "1", "reason": "\0"}, "reason", "Null characters"),
    ],
)
def test_it_says_beside_the_field_what_is_wrong(grace_client, stocked, typed, field, why):
    page = look(grace_client, "change_stock", stocked, **{"units": "1", "reason": "", **typed})
    assert page.status_code == 422
    assert list(page.context["form"].errors) == [field]
    assert why in page.context["form"].errors[field][0]


@pytest.mark.same_on_both
@pytest.mark.parametrize("told", ["", "short", "x" * 65, "ö" * 20])
def test_it_refuses_what_no_page_sends(grace_client, stocked, told):
    looked = look(grace_client, "change_stock", stocked, units="1")
    assert step(grace_client, looked, "confirm", page=told).status_code == 400
    assert counts(stocked) == (5, 2)


def test_it_counts_no_more_than_the_column_holds(stocked):
    Variant.objects.filter(pk=stocked.pk).update(stock_on_hand=MOST_ON_HAND - 1)
    assert adjust_all([stocked.pk], 2, by="grace", reference="") == {}
    assert adjust_all([stocked.pk], 1, by="grace", reference="") == {stocked.pk: MOST_ON_HAND}


def test_it_asks_for_something_to_change(grace_client):
    answer = choose(grace_client, "change_stock", factories.product())
    assert messages_of(grace_client, answer) == ["There is nothing to change: no variant is chosen."]


# -- All at once ------------------------------------------------------------------------------------------------------


def test_it_loses_no_unit_while_shoppers_buy_and_staff_count(race, grace):
    variants = [factories.variant(on_hand=6) for _each in range(3)]
    ids = [each.pk for each in variants]
    done = race(
        *[lambda way=way: adjust_all(ids[::way], 5, by="grace", reference="") for way in (1, -1)],
        *[lambda way=way: adjust_all(ids[::way], -4, by="grace", reference="") for way in (1, -1)],
        *[lambda pk=pk: shelf.reserve(pk, 2) for pk in ids * 2],
    )
    assert not [each for each in done if isinstance(each, Exception) and not isinstance(each, OutOfStock)]
    for variant in variants:
        booked = variant.movements.values_list("delta", "reserved_delta")
        assert counts(variant) == (sum(delta for delta, _held in booked), sum(held for _delta, held in booked))
        assert counts(variant)[0] >= counts(variant)[1]


def test_it_books_two_clicks_at_once_as_one(race, grace, stocked):
    clicks = race(*[lambda: change_stock([stocked.pk], 3, reason="", page=PAGE, by=grace)] * 4)
    assert sorted(type(each).__name__ for each in clicks) == ["Done", *["DoneBefore"] * 3]
    assert counts(stocked) == (8, 2)


def test_without_counting_pages_it_books_both(race, grace, stocked, monkeypatch):
    """The control."""
    monkeypatch.setattr(units, "ONCE", SimpleNamespace(count=lambda _page: None))
    clicks = race(*[lambda: change_stock([stocked.pk], 3, reason="", page=PAGE, by=grace)] * 2)
    assert [each.changed for each in clicks] == [1, 1]
    assert counts(stocked) == (11, 2)
