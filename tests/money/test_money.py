from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from django.utils import translation
from hypothesis import assume, given
from hypothesis import strategies as st

from money import CurrencyMismatch, Money
from money.currencies import THREE_DECIMAL, WHOLE_UNITS_OF_TWO_DECIMALS, ZERO_DECIMAL, currency
from money.money import add_up

CODES = sorted({"EUR", "USD", "GBP", "HUF", "CHF", *ZERO_DECIMAL, *THREE_DECIMAL, *WHOLE_UNITS_OF_TWO_DECIMALS})
codes = st.sampled_from(CODES)
minors = st.integers(-(10**12), 10**12)


@st.composite
def amounts(draw, code: str = "") -> Money:
    """Amounts that Stripe could charge: multiples of the currency's step."""
    code = code or draw(codes)
    return Money(draw(st.integers(-(10**9), 10**9)) * currency(code).step, code)


# -- What it takes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minor", [1.0, 12.5, float("nan"), "12", Decimal("12"), None, True, [1]], ids=repr)
def test_it_is_made_of_whole_minor_units_only(minor):
    with pytest.raises(TypeError):
        Money(minor, "EUR")


def test_it_refuses_an_unknown_kind_of_code():
    with pytest.raises(ValueError, match="Not a currency code"):
        Money(1, "eur")


def test_it_never_changes():
    with pytest.raises(AttributeError):
        Money(1, "EUR").minor = 2


# -- Text in ----------------------------------------------------------------------------------------------------------

READ = [
    ("12.50", "EUR", 1250), ("1250", "EUR", 125_000), ("12.5", "EUR", 1250), ("0", "EUR", 0), ("-3.20", "EUR", -320),
    (" 7 ", "EUR", 700), ("12.500", "EUR", 1250), ("007", "EUR", 700), ("1250", "JPY", 1250), ("1250.0", "JPY", 1250),
    ("1250", "UGX", 125_000), ("5", "ISK", 500), ("1.230", "KWD", 1230), ("0.01", "KWD", 10), ("99.90", "HUF", 9990),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "minor"), READ)
def test_it_reads_what_a_person_typed(text, code, minor):
    assert Money.parse(text, code) == Money(minor, code)


NOT_AMOUNTS = [
    "", " ", ".", "-", "1,50", "1.", ".5", "+1", "--1", "1e3", "1E3", "0x10", "NaN", "Infinity", "-inf", "1_000", "1 000",
    "１２", "٣", "12.5.0", "€5", "5 EUR", "1\x00", "1\n2", "9" * 13, "1." + "0" * 10_000,
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_AMOUNTS, ids=lambda text: ascii(text[:14]))
def test_it_refuses_text_that_is_not_an_amount(text):
    with pytest.raises(ValueError, match="Not an amount"):
        Money.parse(text, "EUR")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.005", "EUR"), ("0.5", "JPY"), ("12.5", "UGX"), ("0.01", "ISK"), ("1.2345", "KWD"), ("1.234", "KWD"),
        ("1.0000000001", "EUR"),
    ],
)  # fmt: skip
def test_it_refuses_more_decimals_than_can_be_charged(text, code):
    with pytest.raises(ValueError, match=f"{code} has no such small amounts"):
        Money.parse(text, code)


@pytest.mark.parametrize("zeros", range(8, 60, 3))
def test_it_never_rounds_what_was_typed(zeros):
    with pytest.raises(ValueError, match="amount"):
        Money.parse(f"1.{'0' * zeros}1", "EUR")


@given(amounts())
def test_it_reads_back_its_own_decimal(amount):
    assert Money.parse(str(amount.decimal), amount.currency) == amount


@given(amounts())
def test_it_gives_an_exact_decimal(amount):
    assert amount.decimal * 10 ** currency(amount.currency).exponent == amount.minor


@given(st.text(max_size=30) | st.from_regex(r"-?[0-9]{1,14}(\.[0-9]{0,40})?", fullmatch=True), codes)
def test_it_reads_a_text_exactly_or_not_at_all(text, code):
    try:
        amount = Money.parse(text, code)
    except ValueError:
        return
    assert Fraction(text.strip()) * 10 ** currency(code).exponent == amount.minor


