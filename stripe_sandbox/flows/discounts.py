"""Coupons and promotion codes. Two codes are built in: WELCOME10 (10 %) and FIVEOFF (five of the currency's main unit)."""

import time
from typing import Any

from ..errors import ApiError, missing
from ..money import exponent
from ..objects import promotion
from ..runtime import Sandbox
from ..store import Item
from . import totals

CODES = ("WELCOME10", "FIVEOFF")


class UnknownCode(ValueError):
    """There is no such promotion code, or it cannot be used here (any more); the message is the code."""


def ensure_built_in(box: Sandbox, code: str, currency: str) -> Item:
    """The promotion code behind a built-in word; made when first used."""
    if code == "WELCOME10":
        given: dict[str, Any] = {"id": code.lower(), "name": code, "percent_off": 10}
    else:
        amount = 5 * 10 ** exponent(currency)
        given = {"id": f"{code.lower()}_{currency}", "name": code, "amount_off": amount, "currency": currency}
    words = promotion.promotion_code({"id": f"promo_{given['id']}", "code": code}, given["id"])
    for body in (promotion.coupon(given), words):
        if not box.store.find_any(body["id"]):
            box.store.add(body)
    return box.store.get("promotion_code", words["id"])


def apply_code(box: Sandbox, session: Item, word: str) -> None:
    """Give the session the discount of a typed word ("" takes it away). Raises UnknownCode; saves nothing."""
    word = word.strip()
    if word:
        found = find_code(box, word, session.body["currency"])
        if not found or not is_usable(box, session, found):
            raise UnknownCode(word.upper())
        set_discount(session, coupon_id=found.body["promotion"]["coupon"], promotion_code_id=found.id)
    else:
        session.extra["discount"], session.body["discounts"] = None, []
    totals.refresh(box.store, session)


def find_code(box: Sandbox, word: str, currency: str) -> Item | None:
    """The active promotion code of that word, whatever its case."""
    same = "kind = 'promotion_code' AND upper(json_extract(body, '$.code')) = ? AND json_extract(body, '$.active')"
    found = box.store.select(same, (word.upper(),), limit=1)
    if not found and word.upper() in CODES:
        return ensure_built_in(box, word.upper(), currency)
    if found and found[0].id.startswith("promo_fiveoff_"):  # one for each currency
        return ensure_built_in(box, "FIVEOFF", currency)
    return found[0] if found else None


def is_usable(box: Sandbox, session: Item, code: Item) -> bool:
    """Whether the session may have the discount of the promotion code now."""
    body, limits = code.body, code.body["restrictions"]
    coupon = box.store.find("coupon", body["promotion"]["coupon"])
    least = limits["minimum_amount"]
    currency, subtotal = session.body["currency"], sum(line["amount_subtotal"] for line in session.extra["lines"])
    return (
        body["active"]
        and not is_over(body["expires_at"], body)
        and body["customer"] in (None, session.body["customer"])
        and (least is None or (limits["minimum_amount_currency"] == currency and subtotal >= least))
        and not (limits["first_time_transaction"] and has_paid(box, session.body["customer"]))
        and coupon is not None
        and fits(coupon.body, currency)
    )


def is_over(until: int | None, body: dict[str, Any]) -> bool:
    """Whether its time has passed or all its uses are gone."""
    most = body["max_redemptions"]
    return (until is not None and until <= time.time()) or (most is not None and body["times_redeemed"] >= most)


def is_valid(coupon: dict[str, Any]) -> bool:
    """Whether the coupon can still be used by anybody."""
    return not coupon.get("deleted") and not is_over(coupon["redeem_by"], coupon)


def fits(coupon: dict[str, Any], currency: str) -> bool:
    """Whether a session in that currency may use the coupon."""
    if not is_valid(coupon):
        return False
    return coupon["percent_off"] is not None or currency in (coupon["currency"], *coupon.get("currency_options", {}))


def has_paid(box: Sandbox, customer: str | None) -> bool:
    """Whether the customer has bought before."""
    bought = "kind = 'charge' AND customer = ? AND status = 'succeeded'"
    return customer is not None and bool(box.store.select(bought, (customer,), limit=1))


def set_discount(session: Item, *, coupon_id: str, promotion_code_id: str | None) -> None:
    """Bind the coupon to the session, typed as a promotion code or given as a coupon."""
    session.extra["discount"] = promotion.discount(session.id, coupon_id=coupon_id, promotion_code_id=promotion_code_id)
    session.body["discounts"] = [{"coupon": None if promotion_code_id else coupon_id, "promotion_code": promotion_code_id}]


def apply_given(box: Sandbox, session: Item, given: dict[str, str]) -> None:
    """The `discounts[0]` of the create call. Raises ApiError for one that does not exist or cannot be used."""
    if set(given) not in ({"coupon"}, {"promotion_code"}):
        raise ApiError("You must specify exactly one of coupon and promotion_code.", param="discounts[0]")
    key, wanted = next(iter(given.items()))
    where, currency = f"discounts[0][{key}]", session.body["currency"]
    built_in = [ensure_built_in(box, code, currency) for code in CODES if code == wanted.upper()]
    if key == "coupon":
        coupon_id = built_in[0].body["promotion"]["coupon"] if built_in else wanted
        coupon = box.store.find("coupon", coupon_id)
        if not coupon or coupon.body.get("deleted"):
            raise missing("coupon", wanted, param=where, status=400)
        if not fits(coupon.body, currency):
            raise ApiError(f"Coupon {wanted} cannot be redeemed: it is over, or of another currency.", param=where)
        return set_discount(session, coupon_id=coupon_id, promotion_code_id=None)
    code = built_in[0] if built_in else box.store.find("promotion_code", wanted)
    if not code:
        raise missing("promotion code", wanted, param=where, status=400)
    if not is_usable(box, session, code):
        raise ApiError("This promotion code cannot be redeemed because it is not active, or does not fit.", param=where)
    return set_discount(session, coupon_id=code.body["promotion"]["coupon"], promotion_code_id=code.id)


def check_still(box: Sandbox, session: Item) -> None:
    """Refuse a discount whose last use somebody else has had meanwhile. Raises UnknownCode."""
    discount = session.extra.get("discount")
    if not discount:
        return
    code = box.store.find("promotion_code", discount["promotion_code"] or "")
    coupon = box.store.find("coupon", discount["source"]["coupon"])
    if (code and not is_usable(box, session, code)) or not coupon or not fits(coupon.body, session.body["currency"]):
        raise UnknownCode(code.body["code"] if code else discount["source"]["coupon"])


def count_use(box: Sandbox, session: Item) -> None:
    """The session is complete: its discount is used."""
    discount = session.extra.get("discount")
    used = {"coupon": discount["source"]["coupon"], "promotion_code": discount["promotion_code"]} if discount else {}
    for kind, used_id in used.items():
        found = box.store.find(kind, used_id or "")
        if found:
            found.body["times_redeemed"] += 1
            box.store.save(found)
