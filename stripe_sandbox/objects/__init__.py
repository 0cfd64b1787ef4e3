"""The API's objects, whole: every field that Stripe always sends, null where it has no value."""

import time

EMPTY_ADDRESS = {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}


def now() -> int:
    """Unix seconds."""
    return int(time.time())


def whole_address(address: dict | None) -> dict:
    """An address with all six fields."""
    return EMPTY_ADDRESS | (address or {})
