"""Template filters."""

import datetime
from typing import Any

from django import template

from .. import money

register = template.Library()


@register.filter
def amount(value: int, currency: str | None) -> str:
    """Minor units for people."""
    return money.display(value, currency or "usd")


@register.filter
def moment(value: float | None) -> str:
    """Unix seconds as a UTC time."""
    if value is None:
        return "–"
    return datetime.datetime.fromtimestamp(value, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")


@register.filter
def field(values: dict[str, Any], name: str) -> Any:
    """An entry of a hash by a name that is a variable."""
    return values.get(name, "")
