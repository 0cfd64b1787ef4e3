"""The payment desk in the admin: every disagreement, the open ones first, with what can be done about each."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.long_lists import DateFilter
from orders.readonly import ReadOnlyAdmin
from payments.desk import MEANS, dashboard, timeline
from payments.desk_repairs import REPAIRS, Repair, offered, repair, resolve
from payments.models import Difference
from payments.order_tools import NotDone
from payments.patience import at_most

PATIENCE_SECONDS = 20  # that staff wait for Stripe at most


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"
    states = {"open": (_("Open"), Q(resolved_at=None)), "resolved": (_("Resolved"), Q(resolved_at__isnull=False))}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(state, label) for state, (label, _rows) in self.states.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Difference]) -> QuerySet[Difference]:
        state = self.states.get(self.value() or "")
        return queryset.filter(state[1]) if state else queryset


class NoteForm(forms.Form):
    note = forms.CharField(label=_("What was done"), max_length=500)


@admin.register(Difference)
class DifferenceAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "kind", "order", "detail", "reference", "resolved_at", "resolved_by"]
    list_filter = [StateFilter, "kind", ("created_at", DateFilter)]
    list_select_related = ["order"]
    search_fields = [
        "reference", "order__number__istartswith", "detail__icontains", "order__payments__session_id",
        "order__payments__payment_intent_id", "order__payments__refunds__stripe_id", "order__payments__disputes__stripe_id",
    ]  # fmt: skip
    search_help_text = _(
        "A whole id of Stripe's: cs_…, pi_…, re_…, dp_…; how the order's number begins, or a part of what differs"
    )
    actions = ["mark_resolved"]
    change_list_template = "admin/payments/desk_list.html"

    class Media:
        css = {"all": ["css/admin-orders.css"]}

    def get_ordering(self, request: HttpRequest) -> Any:
        return [F("resolved_at").desc(nulls_first=True), "-id"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        open_ones = Difference.objects.filter(resolved_at=None).order_by().values_list("kind").annotate(Count("id"))
        counts = [(kind, Difference.Kind(kind).label, count) for kind, count in sorted(open_ones)]
        context = {"open_counts": counts, "title": _("Payment desk"), **(extra_context or {})}
        return super().changelist_view(request, context)

    @admin.action(description=_("Mark as resolved"), permissions=["resolve"])
    def mark_resolved(self, request: HttpRequest, queryset: QuerySet[Difference]) -> None:
        """Note that a person has dealt with them; who was first stays."""
        open_ones = Difference.objects.filter(pk__in=queryset.values("pk"), resolved_at=None)
        count = open_ones.update(resolved_at=timezone.now(), resolved_by=str(request.user))
        text = ngettext("%d difference is marked as resolved.", "%d differences are marked as resolved.", count) % count
        messages.info(request, text if count else _("All of them were resolved already."))

    def has_resolve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("payments.change_difference")

    # -- The page of one

    def get_urls(self) -> list[URLPattern]:
        address = path(
            "<path:object_id>/repair/<str:name>/", self.admin_site.admin_view(self.repair), name="payments_difference_repair"
        )
        return [address, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if request.method == "POST" or not self.has_view_permission(request, row):
            raise PermissionDenied
        return self._show(request, row, NoteForm())

    def repair(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Do what was pressed and come back to the page."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not (self.has_view_permission(request, row) and self.has_resolve_permission(request)):
            raise PermissionDenied
        page = reverse("admin:payments_difference_change", args=[row.pk])
        if request.method != "POST":
            return redirect(page)
        if name == "resolve":
            form = NoteForm(request.POST)
            if not form.is_valid():
                return self._show(request, row, form)
            done = resolve(row, by=str(request.user), note=form.cleaned_data["note"])
            messages.info(request, _("Marked as resolved.") if done else _("It was resolved before."))
            return redirect(page)
        if not self._may(request, name):
            raise PermissionDenied
        try:
            with at_most(PATIENCE_SECONDS):
                messages.success(request, repair(row, name, by=str(request.user)))
        except NotDone as error:
            messages.error(request, str(error))
        return redirect(page)

    def _may(self, request: HttpRequest, name: str) -> bool:
        needed = REPAIRS[name].permission if name in REPAIRS else ""
        return not needed or request.user.has_perm(needed)

    def _show(self, request: HttpRequest, row: Difference, form: NoteForm) -> HttpResponse:
        repairs: list[Repair] = [
            each for each in offered(row) if self.has_resolve_permission(request) and self._may(request, each.name)
        ]
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "title": row.get_kind_display(), "row": row,
            "means": MEANS[row.kind], "repairs": repairs, "timeline": timeline(row), "form": form,
            "may_resolve": self.has_resolve_permission(request) and not row.resolved_at, "media": self.media,
            "at_stripe": dashboard(row.reference) if "_" in row.reference else "",
        }  # fmt: skip
        return TemplateResponse(request, "admin/payments/desk.html", context, status=422 if form.errors else 200)
