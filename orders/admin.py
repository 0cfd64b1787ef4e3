"""Shipping rates and the mail queue. Orders themselves need payments too: payments/order_admin.py shows them."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.admin import EmptyFieldListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.long_lists import DateFilter
from orders.emails import try_again
from orders.forms import ShippingRateForm
from orders.models import OutgoingMail, ShippingRate
from orders.readonly import ReadOnlyAdmin


@admin.register(ShippingRate)
class ShippingRateAdmin(admin.ModelAdmin):
    form = ShippingRateForm
    list_display = ["name", "price_text", "days", "country_count", "position", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name"]
    fields = ["name", "price_minor", "countries", "min_days", "max_days", "position", "is_active"]

    @admin.display(description=_("price"), ordering="price_minor")
    def price_text(self, rate: ShippingRate) -> str:
        return str(rate.price)

    @admin.display(description=_("days"))
    def days(self, rate: ShippingRate) -> str:
        return f"{rate.min_days}–{rate.max_days}"

    @admin.display(description=_("countries"))
    def country_count(self, rate: ShippingRate) -> str:
        return ", ".join(rate.countries) if len(rate.countries) <= 5 else str(len(rate.countries))


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "kind", "to", "order", "state", "attempts", "last_error"]
    list_display_links = ["created_at"]
    list_filter = ["kind", ("sent_at", EmptyFieldListFilter), ("failed_at", EmptyFieldListFilter), ("created_at", DateFilter)]
    list_select_related = ["order"]
    search_fields = ["order__number__istartswith", "to__istartswith"]
    search_help_text = _("How the order's number or the e-mail address begins")
    fields = ["order", "kind", "reference", "to", "created_at", "state", "sent_at", "attempts", "next_try_at", "last_error"]
    actions = ["send_again"]

    @admin.display(description=_("state"))
    def state(self, mail: OutgoingMail) -> str:
        return mail.state

    @admin.action(description=_("Try again to send"), permissions=["resend"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[OutgoingMail]) -> None:
        count = try_again(queryset)
        text = ngettext("%d mail goes out now.", "%d mails go out now.", count) % count
        messages.info(request, text if count else _("All of them were sent already."))

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.change_outgoingmail")
