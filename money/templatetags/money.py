"""`{{ order.total_minor|money:order.currency }}` and `{{ line.total|money }}`."""

from __future__ import annotations

from django import template

from money import Money

register = template.Library()


@register.filter
def money(amount: Money | int, code: str = "") -> str:
    """Show a Money, or an integer of minor units with its currency code."""
    return str(amount if isinstance(amount, Money) else Money(amount, code))
