"""Amounts as Stripe charges them: integers of the minor unit, by a table that is not ISO 4217.

Source of the lists: https://docs.stripe.com/currencies (autumn 2026).
"""

from .errors import ApiError

ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
THREE_DECIMAL = frozenset("bhd jod kwd omr tnd".split())
# Written with two decimals on the wire although nothing smaller than a whole unit exists.
WHOLE_UNITS_ONLY = frozenset("isk ugx".split())
CURRENCIES = (
    ZERO_DECIMAL
    | THREE_DECIMAL
    | WHOLE_UNITS_ONLY
    | frozenset(
        "usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny cop "
        "crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr jmd kes kgs khr "
        "kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk "
        "php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah uyu uzs "
        "wst xcd xcg yer zar zmw".split()
    )
)
MINIMUM = {
    "aed": 200, "ars": 50, "aud": 50, "brl": 50, "cad": 50, "chf": 50, "cop": 50, "czk": 1500, "dkk": 250, "eur": 50,
    "gbp": 30, "hkd": 400, "huf": 17500, "idr": 50, "ils": 50, "inr": 50, "jpy": 50, "krw": 50, "mxn": 1000, "myr": 200,
    "nok": 300, "nzd": 50, "php": 50, "pln": 200, "ron": 200, "rub": 50, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
    "zar": 50,
}  # fmt: skip
LARGEST = 999_999_999_999


def exponent(currency: str) -> int:
    """How many decimals the wire amount has."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def display(amount: int, currency: str) -> str:
    """The amount for people, such as `12.50 EUR`."""
    places = exponent(currency)
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(places + 1, "0")
    whole, fraction = (digits[:-places], "." + digits[-places:]) if places else (digits, "")
    if currency in WHOLE_UNITS_ONLY:
        fraction = ""
    return f"{sign}{int(whole):,}{fraction} {currency.upper()}"


def check_currency(currency: str, param: str) -> str:
    """The currency, if Stripe charges it. Upper case is accepted, as Stripe does."""
    if currency.lower() in CURRENCIES:
        return currency.lower()
    raise ApiError(f"Invalid currency: {currency}. Give one of the three-letter codes that Stripe charges.", param=param)


def check_steps(amount: int, currency: str, param: str) -> None:
    """Refuse amounts that the currency cannot express, such as half a UGX."""
    if currency in THREE_DECIMAL and amount % 10:
        raise ApiError(
            f"Invalid amount: {currency.upper()} amounts are thousandths whose last digit is 0, got {amount}.", param=param
        )
    if currency in WHOLE_UNITS_ONLY and amount % 100:
        raise ApiError(
            f"Invalid amount: {currency.upper()} amounts are sent with two decimals that are 00, got {amount}.", param=param
        )


def check_chargeable(amount: int, currency: str, *, param: str, what: str = "Amount") -> None:
    """Refuse an amount below the currency's minimum or above what a card can be charged."""
    check_steps(amount, currency, param)
    least = MINIMUM.get(currency, 1)
    if amount < least:
        message = f"{what} must be at least {display(least, currency)}"
        raise ApiError(message, code="amount_too_small", param=param)
    if amount > LARGEST:
        message = f"{what} must be no more than {display(LARGEST, currency)}"
        raise ApiError(message, code="amount_too_large", param=param)
