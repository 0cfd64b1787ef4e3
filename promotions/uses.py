"""Taking a use of a code and giving it back, inside the transaction of the order that is the cause.

Rows are locked in one order: the caller's order, then the promotion, then what the caller takes after it (variants).
"""

from __future__ import annotations

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from promotions.models import Promotion, Use


class NotAvailable(Exception):
    """The code has ended, is used up, or is not what it was when the cart was shown."""


def take(promotion: Promotion, *, order_number: str, user: User | None) -> None:
    """Take one use for an order. Raises NotAvailable; the caller rolls back.

    Safe under any race: one conditional UPDATE counts, and locks the row while the customer's own uses are counted.
    """
    as_shown = {term: getattr(promotion, term) for term in Promotion.TERMS}
    live = Promotion.objects.live(timezone.now()).filter(pk=promotion.pk, **as_shown)
    if not live.update(uses=F("uses") + 1):
        raise NotAvailable(promotion.code)
    if used_up_by(user, promotion):
        raise NotAvailable(promotion.code)
    Use.objects.create(promotion=promotion, order_number=order_number, user=user)


def take_again(code: str, *, order_number: str, user: User | None) -> bool:
    """Count the use of an order that was lost and is made again. False, and nothing changes, where there is none left."""
    promotion = Promotion.objects.filter(code=code).first()
    if promotion is None or not Promotion.objects.left().filter(pk=promotion.pk).update(uses=F("uses") + 1):
        return False
    Use.objects.create(promotion=promotion, order_number=order_number, user=user)
    return True


def release(order_number: str) -> bool:
    """Give back the use of an order that ended unpaid, once. False, and nothing changes, if it has none."""
    held = Use.objects.filter(order_number=order_number, released_at=None)
    promotion = held.values_list("promotion", flat=True).first()
    if promotion is None or not held.update(released_at=timezone.now()):
        return False
    return bool(Promotion.objects.filter(pk=promotion).update(uses=F("uses") - 1))


def used_up_by(user: User | None, promotion: Promotion, *, but_for: str = "") -> bool:
    """Whether this customer may not use it once more. Nobody knows how often a guest did: a guest may not at all.

    `but_for`: the number of an order that does not count, as it is to be replaced.
    """
    if promotion.most_uses_per_customer is None:
        return False
    if user is None:
        return True
    own = Use.objects.filter(promotion=promotion, user=user, released_at=None).exclude(order_number=but_for)
    return own.count() >= promotion.most_uses_per_customer
