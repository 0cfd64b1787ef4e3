"""The payment desk: what a disagreement means, how it came about, and where it can be looked up at Stripe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from payments.dispute_models import Dispute
from payments.models import Difference, Payment, Refund, WebhookEvent
from payments.settle import is_live_shop

Kind = Difference.Kind
STRIPE_ID = re.compile(r"\b(?:cs|pi|re|pyr|dp|du|ch|py|evt|req)_\w+")
LATEST = 100  # entries of each sort
PLACES = {"pi": "payments", "evt": "events", "req": "logs", "dp": "disputes", "du": "disputes"}

MEANS: dict[str, str | Promise] = {
    Kind.AMOUNT: gettext_lazy("Money came, but another amount or currency than was asked for. The order is not fulfilled."),
    Kind.PAID_TOO_LATE: gettext_lazy("The order had ended when its money came. The money goes back by itself."),
    Kind.PAID_TWICE: gettext_lazy("The order was paid before. The second money goes back by itself."),
    Kind.UNMATCHED: gettext_lazy("Money came and its payment is not here, or Stripe does not know a payment that is here."),
    Kind.PAID_HERE: gettext_lazy(
        "The order counts as paid, and Stripe holds no such money. Do not send it until you know why."
    ),
    Kind.REFUND_FAILED: gettext_lazy("A refund did not reach the buyer. Its money is the shop's again."),
    Kind.REFUND_UNKNOWN: gettext_lazy("Money went back at Stripe that could not be counted here."),
    Kind.OVERSOLD: gettext_lazy("The order is paid, and units of it are not there."),
    Kind.DISPUTE: gettext_lazy("The buyer asked their bank for the money back. Answer in Stripe's dashboard in time."),
    Kind.DISPUTE_UNKNOWN: gettext_lazy("The buyer of a payment that is not here asked their bank for the money back."),
    Kind.MAIL_FAILED: gettext_lazy("The mail server refused a mail for good, or for three days. The shopper does not know."),
}


@dataclass(frozen=True)
class Entry:
    """One line of a timeline. `ids` are Stripe's: of the event, the object, the request."""

    at: datetime
    what: str
    by: str = ""
    ids: tuple[str, ...] = ()

    @property
    def links(self) -> list[tuple[str, str]]:
        return [(each, dashboard(each)) for each in self.ids]


def dashboard(stripe_id: str) -> str:
    """Where Stripe, or the stand-in, shows an object."""
    if settings.STRIPE_API_BASE:
        return f"{settings.STRIPE_API_BASE}/dashboard/objects/{stripe_id}"
    start = "https://dashboard.stripe.com" + ("" if is_live_shop() else "/test")
    place = PLACES.get(stripe_id.partition("_")[0])
    return f"{start}/{place}/{stripe_id}" if place else f"{start}/search?query={stripe_id}"


def timeline(row: Difference) -> list[Entry]:
    """Everything known about it, in the order in which it happened."""
    entries = [Entry(row.created_at, _("Seen: %s") % row.detail, ids=_ids(row.reference))]
    entries += [Entry(each.at, each.what, each.by) for each in row.entries.all()[:LATEST]]
    if row.resolved_at:
        entries.append(Entry(row.resolved_at, _("Resolved. %s") % row.note, row.resolved_by))
    entries += [*_of_order(row), *_of_payments(row), *_heard(row)]
    return sorted(entries, key=lambda entry: entry.at)


def _of_order(row: Difference) -> Iterator[Entry]:
    if row.order:
        for each in row.order.events.order_by("-id")[:LATEST]:
            yield Entry(each.at, each.what, each.by, _ids(each.by, each.request_id))


def _of_payments(row: Difference) -> Iterator[Entry]:
    for payment in _payments(row):
        ids = _ids(payment.session_id, payment.payment_intent_id)
        yield Entry(payment.created_at, _("Payment of %s asked for") % payment.amount, ids=ids)
        if payment.settled_at:
            told = _("Payment of %(amount)s: %(status)s") % {
                "amount": payment.amount,
                "status": payment.get_status_display(),
            }
            yield Entry(payment.settled_at, told, ids=ids)
        for refund in Refund.objects.filter(payment=payment)[:LATEST]:
            yield Entry(refund.created_at, _("Refund of %s") % refund, refund.by, _ids(refund.stripe_id))
        for dispute in Dispute.objects.filter(payment=payment)[:LATEST]:
            yield Entry(dispute.created_at, _("Dispute of %s") % dispute, ids=_ids(dispute.stripe_id, dispute.charge_id))


def _heard(row: Difference) -> Iterator[Entry]:
    objects = {one for payment in _payments(row) for one in (payment.session_id, payment.payment_intent_id) if one}
    about = Q(object_id__in={*objects, row.reference})
    for event in WebhookEvent.objects.filter(about | Q(order=row.order) if row.order else about).order_by("-id")[:LATEST]:
        told = event.outcome or event.last_error or _("waiting")
        yield Entry(event.received_at, f"{event.type}: {told}", "Stripe", _ids(event.stripe_id, event.object_id))


def _payments(row: Difference) -> list[Payment]:
    named = Q(session_id=row.reference) | Q(payment_intent_id=row.reference) | Q(reference=row.reference)
    return list(Payment.objects.filter(named | Q(order=row.order) if row.order else named)[:LATEST])


def _ids(*texts: str | None) -> tuple[str, ...]:
    """Stripe's ids that stand in some texts."""
    return tuple(dict.fromkeys(one for text in texts for one in STRIPE_ID.findall(text or "")))
