from __future__ import annotations

import pytest

from orders.access import order_key
from orders.models import OrderEvent
from orders.status import Status
from tests import factories

pytestmark = pytest.mark.django_db


def with_key(order, suffix: str = "") -> str:
    return f"{order.get_absolute_url()}{suffix}?key={order_key(order)}"


def test_it_shows_what_was_bought(client):
    variant = factories.variant(product=factories.product(title="Tides & <Moons>"))
    order = factories.order(variants=[(variant, 2)], status=Status.PAID)
    page = client.get(with_key(order)).content.decode()
    assert "Tides &amp; &lt;Moons&gt;" in page
    assert order.number in page
    assert str(order.total) in page


@pytest.mark.parametrize("suffix", ["", "status/"])
@pytest.mark.parametrize("query", ["right key", "wrong key"])
def test_it_is_stored_nowhere_and_tells_its_address_to_nobody(client, suffix, query):
    order = factories.order()
    answer = client.get(with_key(order, suffix) + ("" if query == "right key" else "x"))
    assert answer.status_code == (200 if query == "right key" else 404)
    assert {"private", "no-store"} <= set(answer["Cache-Control"].split(", "))
    assert answer["Referrer-Policy"] == "same-origin"
    assert "Cookie" in answer["Vary"]
    assert answer["X-Robots-Tag"] == "noindex"


def test_it_keeps_the_notes_of_staff_from_the_shopper(client):
    order = factories.order(status=Status.PAID)
    OrderEvent.objects.create(order=order, what="Customer sounded cross", by="grace@shop.test")
    OrderEvent.objects.create(order=order, what="Paid", to_status=Status.PAID, by="grace@shop.test")
    answer = client.get(with_key(order))
    assert [event.what for event in answer.context["timeline"]] == ["As it goes", "As it goes", "Paid"]
    assert "sounded cross" not in answer.content.decode()
    assert "grace@shop.test" not in answer.content.decode()


@pytest.mark.parametrize(
    ("status", "paid", "final"),
    [
        (Status.PENDING, False, False),
        (Status.CONFIRMING, False, False),
        (Status.PAID, True, True),
        (Status.SHIPPED, True, True),
        (Status.REFUNDED, True, True),
        (Status.EXPIRED, False, True),
        (Status.CANCELLED, False, True),
    ],
)
def test_it_says_how_far_the_payment_is(client, status, paid, final):
    order = factories.order(status=status)
    answer = client.get(with_key(order, "status/"))
    assert answer.json() == {"status": status, "label": order.get_status_display(), "paid": paid, "final": final}


def test_it_keeps_the_state_from_strangers(client, mallory_client):
    address = f"{factories.order().get_absolute_url()}status/"
    assert client.get(address).status_code == 404
    assert mallory_client.get(address).status_code == 404


@pytest.mark.parametrize("suffix", ["", "status/"])
def test_it_only_reads(client, suffix):
    assert client.post(with_key(factories.order(), suffix)).status_code == 405
