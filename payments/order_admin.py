"""Orders in the admin: a list that answers questions, a page to read, and buttons for what may be done."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.long_lists import DateFilter
from money import Money
from orders.models import Order, OrderEvent, OrderLine, OutgoingMail
from orders.readonly import ReadOnlyAdmin, ReadOnlyInline
from orders.status import Status
from payments.disputes import in_words, left_to_refund, orders_without_money, shipping_refusal
from payments.models import Difference, Dispute, Payment, Refund
from payments.order_filters import AttentionFilter, CountryFilter, PaidFilter
from payments.order_tools import TOOLS, NotDone, Tool
from payments.refund_page import refund_part

NOTHING = "—"


class LineInline(ReadOnlyInline):
    model = OrderLine
    fields = [
        "picture", "sku", "title", "options_text", "quantity", "unit_price_text", "discount_text", "total_text",
        "refunded_quantity", "restocked_quantity",
    ]  # fmt: skip

    @admin.display(description=_("picture"))
    def picture(self, line: OrderLine) -> str:
        if not line.image_url:
            return NOTHING
        return format_html('<img class="order-picture" src="{}" alt="" width="48" height="48" loading="lazy">', line.image_url)

    @admin.display(description=_("unit price"))
    def unit_price_text(self, line: OrderLine) -> str:
        return str(line.unit_price)

    @admin.display(description=_("discount"))
    def discount_text(self, line: OrderLine) -> str:
        return _or_nothing(line.discount)

    @admin.display(description=_("total"))
    def total_text(self, line: OrderLine) -> str:
        return str(line.total)


class EventInline(ReadOnlyInline):
    model = OrderEvent
    fields = ["at", "what", "from_status", "to_status", "by"]


class PaymentInline(ReadOnlyInline):
    model = Payment
    fields = [
        "created_at",
        "amount_text",
        "status",
        "session_id",
        "payment_intent_id",
        "checked_at",
        "last_error",
    ]

    @admin.display(description=_("amount"))
    def amount_text(self, payment: Payment) -> str:
        return str(payment.amount)


class MailInline(ReadOnlyInline):
    model = OutgoingMail
    fields = ["created_at", "kind", "to", "state", "sent_at", "last_error"]

    @admin.display(description=_("state"))
    def state(self, mail: OutgoingMail) -> str:
        return mail.state


class DifferenceInline(ReadOnlyInline):
    model = Difference
    fields = ["created_at", "kind", "detail", "reference", "resolved_at", "resolved_by"]


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = [
        "number_text", "placed_on", "status_badge", "attention",
        "total_text", "paid_text", "refunded_text", "item_count", "email",
    ]  # fmt: skip
    list_filter = ["status", AttentionFilter, PaidFilter, ("placed_at", DateFilter), CountryFilter]
    search_fields = [
        "number__istartswith", "email__istartswith", "recipient__word", "lines__sku__istartswith",
        "payments__session_id", "payments__payment_intent_id", "payments__refunds__stripe_id",
    ]  # fmt: skip
    search_help_text = _(
        "How a number, an e-mail address or a SKU begins, a word of the recipient, or a whole id of Stripe's: cs_…, pi_…, re_…"
    )
    inlines = [LineInline, EventInline, PaymentInline, MailInline, DifferenceInline]
    fieldsets = [
        (None, {"fields": [
            ("number_text", "status_badge", "attention"), ("email", "user"), ("placed_at", "expires_at", "paid_at"),
        ]}),
        (_("Money"), {"fields": [
            ("subtotal_text", "discount_text", "shipping_text", "tax_text", "total_text"),
            ("paid_text", "refunded_text", "way"), "refunds", "disputes",
        ]}),
        (_("Parcel"), {"fields": [
            ("requires_shipping", "shipping_name"), ("recipient", "address_text"), ("shipped_at", "carrier", "tracking_number"),
        ]}),
    ]  # fmt: skip

    class Media:
        css = {"all": ["css/admin-orders.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        lines = OrderLine.objects.filter(order=OuterRef("pk")).order_by().values("order")
        return (
            super()
            .get_queryset(request)
            .annotate(
                items=Subquery(lines.annotate(units=Sum("quantity")).values("units"), output_field=IntegerField()),
                attention=_needs_attention(),
            )
        )

    @admin.display(description=_("number"))
    def number_text(self, order: Order) -> SafeString:
        return format_html('<span class="order-number">{}</span>', order.number)

    @admin.display(description=_("placed"))
    def placed_on(self, order: Order) -> str:
        return date_format(localtime(order.placed_at), "SHORT_DATE_FORMAT")

    @admin.display(description=_("status"))
    def status_badge(self, order: Order) -> SafeString:
        return format_html('<span class="order-status order-status-{}">{}</span>', order.status, order.get_status_display())

    @admin.display(description=_("pieces"))
    def item_count(self, order: Any) -> int:
        return order.items or 0

    @admin.display(description=_("attention"))
    def attention(self, order: Any) -> SafeString | str:
        return format_html('<strong class="order-attention">{}</strong>', _("Yes")) if order.attention else NOTHING

    @admin.display(description=_("goods"))
    def subtotal_text(self, order: Order) -> str:
        return str(order.subtotal)

    @admin.display(description=_("discount"))
    def discount_text(self, order: Order) -> str:
        return " ".join(filter(None, [_or_nothing(order.discount), order.discount_code]))

    @admin.display(description=_("shipping"))
    def shipping_text(self, order: Order) -> str:
        return str(order.shipping)

    @admin.display(description=_("tax"))
    def tax_text(self, order: Order) -> str:
        return gettext("%s included") % order.included_tax if order.included_tax_minor else _or_nothing(order.tax)

    @admin.display(description=_("total"))
    def total_text(self, order: Order) -> str:
        return str(order.total)

    @admin.display(description=_("paid"))
    def paid_text(self, order: Order) -> str:
        return _or_nothing(order.paid)

    @admin.display(description=_("refunded"))
    def refunded_text(self, order: Order) -> str:
        return _or_nothing(order.refunded)

    @admin.display(description=_("address"))
    def address_text(self, order: Order) -> str:
        return "\n".join(order.address_lines) or NOTHING

    @admin.display(description=_("refunds"))
    def refunds(self, order: Order) -> str:
        rows = Refund.objects.filter(payment__order=order).prefetch_related("lines__line")
        told = ([str(row), _for(row), row.by, row.reason, row.last_error or row.stripe_id or ""] for row in rows)
        return "\n".join(" · ".join(filter(None, parts)) for parts in told) or NOTHING

    @admin.display(description=_("disputes"))
    def disputes(self, order: Order) -> str:
        return "\n".join(map(in_words, Dispute.objects.filter(payment__order=order))) or NOTHING

    # -- What may be done

    def get_urls(self) -> list[URLPattern]:
        do = path("<path:object_id>/do/<str:name>/", self.admin_site.admin_view(self.do), name="orders_order_do")
        part = path("<path:object_id>/refund/", self.admin_site.admin_view(self.refund_part), name="orders_order_refund")
        return [do, part, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        order = self.get_object(request, unquote(object_id))
        tools = [tool for tool in TOOLS.values() if order and tool.offered(order) and request.user.has_perm(tool.permission)]
        part = order and left_to_refund(order) and request.user.has_perm("payments.add_refund")
        warning = shipping_refusal(order) if order and order.status == Status.PAID else ""
        context = {"tools": tools, "offers_part_refund": part, "warning": warning, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def refund_part(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Units of lines, shipping or an amount: payments/refund_page.py."""
        order = self.get_object(request, unquote(object_id))
        if order is None:
            raise Http404
        if not (self.has_view_permission(request, order) and request.user.has_perm("payments.add_refund")):
            raise PermissionDenied
        return refund_part(self, request, order)

    def do(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Ask for confirmation, then do it and say how it went."""
        order, tool = self.get_object(request, unquote(object_id)), TOOLS.get(name)
        if order is None or tool is None:
            raise Http404
        if not (self.has_view_permission(request, order) and request.user.has_perm(tool.permission)):
            raise PermissionDenied
        page = reverse("admin:orders_order_change", args=[order.pk])
        impossible = _("That is not possible: the order is “%s”.") % order.get_status_display()
        why = tool.refused(order) if tool.offered(order) else impossible
        if request.method != "POST" and why:
            messages.warning(request, why)
            return redirect(page)
        form = tool.form(
            request.POST if request.method == "POST" else None, initial={"amount_minor": left_to_refund(order).minor}
        )
        if not form.is_valid():
            return self._ask(request, order, tool, form)
        try:
            done = tool.act(order, form.cleaned_data, str(request.user))
        except NotDone as error:
            messages.error(request, str(error))
        else:
            self.log_change(request, order, done)
            messages.success(request, done)
        return redirect(page)

    def _ask(self, request: HttpRequest, order: Order, tool: Tool, form: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "title": tool.label, "order": order, "tool": tool,
            "form": form, "left": left_to_refund(order), "media": self.media,
        }  # fmt: skip
        return TemplateResponse(request, "admin/orders/order/do.html", context, status=422 if form.is_bound else 200)


def _needs_attention() -> Q:
    """An unresolved difference from Stripe, a mail that was given up, or a parcel whose money was lost."""
    differences = Difference.objects.filter(order=OuterRef("pk"), resolved_at=None)
    mails = OutgoingMail.objects.filter(order=OuterRef("pk"), failed_at__isnull=False)
    lost = orders_without_money().filter(payment__order=OuterRef("pk"))
    return Q(Exists(differences)) | Exists(mails) | Exists(lost)


def _for(refund: Refund) -> str:
    """What a refund is for: units, shipping."""
    return ", ".join([*map(str, refund.lines.all()), *([gettext("shipping")] if refund.shipping else [])])


def _or_nothing(amount: Money) -> str:
    return str(amount) if amount else NOTHING
