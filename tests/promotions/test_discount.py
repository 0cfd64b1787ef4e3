from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from money import Money
from money.currencies import currency
from promotions.discount import percent_of, spread
from promotions.models import Promotion

pytestmark = pytest.mark.same_on_both

CODES = ["EUR", "JPY", "UGX", "KWD", "HUF"]

PERCENTS = [
    ("EUR", 1905, 10, 191),  # 190.5
    ("EUR", 1904, 10, 190),
    ("EUR", 1, 50, 1),
    ("EUR", 1, 49, 0),
    ("EUR", 9900, 33, 3267),
    ("EUR", 99_999_999, 100, 99_999_999),
    ("JPY", 1299, 15, 195),  # 194.85
    ("JPY", 5, 10, 1),
    ("KWD", 12_990, 10, 1300),  # 1299: the last digit must be 0
    ("KWD", 12_990, 33, 4290),  # 4286.7
    ("KWD", 50, 10, 10),
    ("KWD", 40, 10, 0),
    ("UGX", 129_900, 10, 13_000),  # 12 990: there are no cents
    ("UGX", 129_900, 100, 129_900),
]


@pytest.mark.case("F71")
@pytest.mark.parametrize(("code", "minor", "percent", "off"), PERCENTS)
def test_it_takes_a_percentage_off_and_rounds_a_half_up_once(code, minor, percent, off):
    assert percent_of(Money(minor, code), percent) == Money(off, code)


@pytest.mark.parametrize(("amount", "goods", "off"), [(500, 4900, 500), (500, 500, 500), (500, 499, 499), (500, 0, 0)])
def test_it_takes_an_amount_off_and_never_more_than_the_goods_cost(amount, goods, off):
    assert Promotion(amount_minor=amount, currency="EUR").discount_on(Money(goods, "EUR")) == Money(off, "EUR")


SHARES = [
    (100, [4900], [100]),
    (100, [100, 100, 100], [34, 33, 33]),  # earlier lines first
    (1, [1, 1, 98], [0, 0, 1]),
    (191, [1000, 905], [100, 91]),
    (300, [100, 0, 200], [100, 0, 200]),
    (0, [100, 200], [0, 0]),
    (0, [0, 0], [0, 0]),
    (0, [], []),
]


@pytest.mark.parametrize(("discount", "amounts", "shares"), SHARES)
def test_it_gives_what_is_left_to_those_who_lost_most_by_rounding(discount, amounts, shares):
    assert spread(Money(discount, "EUR"), amounts) == shares


@st.composite
def carts(draw):
    """(discount, amounts of the lines), as a shop in that currency has them."""
    code = draw(st.sampled_from(CODES))
    step = currency(code).step
    amounts = [step * steps for steps in draw(st.lists(st.integers(0, 10**6), min_size=1, max_size=100))]
    percent = draw(st.integers(1, 100) | st.none())
    if percent:
        return percent_of(Money(sum(amounts), code), percent), amounts
    return Money(step * draw(st.integers(0, sum(amounts) // step)), code), amounts


@given(carts())
def test_it_adds_up_to_the_unit_and_no_line_costs_less_than_nothing(cart):
    discount, amounts = cart
    shares = spread(discount, amounts)
    assert sum(shares) == discount.minor <= sum(amounts)
    assert all(0 <= share <= amount for share, amount in zip(shares, amounts, strict=True))
    assert all(share % currency(discount.currency).step == 0 for share in shares)


@given(carts())
def test_it_is_never_a_whole_step_away_from_the_exact_share(cart):
    discount, amounts = cart
    step, whole = currency(discount.currency).step, sum(amounts)
    for share, amount in zip(spread(discount, amounts), amounts, strict=True):
        assert abs(share * whole - discount.minor * amount) < step * max(whole, 1)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20), st.integers(0, 100))
def test_it_adds_up_where_prices_are_no_multiples_of_what_the_currency_has(amounts, percent):
    """Left over from a time when the shop sold in another currency."""
    discount = percent_of(Money(sum(amounts), "KWD"), percent)
    shares = spread(discount, amounts)
    assert sum(shares) == discount.minor <= sum(amounts)
    assert all(0 <= share <= amount for share, amount in zip(shares, amounts, strict=True))
