"""What does not agree, with Stripe or with the shelf, becomes a row that staff see, never only a line in a log."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Variant
from orders import transitions
from orders.models import Order
from payments.models import Difference


def record_difference(kind: str, reference: str, detail: str, *, order: Order | None = None, anew: bool = False) -> Difference:
    """Record it once per kind and Stripe object; seen again, the first row stays.

    `anew`: it has changed, so the row says `detail` from now on and is open, even if it was resolved.
    """
    row, created = Difference.objects.get_or_create(
        kind=kind, reference=reference, defaults={"detail": detail[:500], "order": order}
    )
    if anew and not created:
        Difference.objects.filter(pk=row.pk).update(detail=detail[:500], resolved_at=None, resolved_by="", note="")
        row.refresh_from_db()
    return row


def resolve_difference(kind: str, reference: str, *, by: str, note: str = "") -> bool:
    """It is gone, or somebody has dealt with it: who was first stays. False if there is none that is open."""
    rows = Difference.objects.filter(kind=kind, reference=reference, resolved_at=None)
    return bool(rows.update(resolved_at=timezone.now(), resolved_by=by[:254], note=note[:500]))


def flag_missing(order: Order, missing: dict[int, int]) -> None:
    """An order was paid of which units (by variant) are not there: staff send them later, or refund the order."""
    skus = Variant.objects.in_bulk(missing)
    detail = _("Not there: %s. Send it later, or refund it.") % ", ".join(f"{n} × {skus[pk].sku}" for pk, n in missing.items())
    record_difference(Difference.Kind.OVERSOLD, order.number, detail, order=order)
    transitions.note(order, detail, by="shop")
