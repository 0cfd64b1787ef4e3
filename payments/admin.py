"""The money in the admin, to read: what was tried, what came, what went back, and what does not agree with Stripe."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import EmptyFieldListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.long_lists import DateFilter
from orders.readonly import ReadOnlyAdmin
from payments.desk_admin import DifferenceAdmin
from payments.inbox import process_again
from payments.models import Dispute, Payment, ReconcileRun, Refund, WebhookEvent
from payments.order_admin import OrderAdmin
from payments.patience import at_most, seconds_left

__all__ = ["DifferenceAdmin", "OrderAdmin"]  # found here by the admin

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 20  # that staff wait for Stripe at most, however many events are ticked


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "order", "amount_text", "status", "payment_intent_id", "checked_at", "last_error"]
    list_filter = ["status", "livemode", ("created_at", DateFilter)]
    list_select_related = ["order"]
    search_fields = ["order__number__istartswith", "session_id", "payment_intent_id", "reference"]
    search_help_text = _("How the order's number begins, or a whole id of Stripe's: cs_…, pi_…")
    fields = [
        "order", "reference", "status", "amount_text", "session_id", "payment_intent_id", "livemode", "last_error",
        "created_at", "checked_at", "settled_at",
    ]  # fmt: skip

    @admin.display(description=_("amount"))
    def amount_text(self, payment: Payment) -> str:
        return str(payment.amount)


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "order", "amount_text", "status", "reason", "by", "stripe_id", "last_error"]
    list_filter = ["status", ("created_at", DateFilter)]
    list_select_related = ["payment__order"]
    search_fields = ["payment__order__number__istartswith", "stripe_id", "reference"]
    search_help_text = _("How the order's number begins, or a whole id of Stripe's: re_…")
    fields = [
        "order", "payment", "reference", "status", "amount_text", "restock", "reason", "by", "stripe_id", "last_error",
        "created_at", "checked_at", "accepted_at",
    ]  # fmt: skip

    @admin.display(description=_("order"))
    def order(self, refund: Refund) -> str:
        return refund.payment.order.number

    @admin.display(description=_("amount"))
    def amount_text(self, refund: Refund) -> str:
        return str(refund.amount)


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "order", "amount_text", "status_text", "reason", "evidence_due_at", "closed_at", "stripe_id"]
    list_filter = [("closed_at", EmptyFieldListFilter), ("created_at", DateFilter)]
    list_select_related = ["payment__order"]
    search_fields = ["payment__order__number__istartswith", "stripe_id", "charge_id"]
    search_help_text = _("How the order's number begins, or a whole id of Stripe's: dp_…, ch_…")
    fields = [
        "order", "payment", "amount_text", "status_text", "reason", "evidence_due_at", "withdrawn_minor", "reinstated_minor",
        "lost_minor", "is_refundable", "stripe_id", "charge_id", "created_at", "checked_at", "closed_at",
    ]  # fmt: skip

    @admin.display(description=_("order"))
    def order(self, dispute: Dispute) -> str:
        return dispute.payment.order.number

    @admin.display(description=_("amount"))
    def amount_text(self, dispute: Dispute) -> str:
        return str(dispute.amount)

    @admin.display(description=_("status"))
    def status_text(self, dispute: Dispute) -> str:
        return dispute.status_text


class EventStateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"
    states = {
        "failed": (_("Failed"), Q(processed_at=None) & ~Q(last_error="")),
        "waiting": (_("Waiting"), Q(processed_at=None, last_error="")),
        "processed": (_("Processed"), Q(processed_at__isnull=False)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(state, label) for state, (label, _rows) in self.states.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> QuerySet[WebhookEvent]:
        state = self.states.get(self.value() or "")
        return queryset.filter(state[1]) if state else queryset


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "type", "order", "object_id", "deliveries", "processed_at", "outcome", "last_error"]
    list_filter = [EventStateFilter, ("received_at", DateFilter), "livemode"]
    list_select_related = ["order"]
    search_fields = ["stripe_id", "object_id", "order__number__istartswith"]
    search_help_text = _("A whole id of Stripe's: evt_…, cs_…, pi_…; or how the order's number begins")
    actions = ["process_again"]

    @admin.action(description=_("Process again"), permissions=["process"])
    def process_again(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        """Try events again that nothing tries any more; those that were processed are left alone."""
        done, failed = 0, []
        with at_most(PATIENCE_SECONDS):
            for row in WebhookEvent.objects.filter(pk__in=queryset.values("pk"), processed_at=None).order_by("id"):
                if not seconds_left(otherwise=PATIENCE_SECONDS):
                    messages.warning(request, _("Stripe takes too long; the rest was left as it is."))
                    break
                try:
                    done += process_again(row)
                except Exception as error:  # whatever it is: one poisonous event does not stop the others
                    log.warning("Webhook %s %s was not processed: %s", row.type, row.stripe_id, error)
                    failed.append(row)
        if failed:
            text = ngettext("%d event failed again.", "%d events failed again.", len(failed)) % len(failed)
            messages.error(request, f"{text} {failed[0].stripe_id}: {_last_error(failed[0])}")
        if done or not failed:
            text = ngettext("%d event was processed.", "%d events were processed.", done) % done
            messages.info(request, text if done else _("All of them were processed already."))

    def has_process_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("payments.change_webhookevent")


def _last_error(row: WebhookEvent) -> str:
    row.refresh_from_db()
    return row.last_error


@admin.register(ReconcileRun)
class ReconcileRunAdmin(ReadOnlyAdmin):
    list_display = ["started_at", "finished_at", "events_seen", "payments_checked", "last_error"]
