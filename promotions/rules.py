"""Whether a code can be used for a cart, and if not, why not."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from money import Money
from promotions.models import Promotion, Use
from promotions.uses import used_up_by


def why_not(promotion: Promotion, *, goods: Money, user: User | None, own_order: str = "") -> str:
    """Why `promotion` cannot be used for `goods` by `user` now, in a sentence; empty if it can.

    `own_order`: the open order of the same cart. What it holds is not missing to this shopper.
    """
    code = {"code": promotion.code}
    if promotion.ends_at and promotion.ends_at <= timezone.now():
        return _("The code “%(code)s” has ended.") % code
    if promotion.most_uses is not None and promotion.uses - _held_by(promotion, own_order) >= promotion.most_uses:
        return _("The code “%(code)s” is used up.") % code
    if promotion.most_uses_per_customer is not None and user is None:
        return _("The code “%(code)s” is for customers with an account: please log in first.") % code
    if used_up_by(user, promotion, but_for=own_order):
        return _("You have used the code “%(code)s” as often as one customer may.") % code
    if goods < promotion.minimum:
        about = code | {"missing": promotion.minimum - goods, "minimum": promotion.minimum}
        return _("The code “%(code)s” is for goods of %(minimum)s or more: %(missing)s is missing.") % about
    if not promotion.discount_on(goods):
        return _("The code “%(code)s” takes nothing off what is in your cart.") % code
    return ""


def _held_by(promotion: Promotion, order_number: str) -> int:
    return Use.objects.filter(promotion=promotion, order_number=order_number, released_at=None).count() if order_number else 0
