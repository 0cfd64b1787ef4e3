from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from money import Money
from promotions.models import Promotion, Use
from promotions.rules import why_not
from promotions.uses import take
from tests import factories, people

pytestmark = pytest.mark.django_db

GOODS = Money(4900, "EUR")


def yesterday():
    return timezone.now() - timedelta(days=1)


def tomorrow():
    return timezone.now() + timedelta(days=1)


# -- Finding ----------------------------------------------------------------------------------------------------------


@pytest.mark.case("A18")
@pytest.mark.parametrize("typed", ["SPRING", " spring ", "ＳＰＲＩＮＧ"])
def test_it_finds_a_code_however_it_is_typed(typed):
    made = factories.promotion(code="Spring")
    assert Promotion.objects.find(typed) == made
    assert made.code == "SPRING"


@pytest.mark.parametrize(
    "fields",
    [{"is_active": False}, {"starts_at": tomorrow()}, {"currency": "USD"}, {"code": "SUMMER"}],
    ids=lambda fields: next(iter(fields)),
)
def test_it_knows_nothing_of_a_code_that_is_not_there_yet_or_switched_off(fields):
    factories.promotion(**fields)
    assert Promotion.objects.find("SPRING") is None


def test_it_finds_nothing_for_what_no_code_can_be():
    factories.promotion()
    assert [Promotion.objects.find(typed) for typed in ("", "\x00", "ЅРRІNG", "S" * 1000)] == [None] * 4


# -- Why not ----------------------------------------------------------------------------------------------------------

REASONS = {
    "ended": ({"ends_at": yesterday()}, "The code “SPRING” has ended."),
    "used up": ({"most_uses": 3, "uses": 3}, "The code “SPRING” is used up."),
    "no account": (
        {"most_uses_per_customer": 1},
        "The code “SPRING” is for customers with an account: please log in first.",
    ),
    "too little": ({"minimum_minor": 6000}, "The code “SPRING” is for goods of €60.00 or more: €11.00 is missing."),
}


@pytest.mark.parametrize(("fields", "sentence"), REASONS.values(), ids=REASONS.keys())
def test_it_says_why_a_code_cannot_be_used(fields, sentence):
    assert why_not(factories.promotion(**fields), goods=GOODS, user=None) == sentence


FINE = {
    "no limits": {},
    "between its dates": {"starts_at": yesterday(), "ends_at": tomorrow()},
    "one use left": {"most_uses": 3, "uses": 2},
    "just enough": {"minimum_minor": 4900},
}


@pytest.mark.parametrize("fields", FINE.values(), ids=FINE.keys())
def test_it_has_nothing_against_a_code_that_can_be_used(fields):
    assert why_not(factories.promotion(**fields), goods=GOODS, user=None) == ""


def test_it_says_that_a_small_percentage_of_little_is_nothing():
    assert "takes nothing off" in why_not(factories.promotion(percent=1), goods=Money(49, "EUR"), user=None)


def test_it_counts_the_uses_of_each_customer(ada, mallory):
    promotion = factories.promotion(most_uses_per_customer=1)
    take(promotion, order_number="A", user=ada)
    assert "as often as one customer may" in why_not(promotion, goods=GOODS, user=ada)
    assert why_not(promotion, goods=GOODS, user=mallory) == ""


def test_it_does_not_count_what_the_shoppers_own_open_order_holds(ada):
    promotion = factories.promotion(most_uses=1, most_uses_per_customer=1)
    take(promotion, order_number="MINE", user=ada)
    promotion.refresh_from_db()
    assert why_not(promotion, goods=GOODS, user=ada, own_order="MINE") == ""
    assert "used up" in why_not(promotion, goods=GOODS, user=people.mallory(), own_order="ANOTHER")


def test_it_loads_a_code_for_the_demo_once(capsys):
    for said in ("added", "was there"):
        call_command("load_demo_codes")
        assert f"Promotion code WELCOME10 {said}" in capsys.readouterr().out
        Promotion.objects.update(percent=20)  # what the merchant changed stays
    assert (Promotion.objects.get().percent, Promotion.objects.find("welcome10")) == (20, Promotion.objects.get())


# -- What the database refuses ----------------------------------------------------------------------------------------

NONSENSE = [
    {"percent": 0},
    {"percent": 101},
    {"percent": 10, "amount_minor": 100},
    {"amount_minor": 0},
    {"uses": 2, "most_uses": 1},
    {"starts_at": tomorrow(), "ends_at": yesterday()},
]


@pytest.mark.parametrize("fields", NONSENSE, ids=lambda fields: "-".join(fields))
def test_it_is_no_promotion(fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.promotion(**fields)


def test_it_is_one_code_however_it_is_spelled():
    factories.promotion(code="SPRING")
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.promotion(code=" spring")


def test_it_never_writes_back_an_old_count_of_uses():
    read_before = factories.promotion()
    take(read_before, order_number="A", user=None)
    read_before.note = "For the mail in March"
    read_before.save()
    assert Promotion.objects.values_list("uses", "note").get() == (1, "For the mail in March")


def test_it_cannot_be_deleted_once_it_was_used():
    promotion = factories.promotion()
    take(promotion, order_number="A", user=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        promotion.delete()
    assert Use.objects.count() == 1
