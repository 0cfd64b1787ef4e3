"""What does not agree, with Stripe or with the shelf, becomes a row that staff see, never only a line in a log."""

from __future__ import annotations

from django.utils.translation import gettext as _

from catalog.models import Variant
from orders import transitions
from orders.models import Order
from payments.models import Difference


def record_difference(kind: str, reference: str, detail: str, *, order: Order | None = None) -> Difference:
    """Record it once per kind and Stripe object; seen again, the first row stays."""
    row, _created = Difference.objects.get_or_create(
        kind=kind, reference=reference, defaults={"detail": detail[:500], "order": order}
    )
    return row


def flag_missing(order: Order, missing: dict[int, int]) -> None:
    """An order was paid of which units (by variant) are not there: staff send them later, or refund the order."""
    skus = Variant.objects.in_bulk(missing)
    detail = _("Not there: %s. Send it later, or refund it.") % ", ".join(f"{n} × {skus[pk].sku}" for pk, n in missing.items())
    record_difference(Difference.Kind.OVERSOLD, order.number, detail, order=order)
    transitions.note(order, detail, by="shop")
