"""Reading what a shopper typed on the hosted page."""

import re
import time
from collections.abc import Mapping
from typing import Any

from .. import cards
from ..cards import BY_NUMBER, MESSAGES, Means
from ..parameters.checks import EMAIL
from ..parameters.locales import COUNTRIES
from . import taxes
from .checkout import Attempt

ADDRESS = ("line1", "line2", "city", "postal_code", "state", "country")
REQUIRED = {"ship_name": "Name", "ship_line1": "Address", "ship_city": "City", "ship_postal_code": "Postal code"}
EXPIRY = re.compile(r"(\d{1,2})\s*/\s*(\d{2}|20\d{2})", re.ASCII)
LONGEST = 500


class BadFields(ValueError):
    """Some fields cannot be used; `errors` says which and why."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(", ".join(errors))
        self.errors = errors


def fill_in(number: str) -> dict[str, str]:
    """Values of the form for a test card that was clicked."""
    known = BY_NUMBER.get(number)
    if known is None:
        return {}
    if known.type == "sepa_debit":
        return {"method": "sepa_debit", "iban": known.number, "account_name": "Ada Lovelace"}
    cvc = "1234" if known.brand == "amex" else "123"
    return {"method": "card", "number": known.number, "expiry": "12 / 34", "cvc": cvc, "card_name": "Ada Lovelace"}


def read(session: dict[str, Any], fields: Mapping[str, str]) -> Attempt:
    """The attempt to pay that the form describes. Raises BadFields."""
    errors: dict[str, str] = {}
    typed = {key: value.strip() for key, value in fields.items()}
    for key, value in typed.items():
        if len(value) > LONGEST or "\0" in value:
            errors[key] = "This is too long." if len(value) > LONGEST else "This cannot be used."
    email = session["customer_email"] or typed.get("email", "")
    if not EMAIL.fullmatch(email):
        errors.setdefault("email", "Enter an e-mail address such as ada@example.com.")
    shipping = read_shipping(session, typed, errors)
    country = typed.get("bill_country", "") if asks_country(session) else ""
    if asks_country(session) and country not in COUNTRIES:
        errors["bill_country"] = "Choose a country."
    phone = typed.get("phone", "")
    if session["phone_number_collection"]["enabled"] and not phone:
        errors["phone"] = "Enter a phone number."
    choice = typed.get("shipping_option", "0")
    means = read_means(typed, errors)
    if errors:
        raise BadFields(errors)
    name = typed.get("card_name" if means.type == "card" else "account_name", "") if means else ""
    return Attempt(
        means,
        email=email,
        name=name,
        phone=phone,
        shipping=shipping,
        country=country or None,
        shipping_choice=int(choice) if choice.isascii() and choice.isdigit() and len(choice) < 3 else 0,
    )


def asks_country(session: dict[str, Any]) -> bool:
    """Whether who pays must say where they live: for the tax, or because the shop wants to know. An address to ship to does."""
    wanted = taxes.is_on(session) or session["billing_address_collection"] == "required"
    return wanted and not session["shipping_address_collection"]


def read_shipping(session: dict[str, Any], typed: Mapping[str, str], errors: dict[str, str]) -> dict[str, Any] | None:
    """Name and address to ship to, when the session asks for them."""
    asked = session["shipping_address_collection"]
    if not asked:
        return None
    for key, label in REQUIRED.items():
        if not typed.get(key):
            errors.setdefault(key, f"{label} is needed.")
    if typed.get("ship_country") not in asked["allowed_countries"]:
        errors.setdefault("ship_country", "Choose a country that the shop ships to.")
    address = {key: typed.get(f"ship_{key}") or None for key in ADDRESS}
    return {"name": typed.get("ship_name", ""), "address": address}


def read_means(typed: Mapping[str, str], errors: dict[str, str]) -> Means | None:
    """The card or account; None when the form has neither, because nothing is to be paid."""
    method = typed.get("method")
    if method == "sepa_debit":
        account = cards.account(typed.get("iban", ""))
        if account is None:
            errors["iban"] = MESSAGES["invalid_iban"]
        if not typed.get("account_name"):
            errors["account_name"] = "Enter the name on the account."
        return account
    return read_card(typed, errors) if method == "card" else None


def read_card(typed: Mapping[str, str], errors: dict[str, str]) -> Means | None:
    """A card with a plausible number, a date that is not over, and a code."""
    month, year = read_expiry(typed.get("expiry", ""), errors)
    found = cards.card(typed.get("number", ""), month=month, year=year)
    if found is None:
        errors["number"] = MESSAGES["invalid_number"]
    elif not cards.luhn(found.number):
        errors["number"] = MESSAGES["incorrect_number"]
    digits = 4 if found and found.brand == "amex" else 3
    cvc = typed.get("cvc", "")
    if not (cvc.isascii() and cvc.isdigit() and len(cvc) in (digits, 3)):
        errors["cvc"] = MESSAGES["invalid_cvc"]
    if not typed.get("card_name"):
        errors["card_name"] = "Enter the name on the card."
    return found


def read_expiry(text: str, errors: dict[str, str]) -> tuple[int, int]:
    """Month and year of `MM / YY`."""
    match = EXPIRY.fullmatch(text)
    if not match or not 1 <= int(match[1]) <= 12:
        errors["expiry"] = MESSAGES["invalid_expiry"]
        return 12, 2034
    month, year = int(match[1]), int(match[2]) % 100 + 2000
    today = time.gmtime()
    if (year, month) < (today.tm_year, today.tm_mon):
        errors["expiry"] = MESSAGES["expired"]
    return month, year
