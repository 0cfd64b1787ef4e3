"""The webhook inbox in the admin: what Stripe told, what came of it, and what is still owed."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.counts import counted_since
from accounts.long_lists import DateFilter
from orders.readonly import ReadOnlyAdmin
from payments.dry_run import dry_run
from payments.gateway import GatewayError
from payments.inbox import process_again
from payments.models import WebhookEvent
from payments.order_tools import stripe_said
from payments.patience import at_most, seconds_left

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 20  # that staff wait for Stripe at most, however many events are ticked
LONGEST = 500  # of what is said about one that failed
REFUSED = {
    "signature": _("not signed with one of our secrets, or too old"),
    "unsigned": _("without a signature"),
    "size": _("too large"),
}
SHOWN = timedelta(hours=24)


class EventStateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"
    states = {
        "failed": (_("Failed"), Q(processed_at=None, dead_at=None) & ~Q(last_error="")),
        "dead": (_("Given up"), Q(processed_at=None, dead_at__isnull=False)),
        "waiting": (_("Waiting"), Q(processed_at=None, dead_at=None, last_error="")),
        "processed": (_("Processed"), Q(processed_at__isnull=False)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(state, label) for state, (label, _rows) in self.states.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> QuerySet[WebhookEvent]:
        state = self.states.get(self.value() or "")
        return queryset.filter(state[1]) if state else queryset


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    list_display = [
        "received_at", "type", "order", "object_id", "signature", "deliveries", "attempts", "duration_ms", "outcome_text",
        "next_try",
    ]  # fmt: skip
    list_filter = [EventStateFilter, ("received_at", DateFilter), "livemode"]
    list_select_related = ["order"]
    search_fields = [
        "stripe_id", "object_id", "order__number__istartswith", "order__payments__session_id",
        "order__payments__payment_intent_id", "order__payments__refunds__stripe_id", "order__payments__disputes__stripe_id",
    ]  # fmt: skip
    search_help_text = _("A whole id of Stripe's: evt_…, cs_…, pi_…, re_…, dp_…; or how the order's number begins")
    actions = ["process_again"]
    change_list_template = "admin/payments/inbox_list.html"
    change_form_template = "admin/payments/inbox_event.html"
    fields = [
        "stripe_id", "type", "object_id", "order", "livemode", "created_at", "received_at", "signature", "deliveries",
        "attempts", "failures", "duration_ms", "outcome", "last_error", "processed_at", "next_try", "dead_at",
    ]  # fmt: skip

    @admin.display(description=_("signature"))
    def signature(self, row: WebhookEvent) -> str:
        if row.signed_by:
            return str(_("good, secret no. %d") % row.signed_by)
        return str(_("good") if row.deliveries else _("not delivered: found by asking Stripe"))

    @admin.display(description=_("outcome"))
    def outcome_text(self, row: WebhookEvent) -> str:
        return row.outcome or row.last_error or str(_("waiting"))

    @admin.display(description=_("next try"))
    def next_try(self, row: WebhookEvent) -> str:
        if row.processed_at:
            return ""
        if row.dead_at:
            return str(_("given up"))
        now = timezone.now()
        return str(_("soon")) if row.next_try_at is None or row.next_try_at <= now else f"{row.next_try_at:%Y-%m-%d %H:%M} UTC"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With what is owed, and what was refused at the door and left no row."""
        owed = WebhookEvent.objects.filter(processed_at=None).aggregate(
            dead=Count("pk", filter=Q(dead_at__isnull=False)),
            failed=Count("pk", filter=Q(dead_at=None) & ~Q(last_error="")),
            waiting=Count("pk", filter=Q(last_error="")),
        )
        hours = counted_since("webhook:", timezone.now() - SHOWN)
        refused = [(hour, REFUSED[cause], times) for hour, cause, times in hours if cause in REFUSED]
        return super().changelist_view(request, {"owed": owed, "refused": refused[::-1], **(extra_context or {})})

    @admin.action(description=_("Process again"), permissions=["process"])
    def process_again(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        """Do what is still owed, and once more what was done: perhaps it has an effect now that it had not."""
        done, failed = 0, []
        with at_most(PATIENCE_SECONDS):
            for row in WebhookEvent.objects.filter(pk__in=queryset.values("pk")).order_by("id"):
                if not seconds_left(otherwise=PATIENCE_SECONDS):
                    messages.warning(request, _("Stripe takes too long; the rest was left as it is."))
                    break
                try:
                    process_again(row)
                    done += 1
                except Exception as error:  # whatever it is: one poisonous event does not stop the others
                    log.warning("Webhook %s %s was not processed: %s", row.type, row.stripe_id, error)
                    failed.append(f"{row.stripe_id}: {type(error).__name__}: {error}"[:LONGEST])
        if failed:
            text = ngettext("%d event failed again.", "%d events failed again.", len(failed)) % len(failed)
            messages.error(request, f"{text} {failed[0]}")
        if done:
            text = ngettext("%d event was processed.", "%d events were processed.", done) % done
            messages.info(request, text)

    def has_process_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("payments.change_webhookevent")

    # -- What can be done with one

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.do)
        return [path("<path:object_id>/do/<str:name>/", view, name="payments_webhookevent_do"), *super().get_urls()]

    def do(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Process it again, or say what that would change."""
        row = self.get_object(request, unquote(object_id))
        if row is None or name not in ("again", "dry-run"):
            raise Http404
        if not (self.has_view_permission(request, row) and self.has_process_permission(request)):
            raise PermissionDenied
        if request.method == "POST" and name == "again":
            self.process_again(request, WebhookEvent.objects.filter(pk=row.pk))
        elif request.method == "POST":
            self._dry_run(request, row)
        return redirect(reverse("admin:payments_webhookevent_change", args=[row.pk]))

    def _dry_run(self, request: HttpRequest, row: WebhookEvent) -> None:
        try:
            with at_most(PATIENCE_SECONDS):
                for sentence in dry_run(row):
                    messages.info(request, sentence)
        except GatewayError as error:
            messages.error(request, stripe_said(error))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"may_process": self.has_process_permission(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)
