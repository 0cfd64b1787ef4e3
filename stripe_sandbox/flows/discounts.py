"""Promotion codes. Two are built in: WELCOME10 (10 %) and FIVEOFF (five of the currency's main unit)."""

from ..errors import ApiError, missing
from ..money import exponent
from ..objects.others import coupon, discount, promotion_code
from ..runtime import Sandbox
from ..store import Item
from . import totals

CODES = ("WELCOME10", "FIVEOFF")


class UnknownCode(ValueError):
    """There is no such promotion code."""


def ensure_coupon(box: Sandbox, code: str, currency: str) -> tuple[str, str]:
    """Ids of the coupon and the promotion code behind a built-in word; made when first used."""
    if code == "WELCOME10":
        body = coupon(code, percent=10, amount=None, currency=None)
    else:
        body = coupon(code, percent=None, amount=5 * 10 ** exponent(currency), currency=currency)
    words = promotion_code(code, body["id"])
    for entry in (body, words):
        if not box.store.find_any(entry["id"]):
            box.store.add(entry)
    return body["id"], words["id"]


def apply_code(box: Sandbox, session: Item, word: str) -> None:
    """Give the session the discount of a typed word ("" takes it away). Raises UnknownCode; saves nothing."""
    word = word.strip().upper()
    if word and word not in CODES:
        raise UnknownCode(word)
    if word:
        set_discount(box, session, word, by_code=True)
    else:
        session.extra["discount"], session.body["discounts"] = None, []
    totals.refresh(box.store, session)


def set_discount(box: Sandbox, session: Item, code: str, *, by_code: bool) -> None:
    """Bind the coupon to the session, typed as a promotion code or given as a coupon."""
    coupon_id, promotion_id = ensure_coupon(box, code, session.body["currency"])
    used = promotion_id if by_code else None
    session.extra["discount"] = discount(session.id, coupon_id=coupon_id, promotion_code_id=used)
    session.body["discounts"] = [{"coupon": None if by_code else coupon_id, "promotion_code": used}]


def apply_given(box: Sandbox, session: Item, given: dict[str, str]) -> None:
    """The `discounts[0]` of the create call. Raises ApiError for one that does not exist."""
    if set(given) not in ({"coupon"}, {"promotion_code"}):
        raise ApiError("You must specify exactly one of coupon and promotion_code.", param="discounts[0]")
    key, wanted = next(iter(given.items()))
    currency = session.body["currency"]
    for code in CODES:
        ids = dict(zip(("coupon", "promotion_code"), ensure_coupon(box, code, currency), strict=True))
        if wanted == ids[key] or wanted.upper() == code:
            return set_discount(box, session, code, by_code=key == "promotion_code")
    raise missing(key.replace("_", " "), wanted, param=f"discounts[0][{key}]", status=400)
