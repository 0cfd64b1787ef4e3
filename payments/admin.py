"""The money in the admin, to read: what was tried, what came, what went back, and what does not agree with Stripe."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin import EmptyFieldListFilter
from django.utils.translation import gettext_lazy as _

from accounts.long_lists import DateFilter
from orders.readonly import ReadOnlyAdmin
from payments.desk_admin import DifferenceAdmin
from payments.inbox_admin import WebhookEventAdmin
from payments.models import Dispute, Payment, ReconcileRun, Refund
from payments.order_admin import OrderAdmin

__all__ = ["DifferenceAdmin", "OrderAdmin", "WebhookEventAdmin"]  # found here by the admin


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


@admin.register(ReconcileRun)
class ReconcileRunAdmin(ReadOnlyAdmin):
    list_display = ["started_at", "finished_at", "read_until", "events_seen", "payments_checked", "last_error"]
