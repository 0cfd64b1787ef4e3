"""Prices of many changed at once: looked at first, then changed where they are still what was shown."""

from __future__ import annotations

from threading import Barrier
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import transaction

from catalog.bulk import prices as bulk_prices
from catalog.bulk.prices import Before, How, NotPriced, Prices, Rule, by_percent, change_prices, new_prices
from catalog.index_models import Listing
from catalog.models import MAX_PRICE_MINOR, Product, Variant
from tests import factories
from tests.catalog.bulk_pages import choose, look, messages_of, rows_of, step
from tests.catalog.waiting import somebody_waits_for_us
from tests.sandbox_process import wait_for

PLUS_TEN = {"how": "percent", "percent": "10", "before": "keep"}


def prices(variant: Variant) -> tuple[int, int | None]:
    return Variant.objects.values_list("price_minor", "compare_at_minor").get(pk=variant.pk)


def history(thing) -> list[str]:
    entries = LogEntry.objects.filter(content_type__model=thing._meta.model_name, object_id=str(thing.pk))
    return [entry.get_change_message() for entry in entries]


# -- The rule ---------------------------------------------------------------------------------------------------------


@pytest.mark.same_on_both
@pytest.mark.parametrize(
    ("minor", "hundredths", "step", "new"),
    [
        (4900, 1000, 1, 5390),
        (5, 1000, 1, 6),  # 5.5
        (15, 1000, 1, 17),  # 16.5, which banks round to 16
        (1, 4999, 1, 1),  # 1.4999
        (1, 5000, 1, 2),
        (999, -10000, 1, 0),
        (1, -5000, 1, 1),
        (99_999_999, 1, 1, 100_009_999),
        (12340, 500, 10, 12960),  # 12957 in a currency of tens
        (12300, 1000, 100, 13500),  # 13530
        (0, 100_000, 1, 0),
    ],
)
def test_it_rounds_half_up_to_what_the_currency_has(minor, hundredths, step, new):
    assert by_percent(minor, hundredths, step=step) == new


@pytest.mark.same_on_both
@pytest.mark.parametrize(
    ("old", "rule", "new"),
    [
        ((4900, None), Rule(How.AMOUNT, amount=-900), (4000, None)),
        ((4900, None), Rule(How.SET, amount=0), (0, None)),
        ((4900, 6000), Rule(How.SET, amount=5500), (5500, 6000)),
        ((4900, 6000), Rule(How.SET, amount=6000), (6000, None)),  # nothing is crossed out that is not higher
        ((4900, None), Rule(How.PERCENT, -1000, before=Before.OLD), (4410, 4900)),
        ((4410, 4900), Rule(How.PERCENT, -1000, before=Before.OLD), (3969, 4900)),  # what the sale began with
        ((4900, None), Rule(How.PERCENT, 1000, before=Before.OLD), (5390, None)),  # no sale
        ((4900, 6000), Rule(How.PERCENT, 0, before=Before.NONE), (4900, None)),
        ((4900, 6000), Rule(How.BACK, before=Before.OLD), (6000, None)),
    ],
)
def test_it_says_what_becomes_of_the_price_before(old, rule, new):
    assert new_prices(Prices(*old), rule) == new


@pytest.mark.same_on_both
@pytest.mark.parametrize(
    ("old", "rule"),
    [
        ((4900, None), Rule(How.AMOUNT, amount=-4901)),
        ((MAX_PRICE_MINOR, None), Rule(How.AMOUNT, amount=1)),
        ((MAX_PRICE_MINOR, None), Rule(How.PERCENT, 1)),
        ((4900, None), Rule(How.BACK)),
        ((4900, 4900), Rule(How.BACK)),
    ],
)
def test_it_makes_no_price_that_nothing_may_have(old, rule):
    with pytest.raises(NotPriced):
        new_prices(Prices(*old), rule)


# -- The pages --------------------------------------------------------------------------------------------------------


def test_it_shows_old_and_new_and_who_is_refused_then_does_it(grace_client):
    product = factories.product(title="Murmuration")
    small, large = (factories.variant(product=product, price_minor=price) for price in (1905, 99_999_000))
    factories.variant(product=product, sku="OLD-YEN", currency="JPY", price_minor=700)
    page = look(grace_client, "change_prices", product, **PLUS_TEN)
    told = rows_of(page)
    assert told[small.sku] == ("€19.05", "€20.96")
    assert told[large.sku] == ("€999,990.00", "At most €999,999.99.")
    assert told["OLD-YEN"][1].startswith("It is not priced in the shop's currency")
    assert prices(small) == (1905, None), "looking changes nothing"
    assert messages_of(grace_client, step(grace_client, page, "confirm")) == ["1 price was changed."]
    assert [prices(small), prices(large)] == [(2096, None), (99_999_000, None)]
    assert history(small) == ["Changed Price: €19.05 → €20.96."]
    assert history(product) == [f"Changed Price: €19.05 → €20.96 for variant “{small.sku}”."]
    assert Listing.objects.get(pk=product.pk).price_minor == 2096
    assert history(large) == []


