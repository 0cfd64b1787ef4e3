"""The money in the admin, to read: what was tried, what came, what went back, and what does not agree with Stripe."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.admin import EmptyFieldListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from orders.readonly import ReadOnlyAdmin
from payments.models import Difference, Payment, ReconcileRun, Refund, WebhookEvent
from payments.order_admin import OrderAdmin

__all__ = ["OrderAdmin"]  # found here by the admin


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "order", "amount_text", "status", "payment_intent_id", "checked_at", "last_error"]
    list_filter = ["status", "livemode", "created_at"]
    list_select_related = ["order"]
    search_fields = ["=order__number", "=session_id", "=payment_intent_id", "=reference"]
    sortable_by = ()
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
    list_filter = ["status", "created_at"]
    list_select_related = ["payment__order"]
    search_fields = ["=payment__order__number", "=stripe_id", "=reference"]
    sortable_by = ()
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


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "type", "order", "object_id", "deliveries", "processed_at", "outcome", "last_error"]
    list_filter = [("processed_at", EmptyFieldListFilter), "received_at", "livemode"]
    list_select_related = ["order"]
    search_fields = ["=stripe_id", "=object_id", "=type", "=order__number"]
    sortable_by = ()


@admin.register(Difference)
class DifferenceAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "kind", "order", "detail", "reference", "resolved_at", "resolved_by"]
    list_filter = [("resolved_at", EmptyFieldListFilter), "kind", "created_at"]
    list_select_related = ["order"]
    search_fields = ["=reference", "=order__number", "detail"]
    sortable_by = ()
    actions = ["mark_resolved"]

    @admin.action(description=_("Mark as resolved"), permissions=["resolve"])
    def mark_resolved(self, request: HttpRequest, queryset: QuerySet[Difference]) -> None:
        """Note that a person has dealt with them; who was first stays."""
        open_ones = Difference.objects.filter(pk__in=queryset.values("pk"), resolved_at=None)
        count = open_ones.update(resolved_at=timezone.now(), resolved_by=str(request.user))
        text = ngettext("%d difference is marked as resolved.", "%d differences are marked as resolved.", count) % count
        messages.info(request, text if count else _("All of them were resolved already."))

    def has_resolve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("payments.change_difference")


@admin.register(ReconcileRun)
class ReconcileRunAdmin(ReadOnlyAdmin):
    list_display = ["started_at", "finished_at", "events_seen", "payments_checked"]
    sortable_by = ()
