from __future__ import annotations

import pytest
from django.template import Context, Template

from money import Money


def shown(source: str, **context) -> str:
    return Template("{% load money %}" + source).render(Context(context))


def test_it_shows_money():
    assert shown("{{ total|money }}", total=Money(125_000, "EUR")) == "€1,250.00"


def test_it_shows_minor_units_with_their_currency():
    assert shown("{{ minor|money:code }}", minor=1250, code="JPY") == "¥1,250"


def test_it_keeps_the_currency_that_money_has():
    assert shown("{{ total|money:'USD' }}", total=Money(100, "EUR")) == "€1.00"


@pytest.mark.parametrize("amount", [12.5, "12", None, True], ids=repr)
def test_it_shows_nothing_but_whole_minor_units(amount):
    with pytest.raises(TypeError):
        shown("{{ amount|money:'EUR' }}", amount=amount)


def test_it_needs_a_currency_for_a_bare_number():
    with pytest.raises(ValueError, match="Not a currency code"):
        shown("{{ amount|money }}", amount=100)
