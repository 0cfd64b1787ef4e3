"""Orders and the money in the admin, with the stand-in for Stripe answering."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from orders.models import Order, OrderEvent, OutgoingMail
from orders.status import Status
from payments.models import Difference, Payment, Refund, WebhookEvent
from payments.settle import settle
from tests import factories

pytestmark = pytest.mark.django_db

LIST = "/admin/orders/order/"
READ_ONLY = ["orders/order", "payments/payment", "payments/refund", "payments/webhookevent", "payments/difference",
             "payments/reconcilerun", "orders/outgoingmail"]  # fmt: skip


def page(order: Order) -> str:
    return reverse("admin:orders_order_change", args=[order.pk])


def do(client: Client, order: Order, name: str, **data: object):
    """Press a tool's last button and follow to the order's page."""
    return client.post(reverse("admin:orders_order_do", args=[order.pk, name]), data, follow=True)


def said(answer) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


def refund_all(client: Client, order: Order, **data: object):
    order.refresh_from_db()
    return do(client, order, "refund", **{"amount_minor": order.refundable.minor, "reason": "Asked by phone", **data})


@pytest.fixture
def paid(shopper) -> Order:
    return settle(shopper.buy(factories.variant(requires_shipping=False, on_hand=5, price_minor=1200), 2), by="test").order


@pytest.fixture
def staff(grace) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(grace)
    return client


def packer(*permissions: str) -> Client:
    """Staff with just these permissions."""
    user = User.objects.create_user("packer@shop.test", None, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def full_order(**fields: object) -> Order:
    """An order with something of everything its page shows."""
    address = {"line1": "1 <Main>", "city": "Berlin", "postal_code": "10115", "country": "DE"}
    order = factories.order(**{"status": Status.PAID, "recipient": "Ada <b>", "address": address, **fields})
    payment = Payment.objects.create(
        order=order, status="succeeded", amount_minor=order.total_minor, currency="EUR",
        session_id=f"cs_test_{order.pk}", payment_intent_id=f"pi_{order.pk}",
    )  # fmt: skip
    Refund.objects.create(payment=payment, amount_minor=500, currency="EUR", stripe_id=f"re_{order.pk}", by="grace@shop.test")
    Difference.objects.create(kind="amount", reference=f"cs_test_{order.pk}", order=order, detail="5 paid, 6 asked")
    OrderEvent.objects.create(order=order, to_status=Status.PAID, what="Paid", by="webhook evt_1")
    OutgoingMail.objects.create(order=order, kind="confirmed", to="ada@shop.test")
    WebhookEvent.objects.create(stripe_id=f"evt_{order.pk}", type="refund.created", created_at=timezone.now(), order=order)
    return order


# -- Looking


def test_it_answers_questions_in_the_list(staff):
    order = full_order(email="ada@shop.test", variants=[(factories.variant(price_minor=1250), 3)])
    content = staff.get(LIST).content.decode()
    for shown in (order.number, "ada@shop.test", "Paid", "€37.50", "order-attention", ">3<"):
        assert shown in content


def test_it_lists_many_orders_with_as_many_queries_as_one(staff, django_assert_num_queries):
    full_order()
    staff.get(LIST)
    with CaptureQueriesContext(connection) as taken:
        staff.get(LIST)
    for _unused in range(5):
        full_order()
    with django_assert_num_queries(len(taken)):
        staff.get(LIST)
    assert len(taken) <= 8


@pytest.mark.parametrize("path", READ_ONLY[1:])
def test_it_lists_many_rows_of_anything_with_as_many_queries_as_one(staff, path, django_assert_num_queries):
    full_order()
    staff.get(f"/admin/{path}/")
    with CaptureQueriesContext(connection) as taken:
        staff.get(f"/admin/{path}/")
    for _unused in range(4):
        full_order()
    with django_assert_num_queries(len(taken)):
        staff.get(f"/admin/{path}/")


@pytest.mark.parametrize("by", ["number", "email", "recipient", "sku", "session", "intent", "refund"])
def test_it_finds_an_order_by_what_staff_have_at_hand(staff, by):
    order = full_order(email="ada@shop.test", recipient="Ada Lovelace")
    other = full_order(email="mallory@shop.test", recipient="Mallory")
    term = {
        "number": order.number.lower(), "email": "ADA@shop", "recipient": "lovelace", "sku": order.lines.get().sku,
        "session": f"cs_test_{order.pk}", "intent": f"pi_{order.pk}", "refund": f"re_{order.pk}",
    }[by]  # fmt: skip
    content = staff.get(LIST, {"q": term}).content.decode()
    assert order.number in content
    assert other.number not in content


@pytest.mark.parametrize(
    "query",
    [{"status__exact": "paid"}, {"attention": "yes"}, {"paid": "yes"}, {"country": "DE"}],
    ids=lambda query: next(iter(query)),
)
def test_it_filters_orders(staff, query):
    wanted, other = full_order(), factories.order(status=Status.PENDING)
    content = staff.get(LIST, query).content.decode()
    assert wanted.number in content
    assert other.number not in content


@pytest.mark.parametrize(
    "query", ["q=%00", "q=" + "x" * 5000, "status__exact=%00", "country=%00", "attention=[]", "p=-1", "o=99"]
)
def test_it_survives_odd_queries(staff, query):
    full_order()
    assert staff.get(f"{LIST}?{query}").status_code in (200, 302, 400)


def test_it_shows_all_of_an_order_escaped(staff):
    order = full_order()
    content = staff.get(page(order)).content.decode()
    for shown in ("1 &lt;Main&gt;<br>10115 Berlin<br>DE", "Ada &lt;b&gt;", "webhook evt_1", f"pi_{order.pk}", f"re_{order.pk}",
                  "5 paid, 6 asked", "confirmed", order.lines.get().sku):  # fmt: skip
        assert shown.casefold() in content.casefold()


@pytest.mark.parametrize("path", READ_ONLY)
def test_it_lets_nobody_add_change_or_delete(staff, path):
    full_order()
    model = {one._meta.label_lower.replace(".", "/"): one for one in (Order, Payment, Refund, WebhookEvent, Difference)}.get(
        path
    )
    assert staff.get(f"/admin/{path}/add/").status_code == 403
    assert staff.get(f"/admin/{path}/").status_code == 200
    if model:
        row = model.objects.first()
        before = model.objects.filter(pk=row.pk).values().get()
        assert staff.get(f"/admin/{path}/{row.pk}/change/").status_code == 200
        assert staff.post(f"/admin/{path}/{row.pk}/change/", {"status": "refunded"}).status_code == 403
        assert staff.post(f"/admin/{path}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
        assert model.objects.filter(pk=row.pk).values().get() == before


def test_it_offers_what_the_state_allows(staff, paid):
    def offered(order: Order) -> list[str]:
        return [tool.name for tool in staff.get(page(order)).context["tools"]]

    assert offered(paid) == ["ship", "refund", "check"]
    assert offered(factories.order(status=Status.PENDING)) == ["cancel"]
    assert offered(factories.order(status=Status.EXPIRED)) == []


# -- Doing


def test_it_asks_before_it_does_anything(staff, paid):
    for name in ("ship", "refund", "check"):
        answer = staff.get(reverse("admin:orders_order_do", args=[paid.pk, name]))
        assert answer.status_code == 200
        assert "csrfmiddlewaretoken" in answer.content.decode()
    paid.refresh_from_db()
    assert paid.status == Status.PAID


def test_it_ships_with_a_tracking_number(staff, paid):
    answer = do(staff, paid, "ship", carrier="DHL", tracking_number="JD0146")
    paid.refresh_from_db()
    assert (paid.status, paid.carrier, paid.tracking_number) == (Status.SHIPPED, "DHL", "JD0146")
    assert "Marked as shipped" in said(answer)
    assert paid.mails.filter(kind="shipped").count() == 1
    assert paid.events.last().by == "grace@shop.test"
    assert LogEntry.objects.filter(object_id=str(paid.pk)).exists()


def test_it_says_why_it_cannot_ship(staff, paid):
    do(staff, paid, "ship", tracking_number="first")
    assert "before" in said(do(staff, paid, "ship", tracking_number="second"))
    paid.refresh_from_db()
    assert paid.tracking_number == "first"
    assert "cannot be shipped" in said(do(staff, factories.order(status=Status.PENDING), "ship"))


def test_it_names_the_field_that_is_too_long(staff, paid):
    answer = do(staff, paid, "ship", carrier="x" * 61, tracking_number="\x00")
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"carrier", "tracking_number"}


def test_it_refunds_in_full_once(staff, paid):
    variant = paid.lines.get().variant
    assert "€24.00 is going back" in said(refund_all(staff, paid, restock="on"))
    paid.refresh_from_db()
    variant.refresh_from_db()
    assert (paid.status, paid.refunded_minor, variant.stock_on_hand) == (Status.REFUNDED, 2400, 5)
    assert "Nothing was changed" in said(do(staff, paid, "refund", amount_minor=2400, reason="again"))
    assert Refund.objects.count() == 1


def test_it_refuses_an_amount_other_than_the_one_that_is_left(staff, paid):
    for amount in (2399, 0, -1, 10**30):
        assert "Nothing was changed" in said(do(staff, paid, "refund", amount_minor=amount, reason="odd"))
    assert do(staff, paid, "refund", amount_minor="", reason="").status_code == 422
    assert not Refund.objects.exists()


def test_it_cancels_an_open_order(staff, shopper):
    variant = factories.variant(requires_shipping=False, on_hand=5)
    order = shopper.put(variant).checkout().order
    assert "Cancelled" in said(do(staff, order, "cancel"))
    order.refresh_from_db()
    variant.refresh_from_db()
    assert (order.status, variant.stock_reserved) == (Status.CANCELLED, 0)
    assert "had ended already" in said(do(staff, order, "cancel"))


def test_it_does_not_cancel_what_was_paid_meanwhile(staff, shopper):
    payment = shopper.buy(factories.variant(requires_shipping=False))
    assert "Refund it instead" in said(do(staff, payment.order, "cancel"))
    payment.order.refresh_from_db()
    assert payment.order.status == Status.PAID


def test_it_books_what_stripe_says_when_asked(staff, shopper):
    payment = shopper.buy(factories.variant(requires_shipping=False))
    assert "“Paid”" in said(do(staff, payment.order, "check"))
    assert "“Paid”" in said(do(staff, payment.order, "check"))
    payment.order.refresh_from_db()
    assert payment.order.status == Status.PAID


def test_it_books_refunds_and_disputes_that_no_event_told_of(staff, shopper):
    payment = shopper.buy(factories.variant(requires_shipping=False, price_minor=2000))
    intent = shopper.intent_of(payment)
    shopper.sandbox.refund(intent, amount=500)
    dispute = shopper.sandbox.dispute(intent, amount=1500)["id"]
    assert "“Paid”" in said(do(staff, payment.order, "check"))
    payment.order.refresh_from_db()
    assert payment.order.refunded_minor == 500
    assert payment.disputes.get().stripe_id == dispute


def test_it_says_that_stripe_does_not_answer(staff, shopper, paid, settings):
    open_order = shopper.put(factories.variant(requires_shipping=False)).checkout().order
    shopper.sandbox.stop()
    try:
        assert "nothing was changed" in said(do(staff, open_order, "cancel"))
        assert "nothing was changed" in said(do(staff, open_order, "check"))
        assert "goes out by itself" in said(refund_all(staff, paid))
    finally:
        shopper.sandbox.start()
    open_order.refresh_from_db()
    assert open_order.status == Status.PENDING
    assert said(do(staff, paid, "check"))
    paid.refresh_from_db()
    assert (paid.status, Refund.objects.count()) == (Status.REFUNDED, 1)


def test_it_leads_back_when_there_is_nothing_to_do(staff):
    order = factories.order(status=Status.EXPIRED)
    answer = staff.get(reverse("admin:orders_order_do", args=[order.pk, "ship"]), follow=True)
    assert answer.redirect_chain
    assert "not possible" in said(answer)


@pytest.mark.parametrize("address", ["x/do/ship/", "999999/do/ship/", "1/do/explode/", "%00/do/ship/"])
def test_it_answers_404_to_what_is_not_there(staff, address):
    factories.order(pk=1)
    assert staff.get(f"{LIST}{address}").status_code == 404


def test_it_wants_a_token_with_every_press(grace, paid):
    client = Client(enforce_csrf_checks=True)
    client.force_login(grace)
    assert do(client, paid, "ship").status_code == 403


# -- Who may


def test_it_lets_only_those_press_who_may(paid):
    client = packer("view_order", "change_order")
    assert [tool.name for tool in client.get(page(paid)).context["tools"]] == ["ship", "check"]
    assert refund_all(client, paid).status_code == 403
    assert "Marked as shipped" in said(do(client, paid, "ship"))


@pytest.mark.parametrize("permissions", [["view_order"], ["delete_order"], []])
def test_it_refuses_those_who_may_not(permissions, paid):
    assert do(packer(*permissions), paid, "ship").status_code == 403
    paid.refresh_from_db()
    assert paid.status == Status.PAID


def test_it_sends_shoppers_to_the_log_in(ada_client, paid):
    answer = ada_client.post(reverse("admin:orders_order_do", args=[paid.pk, "ship"]))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")


def test_it_marks_differences_as_resolved_by_whoever_was_first(staff):
    order = full_order()
    row = order.differences.get()
    press = {"action": "mark_resolved", "_selected_action": [row.pk]}
    staff.post("/admin/payments/difference/", press)
    staff.post("/admin/payments/difference/", press)
    row.refresh_from_db()
    assert row.resolved_at
    assert row.resolved_by == "grace@shop.test"
    other = packer("view_difference", "change_difference")
    other.post("/admin/payments/difference/", press)
    row.refresh_from_db()
    assert row.resolved_by == "grace@shop.test"


def test_it_lets_nobody_resolve_without_the_permission():
    row = full_order().differences.get()
    packer("view_difference").post("/admin/payments/difference/", {"action": "mark_resolved", "_selected_action": [row.pk]})
    row.refresh_from_db()
    assert row.resolved_at is None
