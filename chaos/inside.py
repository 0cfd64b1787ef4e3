"""What must be done with the shop's own settings: `python -m chaos.inside VERB` prints JSON."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.request import Request, urlopen

import django
from django.core.management import call_command

CURRENCY = "EUR"
DEEP, SHALLOW = 10_000_000, 8  # units of a variant at the beginning

# The codes of chaos/plan.py; what each takes off is also in chaos/judge.py, as sums of its own.
TERMS: dict[str, dict[str, int]] = {
    "TENTH": {"percent": 10},
    "FEW": {"amount_minor": 500, "most_uses": 25},
    "GIFT": {"percent": 100},
}


def prepare(staff: str) -> dict[str, Any]:
    """Migrate an empty database, fill it with a small catalogue and so many members of staff."""
    from django.contrib.auth.hashers import make_password

    from accounts.models import User
    from chaos.plan import PLENTY, SCARCE
    from orders.models import ShippingRate
    from promotions.models import Promotion

    call_command("migrate", verbosity=0, interactive=False)
    ShippingRate.objects.create(name="Tracked parcel", price_minor=590, currency=CURRENCY, countries=["DE", "FR"])
    password = secrets.token_urlsafe(12)
    people = [f"staff-{number}@chaos.test" for number in range(int(staff))]
    hashed = make_password(password)
    for email in people:
        User.objects.create(email=email, password=hashed, name="Grace Hopper", is_staff=True, is_superuser=True)
    for code, terms in TERMS.items():
        Promotion.objects.create(code=code, currency=CURRENCY, **terms)
    variants = [_variant(number, scarce=number >= PLENTY) for number in range(PLENTY + SCARCE)]
    return {"variants": variants, "staff": people, "password": password}


def _variant(number: int, *, scarce: bool) -> dict[str, Any]:
    from catalog import stock
    from catalog.models import Product, Variant

    title = f"{'Scarce' if scarce else 'Common'} print number {number}."
    product = Product.objects.create(title=title, slug=f"print-{number}", is_published=True, requires_shipping=number % 4 != 3)
    made = Variant.objects.create(product=product, sku=f"CH-{number}", price_minor=1900 + 100 * number, currency=CURRENCY)
    units = SHALLOW if scarce else DEEP
    stock.adjust(made.pk, units, by="chaos", reference="supply")
    return {"id": made.pk, "title": title, "scarce": scarce, "units": units, "price": made.price_minor}


def calm(passes: str, minutes: str) -> dict[str, int]:
    """So often: time passes, the background work is done, and Stripe delivers what came of it. Answers how much was moved."""
    from django.conf import settings

    from orders.emails import send_due

    moved = 0
    for _each in range(int(passes)):
        moved += _later(timedelta(minutes=int(minutes)))
        call_command("worker", once=True)
        while send_due():  # it takes a hundred at a time
            pass
        with urlopen(Request(f"{settings.STRIPE_API_BASE}/_sandbox/deliveries/wait", b'{"timeout": 5}')) as answer:
            answer.read()
    return {"moved": moved}


def _later(by: timedelta) -> int:
    """Every clock that the shop reads from its rows is set back."""
    from django.db.models import F

    from orders.models import Order, OutgoingMail
    from payments.models import Payment, ReconcileRun, Refund, WebhookEvent

    moved = 0
    clocks: list[tuple[Any, str]] = [
        (Payment, "created_at"), (Payment, "checked_at"), (Refund, "created_at"), (Refund, "checked_at"),
        (WebhookEvent, "received_at"), (ReconcileRun, "started_at"), (ReconcileRun, "finished_at"),
        (ReconcileRun, "read_until"),
        (OutgoingMail, "next_try_at"), (OutgoingMail, "claimed_until"), (Order, "expires_at"),
    ]  # fmt: skip
    for model, field in clocks:
        moved += model.objects.filter(**{f"{field}__isnull": False}).update(**{field: F(field) - by})
    return moved


def facts() -> dict[str, Any]:
    """What the shop's books say, for chaos/judge.py."""
    from catalog.models import Variant
    from orders.emails import message_id
    from orders.models import Order, OrderEvent, OutgoingMail
    from orders.status import OPEN, SOLD, Status
    from payments.models import Difference, Dispute, Payment, Refund, WebhookEvent
    from promotions.models import Promotion

    def rows(queryset: Any, *fields: str) -> list[dict[str, Any]]:
        return list(queryset.order_by("pk").values(*fields))

    orders = rows(
        Order.objects, "pk", "number", "status", "way", "currency", "email", "total_minor", "paid_minor", "refunded_minor",
        "shipping_minor", "discount_minor", "discount_code", "shipped_at",
    )  # fmt: skip
    lines: dict[int, list[dict[str, Any]]] = {order["pk"]: [] for order in orders}
    for line in _lines():
        lines[line.pop("order")].append(line)
    paid = OrderEvent.objects.filter(to_status=Status.PAID).exclude(from_status__in=SOLD)
    fulfilled = list(paid.values_list("order__number", flat=True))
    mails = [
        {"id": message_id(mail), "order": mail.order.number, "kind": mail.kind, "reference": mail.reference, "to": mail.to,
         "sent": mail.sent_at is not None, "attempts": mail.attempts}
        for mail in OutgoingMail.objects.select_related("order").order_by("pk").iterator()
    ]  # fmt: skip
    return {
        "orders": [
            {**order, "lines": lines[order["pk"]], "is_sold": order["status"] in SOLD, "is_open": order["status"] in OPEN}
            for order in orders
        ],
        "fulfilled": fulfilled,
        "payments": rows(
            Payment.objects, "reference", "order__number", "status", "amount_minor", "session_id", "payment_intent_id"
        ),
        "refunds": rows(Refund.objects, "reference", "stripe_id", "status", "booked", "amount_minor", "payment__reference"),
        "mails": mails,
        "events": rows(WebhookEvent.objects, "stripe_id", "deliveries", "processed_at", "last_error"),
        "differences": rows(Difference.objects, "kind", "reference", "order__number", "detail"),
        "variants": rows(Variant.objects, "pk", "stock_on_hand", "stock_reserved", "stock_oversold", "price_minor"),
        "codes": rows(Promotion.objects, "code", "uses", "most_uses"),
        "disputes": rows(Dispute.objects, "stripe_id", "status", "lost_minor", "payment__reference"),
    }


def _lines() -> list[Any]:
    from orders.models import OrderLine

    fields = ("order", "variant", "quantity", "restocked_quantity", "unit_price_minor")
    return list(OrderLine.objects.order_by("pk").values(*fields))


VERBS: dict[str, Callable[..., Any]] = {"prepare": prepare, "calm": calm, "facts": facts}

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
    django.setup()
    verb, *words = sys.argv[1:]
    json.dump(VERBS[verb](*words), sys.stdout, default=str)
