"""Checks of single parameters: each takes the decoded value and its name, returns it with its type or raises ApiError."""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from ..errors import ApiError
from ..money import check_currency

Check = Callable[[Any, str], Any]
INTEGER = re.compile(r"-?\d+", re.ASCII)
DECIMAL = re.compile(r"-?\d+(\.\d{1,12})?", re.ASCII)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
REMOVED = {
    "payment_method_types": (
        "payment_method_types_no_longer_supported",
        "The parameter `payment_method_types` is no longer supported. Leave it out to use dynamic payment methods, "
        "or use `allowed_payment_method_types` or `excluded_payment_method_types`.",
    )
}


def anything(value: Any, name: str) -> Any:
    """A parameter the stand-in accepts and does not use."""
    return value


def plain(value: Any, name: str) -> str:
    """A value, not a hash or a list, and not empty."""
    if not isinstance(value, str):
        raise ApiError(f"Invalid string: {value}", param=name)
    if value == "":
        raise ApiError(
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; "
            f"however '{name}' cannot be unset. You should remove '{name}' from your request or supply a non-empty value.",
            code="parameter_invalid_empty",
            param=name,
        )
    return value


def text(longest: int = 5000) -> Check:
    """A string of so many characters at most."""

    def check(value: Any, name: str) -> str:
        value = plain(value, name)
        if len(value) > longest:
            shown = value[:12] + "…" + value[-12:]
            raise ApiError(f"Invalid string: {shown}; must be at most {longest} characters", param=name)
        return value

    return check


def integer(least: int | None = None, most: int | None = None) -> Check:
    """A whole number within limits."""

    def check(value: Any, name: str) -> int:
        if not INTEGER.fullmatch(plain(value, name)) or len(value) > 20:
            raise ApiError(f"Invalid integer: {value[:40]}", code="parameter_invalid_integer", param=name)
        number = int(value)
        if least is not None and number < least:
            raise ApiError(
                f"Invalid {leaf(name)}: must be greater than or equal to {least}, got {number}",
                code="parameter_invalid_integer",
                param=name,
            )
        if most is not None and number > most:
            raise ApiError(f"Invalid {leaf(name)}: must be less than or equal to {most}, got {number}", param=name)
        return number

    return check


def amount(value: Any, name: str) -> int:
    """A charge amount of up to twelve digits."""
    number = integer()(value, name)
    if number > 999_999_999_999:
        raise ApiError("Amount must be no more than 999999999999 (twelve digits)", code="amount_too_large", param=name)
    if number < 0:
        raise ApiError(f"Invalid {leaf(name)}: must be zero or more", code="parameter_invalid_integer", param=name)
    return number


def decimal(value: Any, name: str) -> Decimal:
    """A number with at most twelve places, zero or more."""
    if not DECIMAL.fullmatch(plain(value, name)) or len(value) > 40 or value.startswith("-"):
        raise ApiError(f"Invalid decimal: {value[:60]}; at most 12 decimal places", param=name)
    return Decimal(value)


def flag(value: Any, name: str) -> bool:
    """`true` or `false`."""
    if plain(value, name) not in ("true", "false"):
        raise ApiError(f"Invalid boolean: {value}", param=name)
    return value == "true"


def one_of(*words: str) -> Check:
    """One of the given words."""

    def check(value: Any, name: str) -> str:
        if plain(value, name) not in words:
            choices = ", ".join(words[:-1]) + (" or " if len(words) > 1 else "") + words[-1]
            raise ApiError(f"Invalid {leaf(name)}: must be one of {choices}", param=name)
        return value

    return check


def currency(value: Any, name: str) -> str:
    """A currency that Stripe charges."""
    return check_currency(plain(value, name), name)


def email(value: Any, name: str) -> str:
    """An e-mail address, loosely."""
    if not EMAIL.fullmatch(plain(value, name)) or len(value) > 512:
        raise ApiError(f"Invalid email address: {value[:80]}", code="email_invalid", param=name)
    return value


def url(value: Any, name: str) -> str:
    """An absolute http or https address."""
    text(5000)(value, name)
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good or re.search(r"\s", value):
        raise ApiError("Not a valid URL. An explicit scheme (such as https) must be provided.", code="url_invalid", param=name)
    return value


def list_of(check: Check, *, most: int | None = None) -> Check:
    """An array, each entry checked."""

    def check_list(value: Any, name: str) -> list[Any]:
        if not isinstance(value, list):
            raise ApiError("Invalid array", param=name)
        if most is not None and len(value) > most:
            raise ApiError(f"Array {name} exceeded maximum {most} allowed elements.", param=name)
        return [check(entry, f"{name}[{index}]") for index, entry in enumerate(value)]

    return check_list


def hash_of(fields: Mapping[str, Check], *, required: Iterable[str] = ()) -> Check:
    """A hash with known keys."""

    def check_hash(value: Any, name: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ApiError(f"Invalid object: {name} must be a hash", param=name)
        return check_fields(value, fields, required, name)

    return check_hash


def check_fields(value: dict[str, Any], fields: Mapping[str, Check], required: Iterable[str], name: str = "") -> dict[str, Any]:
    """Refuse unknown and missing parameters, check the others."""
    for key in value:
        if key not in fields:
            raise unknown(key, f"{name}[{key}]" if name else key)
    checked = {key: fields[key](entry, f"{name}[{key}]" if name else key) for key, entry in value.items()}
    for key in required:
        if key not in value:
            full = f"{name}[{key}]" if name else key
            raise ApiError(f"Missing required param: {full}.", code="parameter_missing", param=full)
    return checked


def unknown(key: str, name: str) -> ApiError:
    """The error for a parameter that the call does not have (any more)."""
    if key in REMOVED:
        code, message = REMOVED[key]
        return ApiError(message, code=code, param=name)
    return ApiError(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def metadata(value: Any, name: str) -> dict[str, str]:
    """Up to 50 keys of 40 characters without square brackets, values of 500."""
    if value == "":
        return {}
    if isinstance(value, list):  # keys 0, 1, 2 ... look like an array
        value = {str(index): entry for index, entry in enumerate(value)}
    if not isinstance(value, dict):
        raise ApiError("Invalid hash", param=name)
    if len(value) > 50:
        raise ApiError(f"You may only specify up to 50 metadata keys, but {len(value)} were given.", param=name)
    for key, entry in value.items():
        if len(key) > 40:
            raise ApiError(f"Metadata keys can have up to 40 characters, but yours has {len(key)}.", param=f"{name}[{key}]")
        if not isinstance(entry, str):
            raise ApiError("Metadata values must be strings.", param=f"{name}[{key}]")
        if len(entry) > 500:
            raise ApiError(
                f"Metadata values can have up to 500 characters, but you passed in a value that is {len(entry)} characters.",
                param=f"{name}[{key}]",
            )
    return value


def or_empty(check: Check, empty: Any = None) -> Check:
    """The empty string unsets the field; anything else is checked."""
    return lambda value, name: empty if value == "" else check(value, name)


def leaf(name: str) -> str:
    """The last word of `a[b][c]`."""
    return name.rsplit("[", 1)[-1].rstrip("]")
