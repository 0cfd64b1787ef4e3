"""Test cards and bank accounts, and what each of them does (docs.stripe.com/testing)."""

import re
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Means:
    """A way to pay with its outcome.

    `code` is the error of a decline, `decline_code` its finer reason; `challenge` asks for 3-D Secure first.
    `refund` is how refunds go: succeeded, pending (succeeds later) or fails_later. `settles` is for debits only.
    `dispute` is the reason for which the buyer goes to the bank afterwards, or "inquiry".
    """

    number: str
    does: str
    type: str = "card"
    brand: str = "visa"
    code: str = ""
    decline_code: str = ""
    challenge: bool = False
    refund: str = "succeeded"
    dispute: str = ""
    settles: str = ""
    slowly: bool = False
    name: str = ""  # the pm_card_... of the API
    exp_month: int = 12
    exp_year: int = 2034

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def declines(self) -> bool:
        return bool(self.code)


def declined(number: str, decline_code: str, does: str, **more: object) -> Means:
    """A card that the bank refuses."""
    return Means(number, does, code="card_declined", decline_code=decline_code, **more)  # type: ignore[arg-type]


def refused(number: str, code: str, does: str, name: str) -> Means:
    """A card that is refused with a code of its own."""
    return Means(number, does, code=code, decline_code=code, name=name)


CARDS = [
    Means("4242424242424242", "Succeeds", name="pm_card_visa"),
    Means("5555555555554444", "Succeeds (Mastercard)", brand="mastercard", name="pm_card_mastercard"),
    Means("378282246310005", "Succeeds (American Express, four-digit CVC)", brand="amex", name="pm_card_amex"),
    Means("4000002760003184", "3-D Secure every time", challenge=True, name="pm_card_authenticationRequired"),
    Means("4000002500003155", "3-D Secure", challenge=True),
    Means("4000003800000446", "3-D Secure, although set up already", challenge=True),
    Means("4000000000003220", "3-D Secure 2, then succeeds", challenge=True, name="pm_card_threeDSecure2Required"),
    declined("4000008260003178", "insufficient_funds", "3-D Secure, then too little money", challenge=True),
    declined("4000008400001629", "generic_decline", "3-D Secure, then declined", challenge=True),
    declined("4000000000000002", "generic_decline", "Declined", name="pm_card_visa_chargeDeclined"),
    declined(
        "4000000000009995", "insufficient_funds", "Declined: too little money",
        name="pm_card_visa_chargeDeclinedInsufficientFunds",
    ),
    declined("4000000000009987", "lost_card", "Declined: reported lost", name="pm_card_visa_chargeDeclinedLostCard"),
    declined("4000000000009979", "stolen_card", "Declined: reported stolen", name="pm_card_visa_chargeDeclinedStolenCard"),
    refused("4000000000000069", "expired_card", "Declined: expired", "pm_card_chargeDeclinedExpiredCard"),
    refused("4000000000000127", "incorrect_cvc", "Declined: wrong CVC", "pm_card_chargeDeclinedIncorrectCvc"),
    refused("4000000000000119", "processing_error", "Declined: processing error", "pm_card_chargeDeclinedProcessingError"),
    declined("4000000000000341", "generic_decline", "Can be saved, then declines", name="pm_card_chargeCustomerFail"),
    Means(
        "4000000000007726", "Succeeds; its refunds are pending first, then succeed", refund="pending",
        name="pm_card_pendingRefund",
    ),
    Means("4000000000000259", "Succeeds, then disputed: fraudulent", dispute="fraudulent", name="pm_card_createDispute"),
    Means(
        "4000000000002685", "Succeeds, then disputed: not received", dispute="product_not_received",
        name="pm_card_createDisputeProductNotReceived",
    ),
    Means("4000000000001976", "Succeeds, then the bank inquires", dispute="inquiry", name="pm_card_createDisputeInquiry"),
    Means("4000000000005126", "Succeeds; its refunds succeed, then fail", refund="fails_later", name="pm_card_refundFail"),
]  # fmt: skip
ACCOUNTS = [
    Means("AT611904300234573201", "The debit succeeds later", type="sepa_debit", settles="succeeded"),
    Means("AT321904300235473204", "The debit succeeds after three minutes", "sepa_debit", settles="succeeded", slowly=True),
    Means("AT861904300235473202", "The debit fails later", type="sepa_debit", settles="failed"),
]

BY_NUMBER = {means.number: means for means in CARDS + ACCOUNTS}
BY_NAME = {means.name: means for means in CARDS if means.name}

MESSAGES = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "lost_card": "Your card was declined.",
    "stolen_card": "Your card was declined.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "incorrect_number": "Your card number is incorrect.",
    "invalid_number": "Your card number is incomplete.",
    "invalid_expiry": "Your card's expiration date is not valid.",
    "expired": "Your card's expiration date is in the past.",
    "invalid_cvc": "Your card's security code is incomplete.",
    "invalid_iban": "The IBAN you entered is not one of the test accounts.",
    "payment_intent_authentication_failure": (
        "We are unable to authenticate your payment method. Please choose a different payment method and try again."
    ),
}


def message(means: Means) -> str:
    """What the shopper is told about a decline."""
    return MESSAGES.get(means.decline_code) or MESSAGES["generic_decline"]


def squeeze(number: str) -> str:
    """The number without spaces and dashes, upper case."""
    return re.sub(r"[\s-]", "", number).upper()


def luhn(number: str) -> bool:
    """Whether the check digit is right."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def card(number: str, *, month: int = 12, year: int = 2034) -> Means | None:
    """The test card of that number with its expiry; any other well-formed number is declined. None: not a card number."""
    number = squeeze(number)
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19):
        return None
    known = BY_NUMBER.get(number)
    if known is None:
        known = declined(number, "generic_decline", "Declined: not a test card")
    return replace(known, exp_month=month, exp_year=year)


def account(iban: str) -> Means | None:
    """The test account of that IBAN, or None."""
    return BY_NUMBER.get(squeeze(iban)) if squeeze(iban)[:1].isalpha() else None
