"""Taking and giving back uses, also raced for real on both databases; each race has a control that goes wrong unguarded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from promotions import uses
from promotions.models import Promotion, Use
from promotions.uses import NotAvailable, release, take
from tests import factories

pytestmark = pytest.mark.django_db

LEFT, SHOPPERS = 3, 12


def taker(promotion: Promotion, number: str, user=None) -> Callable[[], bool]:
    """An order placed with the code, as far as the code is concerned."""

    @transaction.atomic
    def place() -> bool:
        take(promotion, order_number=number, user=user)
        return True

    return place


def counted(promotion: Promotion) -> tuple[int, int]:
    """(the counter, uses that were not released): always the same."""
    promotion.refresh_from_db()
    return promotion.uses, Use.objects.filter(promotion=promotion, released_at=None).count()


# -- One at a time ----------------------------------------------------------------------------------------------------


def test_it_counts_a_use_and_gives_it_back_once():
    promotion = factories.promotion(most_uses=1)
    take(promotion, order_number="A", user=None)
    assert counted(promotion) == (1, 1)
    assert (release("A"), release("A"), release("B")) == (True, False, False)
    assert counted(promotion) == (0, 0)
    take(promotion, order_number="B", user=None)
    assert counted(promotion) == (1, 1)


CHANGES = {
    "used up": {"most_uses": 0},
    "switched off": {"is_active": False},
    "ended": {"ends_at": timezone.now() - timedelta(seconds=1)},
    "not begun": {"starts_at": timezone.now() + timedelta(days=1)},
    "another percentage": {"percent": 20},
    "an amount": {"percent": None, "amount_minor": 10},
    "another currency": {"currency": "USD"},
    "another minimum": {"minimum_minor": 1},
    "another name": {"code": "SUMMER"},
    "for each customer once": {"most_uses_per_customer": 1},
}


@pytest.mark.parametrize("fields", CHANGES.values(), ids=CHANGES.keys())
def test_it_takes_nothing_if_the_code_is_not_what_was_shown(fields):
    shown = factories.promotion()
    Promotion.objects.update(**fields)
    with pytest.raises(NotAvailable):
        take(shown, order_number="A", user=None)
    assert not Use.objects.exists()


def test_it_holds_for_each_customer_by_itself(ada, mallory):
    promotion = factories.promotion(most_uses_per_customer=2)
    for number, user in (("A1", ada), ("A2", ada), ("M1", mallory)):
        taker(promotion, number, user)()
    for user in (ada, None):
        with pytest.raises(NotAvailable):
            taker(promotion, "X", user)()
    assert counted(promotion) == (3, 3)
    release("A1")
    taker(promotion, "A3", ada)()
    assert counted(promotion) == (3, 3)


# -- Races ------------------------------------------------------------------------------------------------------------


@pytest.mark.case("F61", "A18")
def test_it_gives_the_last_uses_to_as_many_as_there_are(race):
    promotion = factories.promotion(most_uses=LEFT)
    outcomes = race(*(taker(promotion, f"N{each}") for each in range(SHOPPERS)))
    assert outcomes.count(True) == LEFT
    assert sum(isinstance(outcome, NotAvailable) for outcome in outcomes) == SHOPPERS - LEFT
    assert counted(promotion) == (LEFT, LEFT)


def test_it_would_give_them_to_all_by_reading_first(race):
    """The control: read how many are left, then take one."""
    promotion, all_have_read = factories.promotion(most_uses=LEFT), Barrier(SHOPPERS)

    def read_then_take(number: int) -> bool:
        seen = Promotion.objects.get(pk=promotion.pk)
        all_have_read.wait(20)
        if seen.uses >= LEFT:
            return False
        Promotion.objects.filter(pk=promotion.pk).update(uses=seen.uses + 1)
        Use.objects.create(promotion=promotion, order_number=f"N{number}")
        return True

    assert race(*(lambda number=number: read_then_take(number) for number in range(SHOPPERS))) == [True] * SHOPPERS
    assert counted(promotion) == (1, SHOPPERS)


@pytest.mark.case("F61", "A18")
def test_it_gives_one_customer_no_more_than_their_own(race, ada, mallory):
    promotion = factories.promotion(most_uses_per_customer=1)
    outcomes = race(*(taker(promotion, f"{user.pk}-{each}", user) for each in range(5) for user in (ada, mallory)))
    assert outcomes.count(True) == 2
    assert sum(isinstance(outcome, NotAvailable) for outcome in outcomes) == 8
    assert {use.user for use in Use.objects.all()} == {ada, mallory}
    assert counted(promotion) == (2, 2)


def test_it_would_give_them_more_by_counting_before_the_row_is_locked(race, ada):
    """The control: count the customer's uses first, then count up."""
    promotion, both_have_counted = factories.promotion(most_uses_per_customer=1), Barrier(2)

    def count_then_take(number: str) -> bool:
        used_up = uses.used_up_by(ada, promotion)
        both_have_counted.wait(10)
        if used_up:
            return False
        with transaction.atomic():
            Promotion.objects.filter(pk=promotion.pk).update(uses=F("uses") + 1)
            Use.objects.create(promotion=promotion, order_number=number, user=ada)
        return True

    assert race(lambda: count_then_take("A"), lambda: count_then_take("B")) == [True, True]
    assert Use.objects.filter(user=ada).count() == 2


@pytest.mark.case("F61")
def test_it_gives_a_use_back_once_however_many_ask(race):
    promotion = factories.promotion()
    for number in ("MINE", "THEIRS"):
        take(promotion, order_number=number, user=None)
    outcomes = race(*[transaction.atomic(lambda: release("MINE"))] * 6)
    assert sorted(outcomes) == [False] * 5 + [True]
    assert counted(promotion) == (1, 1)


def test_it_would_give_it_back_twice_by_looking_first(race):
    """The control: look whether it is held, then give it back."""
    promotion, both_have_looked = factories.promotion(), Barrier(2)
    for number in ("MINE", "THEIRS"):
        take(promotion, order_number=number, user=None)

    def look_then_release() -> bool:
        held = Use.objects.filter(order_number="MINE", released_at=None).first()
        both_have_looked.wait(10)
        Use.objects.filter(pk=held.pk).update(released_at=timezone.now())
        return bool(Promotion.objects.filter(pk=promotion.pk).update(uses=F("uses") - 1))

    assert race(look_then_release, look_then_release) == [True, True]
    assert counted(promotion) == (0, 1)
