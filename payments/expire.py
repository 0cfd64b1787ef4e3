"""End the holds that are over. Stripe is asked first, so a payment of the last second is never lost."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.utils import timezone

from accounts.log_fields import add_log_fields
from orders.models import Order
from orders.status import ENDED, Status
from payments import gateway
from payments.settle import close_unpaid

log = logging.getLogger(__name__)


def expire_orders(*, progress: Callable[[int], object] | None = None) -> int:
    """End every order that is unpaid past its hold; answers how many ended. Safe to run beside itself.

    An order whose money is on its way (a bank debit) keeps its units. One that Stripe cannot be asked about, or that fails
    for any other reason, is left for the next run and does not stop the others.
    """
    ended = 0
    for order in Order.objects.filter(status=Status.PENDING, expires_at__lt=timezone.now()).order_by("expires_at"):
        add_log_fields(order=order.number)
        try:
            ended += close_unpaid(order, by="expiry", as_expired=True).status in ENDED
        except gateway.GatewayKeyRefused:  # nor would it say more about the others
            break
        except gateway.GatewayError as error:
            log.warning("Order %s stays open: %s", order.number, error)
        except Exception:
            log.exception("Order %s could not be ended", order.number)
        if progress:
            progress(1)
    return ended
