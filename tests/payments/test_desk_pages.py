"""The payment desk in the admin: what is open first, a page for each, a press that needs its right."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from orders.models import Order, OutgoingMail
from orders.status import Status
from payments.desk import MEANS, dashboard
from payments.models import Difference
from tests import factories

LIST = "/admin/payments/difference/"

pytestmark = pytest.mark.django_db


def row(kind: str = "amount", **fields: object) -> Difference:
    return Difference.objects.create(**{"kind": kind, "reference": "pi_1", "detail": "5 paid, 6 asked", **fields})


def address(difference: Difference, repair: str = "") -> str:
    if repair:
        return reverse("admin:payments_difference_repair", args=[difference.pk, repair])
    return reverse("admin:payments_difference_change", args=[difference.pk])


def said(answer) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


def staff(*permissions: str) -> Client:
    user = User.objects.create_user("packer@shop.test", None, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_it_lists_what_is_open_first_with_counts(grace_client):
    first = row(reference="pi_1")
    closed = row(reference="pi_2", resolved_at=timezone.now())
    last = row("unmatched", reference="pi_3")
    answer = grace_client.get(LIST)
    assert [each.pk for each in answer.context["cl"].result_list] == [last.pk, first.pk, closed.pk]
    assert answer.context["open_counts"] == [
        ("amount", "Amount or currency differs", 1),
        ("unmatched", "Payment without an order", 1),
    ]
    only = grace_client.get(LIST, {"state": "open", "kind__exact": "amount"}).context["cl"].result_list
    assert [each.pk for each in only] == [first.pk]
    assert [each.pk for each in grace_client.get(LIST, {"state": "resolved"}).context["cl"].result_list] == [closed.pk]


def test_it_says_that_nothing_is_open(grace_client):
    assert "the shop and Stripe agree" in grace_client.get(LIST).content.decode()


@pytest.mark.parametrize("kind", Difference.Kind.values)
def test_it_has_a_page_that_explains_each_kind(grace_client, kind):
    order = factories.order(status=Status.PAID)
    mail = OutgoingMail.objects.create(order=order, kind="confirmed", to="ada@shop.test", failed_at=timezone.now())
    made = row(kind, order=order, reference=f"mail-{mail.pk}" if kind == "mail_failed" else "pi_1")
    answer = grace_client.get(address(made))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert str(MEANS[kind])[:20] in text
    assert "5 paid, 6 asked" in text
    assert order.number in text
    assert "Mark as resolved" in text


def test_it_is_resolved_with_a_note(grace_client):
    made = row()
    assert grace_client.post(address(made, "resolve"), {"note": ""}).status_code == 422
    assert "Marked as resolved" in said(grace_client.post(address(made, "resolve"), {"note": "Rang her up"}, follow=True))
    assert "resolved before" in said(grace_client.post(address(made, "resolve"), {"note": "Again"}, follow=True))
    page = grace_client.get(address(made)).content.decode()
    assert "Rang her up" in page
    assert "grace@shop.test" in page
    assert "Ask Stripe again" not in page


def test_it_does_what_is_pressed_and_says_how_it_went(grace_client):
    order = factories.order(status=Status.PAID)
    mail = OutgoingMail.objects.create(order=order, kind="confirmed", to="ada@shop.test", failed_at=timezone.now())
    made = row("mail_failed", order=order, reference=f"mail-{mail.pk}")
    assert "Send the mail again" in grace_client.get(address(made)).content.decode()
    assert "goes out now" in said(grace_client.post(address(made, "mail_again"), follow=True))
    mail.refresh_from_db()
    assert mail.failed_at is None
    assert "does not mend" in said(grace_client.post(address(made, "attach"), follow=True))
    assert "grace@shop.test" in grace_client.get(address(made)).content.decode()


def test_looking_does_nothing(grace_client):
    made = row()
    assert grace_client.get(address(made, "give_back")).status_code == 302
    assert not made.entries.exists()


def test_a_press_takes_its_rights():
    made = row("unmatched", reference="cs_1")
    looker = staff("view_difference")
    page = looker.get(address(made)).content.decode()
    assert "Ask Stripe again" not in page
    assert "Mark as resolved" not in page
    for name in ("ask", "resolve", "give_back"):
        assert looker.post(address(made, name), {"note": "x"}).status_code == 403
    looker.get("/admin/logout/")
    User.objects.get(email="packer@shop.test").user_permissions.add(Permission.objects.get(codename="change_difference"))
    assert "Refund at Stripe" not in looker.get(address(made)).content.decode()
    assert looker.post(address(made, "give_back")).status_code == 403


def test_it_knows_no_other_addresses(grace_client):
    assert grace_client.get(f"{LIST}987654/change/").status_code == 404
    assert grace_client.post(f"{LIST}987654/repair/ask/").status_code == 404
    assert grace_client.get(f"{LIST}x%00/change/").status_code == 404


def test_it_leads_to_stripes_dashboard_or_to_the_stand_ins(settings):
    settings.STRIPE_API_BASE = ""
    assert dashboard("pi_1") == "https://dashboard.stripe.com/test/payments/pi_1"
    settings.STRIPE_SECRET_KEY = "rk_live_of_a_shop"
    assert dashboard("cs_1") == "https://dashboard.stripe.com/search?query=cs_1"
    settings.STRIPE_API_BASE = "http://127.0.0.1:1"
    assert dashboard("re_1") == "http://127.0.0.1:1/dashboard/objects/re_1"


def test_orders_still_open_from_it(grace_client):
    order = factories.order(status=Status.PAID)
    row(order=order)
    assert grace_client.get(reverse("admin:orders_order_change", args=[Order.objects.get().pk])).status_code == 200
