from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from money.currencies import currency
from money.forms import MoneyField


@pytest.mark.parametrize(
    ("code", "typed", "minor"), [("EUR", "12.50", 1250), ("EUR", " 7 ", 700), ("JPY", "1250", 1250), ("KWD", "1.250", 1250)]
)
def test_it_reads_whole_units(code, typed, minor):
    assert MoneyField(currency=code).clean(typed) == minor


@pytest.mark.parametrize(
    ("code", "typed", "why"),
    [
        ("EUR", "12,50", "Type an amount such as 12.50"),
        ("EUR", "1.234", "EUR has no such small amounts"),
        ("JPY", "12.5", "JPY has no such small amounts. Type one such as 1250."),
        ("KWD", "1.255", "KWD has no such small amounts"),
        ("EUR", "-0.01", "At least €0.00."),
        ("EUR", "10.01", "At most €10.00."),
        ("EUR", "9" * 40, "Type an amount"),
        ("EUR", "٣", "Type an amount"),
        ("EUR", "", "required"),
    ],
)
def test_it_says_what_is_wrong(code, typed, why):
    with pytest.raises(ValidationError) as error:
        MoneyField(currency=code, maximum=1000).clean(typed)
    assert why in error.value.messages[0]


def test_it_leaves_an_optional_amount_out():
    assert MoneyField(currency="EUR", required=False).clean("") is None


@given(code=st.sampled_from(["EUR", "JPY", "KWD", "ISK"]), amount=st.integers(0, 10**8))
def test_it_reads_back_what_it_shows(code, amount):
    minor = amount * currency(code).step
    field = MoneyField(currency=code)
    assert field.clean(field.prepare_value(minor)) == minor
    assert not field.has_changed(minor, field.prepare_value(minor))
    assert field.has_changed(minor + currency(code).step, field.prepare_value(minor))
