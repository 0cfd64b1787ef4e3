"""Failed webhook events in the admin: staff find them and have them tried again."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from accounts.counts import write_counts
from accounts.models import User
from orders.models import OutgoingMail
from orders.status import Status
from payments.inbox import process_again
from payments.models import Payment, WebhookEvent
from tests import factories
from tests.payments.shopping import Shopper, deliver

LIST = "/admin/payments/webhookevent/"


@pytest.fixture
def payment(shopper: Shopper) -> Payment:
    return shopper.buy(factories.variant(requires_shipping=False, on_hand=5, price_minor=1200))


@pytest.fixture
def failed(shopper: Shopper, payment: Payment) -> WebhookEvent:
    """An event whose handler failed, and which Stripe sends no more."""
    shopper.sandbox.fault(**shopper.asking, action="status", status=500)
    assert deliver(shopper.told()).status_code == 500
    shopper.sandbox.clear_faults()
    return WebhookEvent.objects.get()


@pytest.fixture
def staff(grace) -> Client:
    client = Client()
    client.force_login(grace)
    return client


def press(client: Client, *rows: WebhookEvent) -> str:
    data = {"action": "process_again", "_selected_action": [row.pk for row in rows]}
    answer = client.post(LIST, data, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


def test_it_does_what_is_owed(staff, failed, payment):
    assert "1 event was processed" in press(staff, failed)
    payment.order.refresh_from_db()
    failed.refresh_from_db()
    assert (payment.order.status, failed.last_error, failed.order) == (Status.PAID, "", payment.order)


def test_it_does_it_once_however_often_it_is_pressed(staff, failed, payment):
    for _each in range(2):
        assert "1 event was processed" in press(staff, failed)
    assert OutgoingMail.objects.count() == payment.order.events.filter(to_status=Status.PAID).count() == 1


def test_it_does_it_once_when_two_press_at_once(failed, payment, race):
    outcomes = race(*[lambda: process_again(failed)] * 4)
    assert outcomes == [None] * 4
    assert OutgoingMail.objects.count() == payment.order.events.filter(to_status=Status.PAID).count() == 1


def test_it_says_why_it_failed_again_and_does_the_others(staff, failed, payment, shopper):
    gone = WebhookEvent.objects.create(stripe_id="evt_long_gone", type="refund.created", created_at=timezone.now())
    told = press(staff, gone, failed)
    assert "1 event failed again. evt_long_gone: GatewayRefused" in told
    assert "1 event was processed" in told


@pytest.mark.parametrize(
    ("state", "shown"), [("failed", "evt_f"), ("dead", "evt_d"), ("waiting", "evt_w"), ("processed", "evt_p")]
)
def test_it_lists_them_by_state(staff, db, state, shown):
    now = timezone.now()
    for stripe_id, fields in {
        "evt_f": {"last_error": "GatewayDown: x"},
        "evt_w": {},
        "evt_d": {"dead_at": now},
        "evt_p": {"processed_at": now, "outcome": "payment succeeded"},
    }.items():
        WebhookEvent.objects.create(stripe_id=stripe_id, type="refund.created", created_at=now, **fields)
    rows = staff.get(LIST, {"state": state}).context["cl"].result_list
    assert [row.stripe_id for row in rows] == [shown]


def test_it_takes_a_permission_of_its_own(failed):
    packer = User.objects.create_user("packer@shop.test", None, is_staff=True)
    packer.user_permissions.set(Permission.objects.filter(codename="view_webhookevent"))
    client = Client()
    client.force_login(packer)
    press(client, failed)
    failed.refresh_from_db()
    assert failed.processed_at is None


def test_its_page_says_how_it_went_and_offers_what_can_be_done(staff, failed):
    page = staff.get(f"{LIST}{failed.pk}/change/").content.decode()
    for shown in ("good, secret no. 1", "GatewayDown", "Dry run", "Process again", "soon"):
        assert shown in page


def test_it_is_processed_again_from_its_page(staff, failed, payment):
    for _each in range(2):
        answer = staff.post(f"{LIST}{failed.pk}/do/again/", follow=True)
        assert "1 event was processed" in " ".join(str(message) for message in answer.context["messages"])
        assert "Process again" in answer.content.decode()
    payment.order.refresh_from_db()
    assert payment.order.status == Status.PAID


def test_a_dry_run_says_what_would_change_on_its_page(staff, failed, payment, shopper):
    answer = staff.post(f"{LIST}{failed.pk}/do/dry-run/", follow=True)
    assert "would be paid" in " ".join(str(message) for message in answer.context["messages"])
    shopper.sandbox.fault(method="GET", path="^/v1/events/", action="status", status=503)
    answer = staff.post(f"{LIST}{failed.pk}/do/dry-run/", follow=True)
    assert "does not answer" in " ".join(str(message) for message in answer.context["messages"])
    payment.order.refresh_from_db()
    assert payment.order.status == Status.PENDING


def test_it_counts_what_is_owed_and_what_was_refused(staff, failed):
    WebhookEvent.objects.update(dead_at=timezone.now())
    Client().post("/webhooks/stripe/", "{}", content_type="application/json")
    write_counts()
    page = staff.get(LIST).content.decode()
    assert "Given up: 1" in page
    assert "without a signature" in page
    assert WebhookEvent.objects.count() == 1


def test_it_is_found_by_any_id_of_its_order(staff, failed, payment):
    press(staff, failed)
    payment.refresh_from_db()
    for word in filter(None, (failed.stripe_id, payment.session_id, payment.payment_intent_id, payment.order.number)):
        assert [row.pk for row in staff.get(LIST, {"q": word}).context["cl"].result_list] == [failed.pk], word


@pytest.mark.parametrize("name", ["again", "dry-run"])
def test_doing_takes_a_permission_and_an_event_that_is_there(staff, failed, name):
    packer = User.objects.create_user("packer@shop.test", None, is_staff=True)
    packer.user_permissions.set(Permission.objects.filter(codename="view_webhookevent"))
    client = Client()
    client.force_login(packer)
    assert client.post(f"{LIST}{failed.pk}/do/{name}/").status_code == 403
    assert staff.get(f"{LIST}{failed.pk}/do/{name}/").status_code == 302
    assert staff.post(f"{LIST}987654/do/{name}/").status_code == 404
    assert staff.post(f"{LIST}{failed.pk}/do/nonsense/").status_code == 404
