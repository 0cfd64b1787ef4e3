"""What years of trade leave behind, for measuring the admin: orders with all that hangs on them, shoppers, books of the stock.

Rows only, as in bench/catalogue.py: an audit of such a shop would complain.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Model
from django.utils import timezone
from tqdm import tqdm

from accounts.models import User
from bench.catalogue import multiply
from catalog.exchange.models import PictureToFetch
from catalog.models import Product, StockMovement, Variant
from orders.models import Order, OrderEvent, OrderLine, OutgoingMail
from orders.status import SOLD, Status
from payments.models import Difference, Payment, Refund, WebhookEvent

DRAWN = 1_000  # orders made one by one; there are as many days as copies of them, and one
SHOPPERS = 100  # of these orders
WORDS = "slow quiet tidal copper northern folded drifting paper weather harbour meadow lattice signal orbit delta ember".split()
FATES = [Status.SHIPPED] * 70 + [Status.PAID] * 10 + [Status.EXPIRED] * 12 + [Status.CANCELLED] * 5 + [Status.REFUNDED] * 3
DATES: dict[Any, list[str]] = {
    Order: ["placed_at", "expires_at", "paid_at"], OrderEvent: ["at"], OutgoingMail: ["created_at", "sent_at"],
    Payment: ["created_at"], Refund: ["created_at"], Difference: ["created_at"], StockMovement: ["at"],
    WebhookEvent: ["received_at", "created_at", "processed_at"], User: ["date_joined"],
}  # fmt: skip
NAMES: dict[Any, dict[str, str]] = {
    User: {"email": "'{copy}.' || email"},
    Order: {
        "number": "substr(number, 1, 15) || '{copy:04d}'",
        "cart_id": "cart_id || '-{copy}'",
        "email": "'{copy}.' || email",
        "recipient": "recipient || ' {copy}'",
    },
    OrderLine: {},
    OrderEvent: {},
    Payment: {
        "reference": "reference || '-{copy}'",
        "session_id": "session_id || '-{copy}'",
        "payment_intent_id": "payment_intent_id || '-{copy}'",
    },
    Refund: {"reference": "reference || '-{copy}'", "stripe_id": "stripe_id || '-{copy}'"},
    OutgoingMail: {"to": "'{copy}.' || \"to\""},
    WebhookEvent: {"stripe_id": "stripe_id || '-{copy}'"},
    Difference: {"reference": "reference || '-{copy}'"},
    StockMovement: {},
    PictureToFetch: {"url": "url || '-{copy}'"},
}


def load_trade(orders: int, *, quiet: bool = False) -> None:
    """Fill a shop that has a catalogue, and nothing sold yet: `orders` orders, a thousand a day until today.

    Raises ValueError unless they are whole thousands.
    """
    if not orders or orders % DRAWN:
        raise ValueError(f"{orders} orders: take a multiple of {DRAWN}")
    days = orders // DRAWN - 1
    with tqdm(total=orders, unit=" orders", disable=quiet, leave=False) as bar:
        _draw(days)
        bar.update(DRAWN)
        multiply(_changed(), days, lambda: bar.update(DRAWN))
    _thin_out()
    if connection.vendor == "postgresql":  # autovacuum would do it a minute later
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _changed() -> dict[Any, dict[str, str]]:
    """Each copy is a day later."""
    later = "\"{column}\" + interval '{{copy}} days'"
    if connection.vendor == "sqlite":
        later = "strftime('%Y-%m-%d %H:%M:%f', \"{column}\", '+{{copy}} days')"
    return {
        model: names | {column: later.format(column=column) for column in DATES.get(model, [])}
        for model, names in NAMES.items()
    }


def _draw(days: int) -> None:
    shoppers = User.objects.bulk_create(
        User(email=f"shopper-{number}@shop.test", name=_name(number)) for number in range(SHOPPERS)
    )
    orders = Order.objects.bulk_create(_order(number, shoppers) for number in range(DRAWN))
    step = max(1, Variant.objects.count() // (2 * DRAWN))
    variants = list(Variant.objects.select_related("product").order_by("pk")[::step][: 2 * DRAWN])
    hanging: list[Any] = [one for number, order in enumerate(orders) for one in _hanging(number, order, variants)]
    for model in NAMES:
        rows = [one for one in hanging if type(one) is model]
        model.objects.bulk_create(rows)
    for model, columns in DATES.items():
        first: Any = {column: F(column) - timedelta(days=days) for column in columns}
        model.objects.update(**first)


def _order(number: int, shoppers: list[User]) -> Order:
    status = FATES[number % len(FATES)]
    sold, now, total = status in SOLD, timezone.now(), 5490 + number % 90 * 100
    return Order(
        number=f"ABCD-EFGH-{number:04d}-0000", cart_id=f"cart-{number}", cart_revision="1", currency="EUR", status=status,
        user=shoppers[number // 2 % SHOPPERS] if number % 2 else None,
        subtotal_minor=total - 590, shipping_minor=590, total_minor=total, paid_minor=total if sold else 0,
        refunded_minor=total if status == Status.REFUNDED else 0, requires_shipping=True, shipping_name="Tracked parcel",
        email=f"{WORDS[number % len(WORDS)]}-{number}@shop.test", recipient=_name(number),
        address={"line1": f"{number} Long Street", "city": "Berlin", "postal_code": "10115", "country": "DE"},
        expires_at=now, paid_at=now if sold else None,
    )  # fmt: skip


def _hanging(number: int, order: Order, variants: list[Variant]) -> Iterator[Model]:
    """Two lines with their books, a timeline, a payment with its event, mails; now and then a refund or a difference."""
    now, sold = timezone.now(), order.status in SOLD
    for at in (0, 1):
        variant = variants[(2 * number + at) % len(variants)]
        about: dict[str, Any] = {"sku": variant.sku, "title": variant.product.title, "unit_price_minor": variant.price_minor}
        yield OrderLine(order=order, variant=variant, quantity=1 + at, **about)
        yield StockMovement(variant=variant, kind="sale" if sold else "release", delta=-1, reference=order.number, by="shopper")
    if number % 2:
        yield PictureToFetch(product=variant.product, url=f"https://pictures.test/{number}.jpg", due_at=None, error="404")
    for status in (Status.PENDING, order.status):
        yield OrderEvent(order=order, to_status=status, what="As it goes", by="shopper")
    key = f"{number:04d}"
    payment = Payment(
        order=order, reference=f"ref-{key}", status="succeeded" if sold else "expired", amount_minor=order.total_minor,
        currency="EUR", session_id=f"cs_test_{key}", payment_intent_id=f"pi_{key}",
    )  # fmt: skip
    yield payment
    event = "checkout.session.completed" if sold else "checkout.session.expired"
    yield WebhookEvent(stripe_id=f"evt_{key}", type=event, order=order, created_at=now, processed_at=now, deliveries=1)
    if sold:
        yield OutgoingMail(order=order, kind="confirmed", to=order.email, sent_at=now)
    if order.status == Status.REFUNDED:
        yield Refund(
            payment=payment, reference=f"ref-{key}", status="succeeded", amount_minor=order.total_minor, currency="EUR",
            stripe_id=f"re_{key}", by="grace@shop.test", reason="Torn",
        )  # fmt: skip
    if number % 500 == 0:
        resolved = {"resolved_at": now, "resolved_by": "grace@shop.test"} if number else {}
        yield Difference(kind="amount", reference=f"cs_test_{key}", order=order, detail="5 paid, 6 asked", **resolved)


def _name(number: int) -> str:
    first, last = WORDS[number % len(WORDS)], WORDS[number // len(WORDS) % len(WORDS)]
    return f"{first.title()} {last.title()}son"


def _thin_out() -> None:
    """A hundredth of the products is not published, and as many variants are sold out, or nearly."""
    for model, rest, fields in (
        (Product, 0, {"is_published": False}),
        (Variant, 1, {"stock_on_hand": 0}),
        (Variant, 2, {"stock_on_hand": 2}),
    ):
        every: Any = model.objects
        rows = every.annotate(rest=F("pk") % 100).filter(rest=rest)
        rows.update(**fields)
