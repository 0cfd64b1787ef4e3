"""What staff read about the stock of a variant."""

from __future__ import annotations

from django.utils.translation import gettext as _

from catalog.models import Variant


def free(variant: Variant) -> str:
    """What can still be promised, with what is missing."""
    if variant.available is None:
        return _("not counted")
    missing = _("%(count)d missing") % {"count": variant.stock_oversold}
    return f"{variant.available} ({missing})" if variant.stock_oversold else str(variant.available)
