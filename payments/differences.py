"""What does not agree with Stripe becomes a row that staff see, never only a line in a log."""

from __future__ import annotations

from orders.models import Order
from payments.models import Difference


def record_difference(kind: str, reference: str, detail: str, *, order: Order | None = None) -> Difference:
    """Record it once per kind and Stripe object; seen again, the first row stays."""
    row, _created = Difference.objects.get_or_create(
        kind=kind, reference=reference, defaults={"detail": detail[:500], "order": order}
    )
    return row