def test_it_says_in_sitemaps_that_the_product_changed(grace_client):
    variant = factories.variant()
    before = Product.objects.get().updated_at
    step(grace_client, look(grace_client, "change_prices", variant, **PLUS_TEN), "confirm")
    assert Product.objects.get().updated_at > before


@pytest.mark.same_on_both
def test_it_goes_back_to_what_was_typed(grace_client):
    variant = factories.variant(price_minor=4900)
    again = step(grace_client, look(grace_client, "change_prices", variant, **PLUS_TEN), "ask")
    assert 'value="10"' in again.content.decode()
    page = step(grace_client, again, "look", percent="-50")
    assert rows_of(page) == {variant.sku: ("€49.00", "€24.50")}


@pytest.mark.same_on_both
def test_it_returns_to_the_list_as_it_was_filtered(grace_client):
    variant = factories.variant()
    asked = choose(grace_client, "change_prices", variant, query="?is_active__exact=1")
    answer = step(grace_client, step(grace_client, asked, "look", **PLUS_TEN), "confirm")
    assert answer["Location"] == "/admin/catalog/variant/?is_active__exact=1"


@pytest.mark.same_on_both
@pytest.mark.parametrize(
    ("typed", "field", "why"),
    [
        ({"percent": "12,5"}, "percent", "Type a percentage such as"),
        ({"percent": "１０"}, "percent", "Type a percentage such as"),
        ({"percent": "1e9"}, "percent", "Type a percentage such as"),
        ({"percent": "NaN"}, "percent", "Type a percentage such as"),
        ({"percent": "0.125"}, "percent", "Type a percentage such as"),
        ({"percent": "-100.01"}, "percent", "From -100 to 1000 percent."),
        ({"percent": "999999"}, "percent", "From -100 to 1000 percent."),
        ({"percent": "9" * 10_000}, "percent", "Type a percentage such as"),
        ({"percent": ""}, "percent", "Type the percentage."),
        ({"percent": "%"}, "percent", "Type the percentage."),
        ({"how": "amount"}, "amount", "Type the amount."),
        ({"how": "amount", "amount": "1e9"}, "amount", "Type an amount such as"),
        ({"how": "set", "amount": "-1"}, "amount", "not less than nothing"),
        ({"how": "set", "amount": "1000000"}, "amount", "At most €999,999.99."),
        ({"how": "double"}, "how", "not one of the available choices"),
        ({"before": "x"}, "before", "not one of the available choices"),
    ],
)
def test_it_says_beside_the_field_what_is_wrong(grace_client, typed, field, why):
    variant = factories.variant()
    page = look(grace_client, "change_prices", variant, **{**PLUS_TEN, **typed})
    assert page.status_code == 422
    assert list(page.context["form"].errors) == [field]
    assert why in page.context["form"].errors[field][0]
    assert 'aria-invalid="true"' in page.content.decode()


@pytest.mark.same_on_both
@pytest.mark.parametrize(
    "sent",
    [
        {"chosen": "1;2"},
        {"chosen": "１"},
        {"chosen": ""},
        {"chosen": "9" * 19},
        {"chosen": ",".join(["1"] * 5001)},
        {"shown": "x"},
        {"shown": "1"},
        {"shown": "1::"},
        {"shown": "1:1:1:1"},
        {"step": "do"},
        {"step": None},
    ],
)
def test_it_refuses_what_no_page_sends(grace_client, sent):
    page = look(grace_client, "change_prices", factories.variant(), **PLUS_TEN)
    form = {**PLUS_TEN, "chosen": "1", "shown": "1:4900:", "step": "confirm", **sent}
    answer = grace_client.post(page.context["address"], {name: text for name, text in form.items() if text is not None})
    assert answer.status_code == 400
    assert "cannot be read" in answer.content.decode()
    assert not LogEntry.objects.exists()


