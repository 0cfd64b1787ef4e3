from __future__ import annotations

import pytest

from money.currencies import MINIMUM_CHARGE, SYMBOLS, THREE_DECIMAL, WHOLE_UNITS_OF_TWO_DECIMALS, ZERO_DECIMAL, currency

# What docs.stripe.com/currencies says, written out: (exponent, step, decimals shown).
AS_STRIPE_CHARGES = {
    "EUR": (2, 1, 2),
    "USD": (2, 1, 2),
    "HUF": (2, 1, 2),  # charged with two decimals; only payouts are whole
    "TWD": (2, 1, 2),  # the same
    "JPY": (0, 1, 0),
    "KRW": (0, 1, 0),
    "VND": (0, 1, 0),
    "XPF": (0, 1, 0),
    "MGA": (0, 1, 0),  # ISO 4217 says two
    "UGX": (2, 100, 0),  # ISO 4217 says none
    "ISK": (2, 100, 0),  # ISO 4217 says none
    "KWD": (3, 10, 3),
    "BHD": (3, 10, 3),
    "TND": (3, 10, 3),
}


@pytest.mark.parametrize("code", AS_STRIPE_CHARGES)
def test_it_counts_as_stripe_charges(code):
    about = currency(code)
    assert (about.exponent, about.step, about.decimals) == AS_STRIPE_CHARGES[code]


@pytest.mark.parametrize("code", ["", "eur", "Eur", "EU", "EURO", "E1R", "€€€", "ＥＵＲ", "EUR ", "E\x00R"])
def test_it_refuses_what_is_not_a_code_of_three_upper_case_letters(code):
    with pytest.raises(ValueError, match="Not a currency code"):
        currency(code)


def test_it_puts_each_currency_in_one_group_only():
    groups = [ZERO_DECIMAL, THREE_DECIMAL, WHOLE_UNITS_OF_TWO_DECIMALS]
    assert len(frozenset.union(*groups)) == sum(map(len, groups))


@pytest.mark.parametrize("code", sorted(MINIMUM_CHARGE))
def test_it_asks_for_a_smallest_charge_that_can_be_charged(code):
    about = currency(code)
    assert about.minimum == MINIMUM_CHARGE[code]
    assert about.minimum > 0
    assert about.minimum % about.step == 0


def test_it_has_a_sign_of_its_own_for_each_currency_and_the_code_where_there_is_none():
    assert len(set(SYMBOLS.values())) == len(SYMBOLS)
    assert currency("EUR").symbol == "€"
    assert currency("CHF").symbol == "CHF "


def test_it_assumes_no_minimum_where_none_is_published():
    assert currency("KWD").minimum == 1