# -- Sums -------------------------------------------------------------------------------------------------------------


@given(codes, minors, minors)
def test_it_adds_and_subtracts_minor_units(code, one, other):
    assert Money(one, code) + Money(other, code) == Money(one + other, code)
    assert Money(one, code) - Money(other, code) == Money(one - other, code)


@given(codes, st.lists(minors))
def test_it_adds_up_in_any_order(code, all_of_them):
    together = [Money(minor, code) for minor in all_of_them]
    assert add_up(together, code) == add_up(reversed(together), code) == Money(sum(all_of_them), code)


def test_it_adds_up_nothing_to_zero():
    assert add_up([], "JPY") == Money(0, "JPY")


@given(amounts(), st.integers(-99, 99))
def test_it_multiplies_by_a_quantity_as_by_adding(amount, quantity):
    assert amount * quantity == quantity * amount == Money(amount.minor * quantity, amount.currency)


@pytest.mark.parametrize("factor", [1.5, 1.0, "2", Decimal(2), None, Money(2, "EUR")], ids=repr)
def test_it_multiplies_by_whole_numbers_only(factor):
    with pytest.raises(TypeError):
        Money(100, "EUR") * factor
    with pytest.raises(TypeError):
        factor * Money(100, "EUR")


@pytest.mark.parametrize("other", [1, 0, 1.5, "1", Decimal(1), None], ids=repr)
def test_it_adds_and_compares_money_only(other):
    one = Money(100, "EUR")
    for wrong in (lambda: one + other, lambda: one - other, lambda: one < other, lambda: one <= other, lambda: other + one):
        with pytest.raises(TypeError):
            wrong()


# -- Currencies -------------------------------------------------------------------------------------------------------


@given(codes, codes, minors, minors)
def test_it_never_mixes_currencies(mine, theirs, one, other):
    assume(mine != theirs)
    a, b = Money(one, mine), Money(other, theirs)
    assert a != b
    for mixed in (lambda: a + b, lambda: a - b, lambda: a < b, lambda: a <= b, lambda: a > b, lambda: a >= b):
        with pytest.raises(CurrencyMismatch):
            mixed()
    with pytest.raises(CurrencyMismatch):
        add_up([a, b], mine)


@given(codes, minors, minors)
def test_it_compares_as_its_minor_units(code, one, other):
    a, b = Money(one, code), Money(other, code)
    assert (a < b, a <= b, a > b, a >= b, a == b) == (one < other, one <= other, one > other, one >= other, one == other)


def test_it_is_true_unless_zero():
    assert Money(1, "EUR")
    assert Money(-1, "EUR")
    assert not Money(0, "EUR")


# -- Text out ---------------------------------------------------------------------------------------------------------

SHOWN = [
    (1250, "EUR", "€12.50"), (125_000, "EUR", "€1,250.00"), (0, "EUR", "€0.00"), (5, "EUR", "€0.05"), (-320, "EUR", "−€3.20"),
    (1250, "JPY", "¥1,250"), (125_000, "UGX", "UGX 1,250"), (500, "ISK", "ISK 5"), (1230, "KWD", "KWD 1.230"),
    (17_500, "HUF", "HUF 175.00"), (99_999_999, "USD", "$999,999.99"),
]  # fmt: skip


@pytest.mark.parametrize(("minor", "code", "text"), SHOWN)
def test_it_is_shown_as_people_write_it(minor, code, text):
    assert str(Money(minor, code)) == text


def test_it_is_shown_with_the_separators_of_the_language():
    with translation.override("de"):
        assert str(Money(123_456_789, "EUR")) == "€1.234.567,89"


@given(amounts())
def test_it_shows_every_digit_that_is_charged(amount):
    about = currency(amount.currency)
    digits = "".join(letter for letter in str(amount) if letter.isdigit()).lstrip("0")
    assert digits == str(abs(amount.minor) // 10 ** (about.exponent - about.decimals)).lstrip("0")
