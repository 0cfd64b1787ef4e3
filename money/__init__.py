"""Integer minor units with their currency. Imports nothing of the other apps."""

from money.money import CurrencyMismatch, Money

__all__ = ["CurrencyMismatch", "Money"]