def test_it_leaves_ids_alone_that_are_none(grace_client):
    variant = factories.variant()
    page = look(grace_client, "change_prices", variant, **PLUS_TEN)
    answer = step(grace_client, page, "confirm", shown="999999:4900:")
    assert messages_of(grace_client, answer) == ["Left as it was: one that is gone. Deleted meanwhile."]
    assert prices(variant) == (4900, None)


# -- Meanwhile --------------------------------------------------------------------------------------------------------


def test_it_changes_no_price_that_is_not_what_was_shown(grace_client):
    moved, kept, gone = (factories.variant(price_minor=1000) for _each in range(3))
    page = look(grace_client, "change_prices", moved, kept, gone, **PLUS_TEN)
    Variant.objects.filter(pk=moved.pk).update(price_minor=1200)
    gone.delete()
    told = messages_of(grace_client, step(grace_client, page, "confirm"))
    assert told[0] == "1 price was changed."
    assert sorted(told[1:]) == [
        f"Left as it was: {moved.sku} · {moved}. Priced by somebody else since you looked.",
        "Left as it was: one that is gone. Deleted meanwhile.",
    ]
    assert [prices(moved), prices(kept)] == [(1200, None), (1100, None)]


def test_it_raises_prices_once_when_confirmed_twice(grace_client):
    variant = factories.variant(price_minor=1000)
    page = look(grace_client, "change_prices", variant, **PLUS_TEN)
    step(grace_client, page, "confirm")
    assert messages_of(grace_client, step(grace_client, page, "confirm"))[-1] == "As wished already: 1."
    assert prices(variant) == (1100, None)
    assert len(history(variant)) == 1


def test_it_takes_one_of_two_rules_at_once(race, grace):
    variants = [factories.variant(price_minor=1000) for _each in range(5)]
    shown = {each.pk: Prices(1000, None) for each in variants}
    backwards = dict(reversed(shown.items()))
    done = race(
        *[
            lambda order=order, amount=amount: change_prices(order, Rule(How.SET, amount=amount), by=grace)
            for amount, order in ((1100, shown), (900, backwards), (1300, shown), (700, backwards))
        ]
    )
    assert sorted(each.changed for each in done) == [0, 0, 0, 5]
    winner = (1100, 900, 1300, 700)[next(place for place, each in enumerate(done) if each.changed)]
    assert {prices(each) for each in variants} == {(winner, None)}
    assert [len(history(each)) for each in variants] == [1] * 5


@pytest.mark.only_on("postgres")
def test_it_waits_for_a_colleague_and_then_compares(race, grace):
    """The second has asked for the lock before the first has committed: what it compares must be read after that."""
    variant = factories.variant(price_minor=1000)
    shown, first_wrote = {variant.pk: Prices(1000, None)}, Barrier(2)

    def first() -> int:
        with transaction.atomic():
            done = change_prices(shown, Rule(How.SET, amount=1100), by=grace)
            first_wrote.wait(20)
            wait_for(somebody_waits_for_us, seconds=20)
        return done.changed

    def second() -> list[str]:
        first_wrote.wait(20)
        return list(change_prices(shown, Rule(How.SET, amount=900), by=grace).left)

    assert race(first, second) == [1, ["Priced by somebody else since you looked"]]
    assert prices(variant) == (1100, None)


def test_without_its_lock_it_takes_both(race, grace, monkeypatch):
    """The control: the same without a transaction and a lock. Both have read 1000 before either writes."""
    variant = factories.variant(price_minor=1000)
    both_read = Barrier(2)

    def read_unlocked(ids: Any) -> dict[int, Variant]:
        found = {each.pk: each for each in Variant.objects.filter(pk__in=list(ids)).select_related("product")}
        both_read.wait(30)
        return found

    monkeypatch.setattr(bulk_prices, "locked_variants", read_unlocked)
    unguarded, shown = change_prices.__wrapped__, {variant.pk: Prices(1000, None)}
    done = race(*[lambda amount=amount: unguarded(shown, Rule(How.SET, amount=amount), by=grace) for amount in (1100, 900)])
    assert [each.changed for each in done] == [1, 1]


def test_it_asks_the_database_as_often_for_many_as_for_few(grace, django_assert_max_num_queries):
    few, many = ([factories.variant(price_minor=1000) for _each in range(count)] for count in (2, 12))

    def change(variants: list[Variant]) -> int:
        return change_prices({each.pk: Prices(1000, None) for each in variants}, Rule(How.PERCENT, 1000), by=grace).changed

    change(few[:1])  # content types are remembered
    with django_assert_max_num_queries(40) as asked:
        change(few[1:])
    with django_assert_max_num_queries(len(asked)):
        assert change(many) == 12
