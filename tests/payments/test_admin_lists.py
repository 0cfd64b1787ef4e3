"""The lists of orders, payments, mails and people, however long they are."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone
from django.utils.timezone import make_aware

from accounts.models import User
from orders.models import Order, OrderLine, OutgoingMail
from orders.status import Status
from payments.models import Difference, Dispute, Payment, ReconcileRun, Refund, WebhookEvent
from tests import factories
from tests.catalog.test_list_index import plan

pytestmark = pytest.mark.django_db

LISTS = ["orders/shippingrate", "accounts/user"]  # of the others tests/payments/test_admin.py says it


@pytest.fixture
def print_(db):
    return factories.variant(sku="FF-A3")


def order(print_, nth, **fields):
    """An order with a row in every list."""
    made = factories.order(variants=[(print_, 1)], status=Status.PAID, **fields)
    payment = Payment.objects.create(
        order=made,
        status="succeeded",
        amount_minor=4900,
        currency="EUR",
        session_id=f"cs_{nth}",
        payment_intent_id=f"pi_{nth}",
    )
    Refund.objects.create(payment=payment, amount_minor=100, currency="EUR", stripe_id=f"re_{nth}")
    Dispute.objects.create(payment=payment, amount_minor=100, currency="EUR", stripe_id=f"dp_{nth}", status="won")
    Difference.objects.create(kind="paid_twice", reference=payment.reference, order=made, detail="5 are being refunded")
    OutgoingMail.objects.create(order=made, kind="confirmed", to=made.email)
    stripe = {"stripe_id": f"evt_{nth}", "object_id": f"cs_{nth}", "created_at": timezone.now()}
    WebhookEvent.objects.create(type="checkout.session.completed", order=made, **stripe)
    ReconcileRun.objects.create(started_at=timezone.now())
    User.objects.create(email=f"shopper-{nth}@shop.test", name="Ada Lovelace")
    factories.shipping_rate()
    return made


def listed(client, name, **query):
    return list(client.get(f"/admin/{name}/", query).context["cl"].result_list)


@pytest.mark.parametrize("name", LISTS)
def test_it_asks_as_often_for_many_rows_as_for_few(grace_client, print_, django_assert_max_num_queries, name):
    for number in range(2):
        order(print_, number)
    grace_client.get(f"/admin/{name}/")
    with django_assert_max_num_queries(8) as few:
        assert len(listed(grace_client, name)) >= 2
    for number in range(2, 12):
        order(print_, number)
    with django_assert_max_num_queries(len(few)):
        assert len(listed(grace_client, name)) >= 12


KNOWN = ["abcd", "ABCD-EFGH-2345-6789", "ada@", "love", "lovelace ada", "ff-a", "cs_1", "pi_1", "re_1"]
UNKNOWN = ["nobody", "ada nobody", "cs_", "' | x", "a:* & !b", "— …", "%", "x " * 300]


def test_it_finds_an_order_by_what_staff_know_of_it_and_by_nothing_else(grace_client, print_):
    wanted = order(print_, 1, number="ABCD-EFGH-2345-6789", recipient="Ada Lovelace")
    factories.order(variants=[(factories.variant(), 1)], number="EFGH-2345-6789-ABCD", email="eve@shop.test")
    assert [words for words in KNOWN if listed(grace_client, "orders/order", q=words) != [wanted]] == []
    assert [words for words in UNKNOWN if listed(grace_client, "orders/order", q=words)] == []


HANGING = {
    "payments/payment": ["abcd", "cs_1", "pi_1"],
    "payments/refund": ["abcd", "re_1"],
    "payments/webhookevent": ["abcd", "evt_1", "cs_1"],
    "payments/difference": ["abcd", "cs_1", "pi_1", "re_1", "dp_1"],
    "orders/outgoingmail": ["abcd", "bob@"],
}


def test_it_finds_what_hangs_on_an_order(grace_client, print_):
    order(print_, 1, number="ABCD-EFGH-2345-6789", email="bob@shop.test")
    order(print_, 2)
    asked = [(name, words) for name, each in HANGING.items() for words in each]
    assert [each for each in asked if len(listed(grace_client, each[0], q=each[1])) != 1] == []


def test_it_finds_people_by_address_and_name(grace_client, ada):
    User.objects.filter(pk=ada.pk).update(name="Ada Lovelace")
    for words in ("ada@", "love", "ADA lovel"):
        assert listed(grace_client, "accounts/user", q=words) == [ada]


def test_it_shows_which_orders_need_attention(grace_client, print_):
    differs = order(print_, 1)
    Difference.objects.exclude(order=differs).delete()
    unsent = factories.order(variants=[(print_, 1)])
    OutgoingMail.objects.create(order=unsent, kind="confirmed", to="x@shop.test", failed_at=timezone.now())
    factories.order(variants=[(print_, 1)])
    Difference.objects.create(kind="unmatched", reference="cs_nobody", detail="of no order")
    assert listed(grace_client, "orders/order", attention="yes") == [unsent, differs]


def test_it_reaches_old_orders_by_year_and_month(grace_client, print_):
    old, older = (factories.order(variants=[(print_, 1)]) for _two in range(2))
    this_year = timezone.localdate().year
    for row, month in ((older, 2), (old, 3)):
        Order.objects.filter(pk=row.pk).update(placed_at=make_aware(timezone.datetime(this_year - 2, month, 14)))
    factories.order(variants=[(print_, 1)])

    def offered(address):
        found = grace_client.get(address).context["cl"]
        (spec,) = [one for one in found.filter_specs if one.title == "placed"]
        return {str(one["display"]).strip(): f"/admin/orders/order/{one['query_string']}" for one in spec.choices(found)}

    first = offered("/admin/orders/order/")
    assert [name for name in first if name.isdigit()] == [str(this_year - back) for back in range(3)]
    year = first[str(this_year - 2)]
    assert list(grace_client.get(year).context["cl"].result_list) == [older, old]
    month = offered(year)[f"March {this_year - 2}"]
    assert list(grace_client.get(month).context["cl"].result_list) == [old]
    assert offered(month)[f"March {this_year - 2}"]


SEARCHES = [
    (Order.objects.filter(number__istartswith="ab"), "orders_number_begins"),
    (Order.objects.filter(email__istartswith="ada"), "orders_email_begins"),
    (Order.objects.filter(recipient__word="ada"), "orders_recipient_words"),
    (OrderLine.objects.filter(sku__istartswith="ff"), "orders_line_sku"),
    (OutgoingMail.objects.filter(to__istartswith="ada"), "orders_mail_to"),
    (WebhookEvent.objects.filter(object_id="cs_1"), "payments_event_object"),
    (Difference.objects.filter(order__payments__session_id="cs_1"), "payments_difference_order_id"),
    (Difference.objects.filter(order__payments__refunds__stripe_id="re_1"), "payments_difference_order_id"),
]


@pytest.mark.parametrize(("rows", "name"), SEARCHES)
def test_it_searches_by_an_index(rows, name):
    assert name in plan(*rows.order_by().values("pk").query.sql_with_params())


def test_it_notices_a_search_without_an_index():
    found = plan(*Order.objects.filter(carrier__istartswith="x").order_by().values("pk").query.sql_with_params())
    assert "SCAN" in found if connection.vendor == "sqlite" else "Seq Scan" in found
