"""A seed draws the same plan every time, and all of it can come."""

from __future__ import annotations

import pytest

from chaos.plan import ENDINGS, ERRANDS, PLACES, WAYS, Errand, Options, Plan, Trouble, Visit

pytestmark = pytest.mark.same_on_both


def drawn(plan: Plan, number: int) -> tuple[Visit, Trouble, Errand, str]:
    return plan.visit(number), plan.trouble(number), plan.errand(number), plan.weather(number)


def test_it_draws_the_same_plan_from_the_same_seed_in_whatever_order_it_is_asked():
    one, again = Plan(Options(seed=7, kills=20)), Plan(Options(seed=7, kills=20))
    asked = [drawn(one, number) for number in range(50)]
    backwards = [drawn(again, number) for number in reversed(range(50))]
    assert asked == backwards[::-1]
    assert one.kills() == again.kills()


def test_it_draws_another_plan_from_another_seed():
    visits = [[Plan(Options(seed=seed)).visit(number) for number in range(20)] for seed in (1, 2)]
    assert visits[0] != visits[1]


def test_it_spreads_the_kills_over_the_orders():
    kills = Plan(Options(orders=1000, kills=9)).kills()
    assert [kill.at for kill in kills] == sorted(kill.at for kill in kills)
    assert 0 < kills[0].at < 200
    assert 800 < kills[-1].at <= 1000


def test_everything_comes_in_a_long_run():
    plan = Plan(Options(orders=10_000, kills=1000))
    visits = [plan.visit(number) for number in range(2000)]
    assert {visit.ending for visit in visits} == set(ENDINGS)
    assert {visit.way for visit in visits} == set(WAYS)
    assert {plan.errand(number).what for number in range(500)} == set(ERRANDS)
    assert {kill.places for kill in plan.kills()} == {(), *PLACES}


def test_it_kills_at_the_named_places_only():
    kills = Plan(Options(kills=50, places="payments_webhookevent")).kills()
    assert all("payments_webhookevent" in kill.places[-1] for kill in kills)
