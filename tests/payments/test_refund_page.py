"""Refunding a part in the admin: choose, confirm, done once."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User
from orders.models import Order, OrderLine
from payments.models import Refund
from payments.settle import settle
from tests import factories


@pytest.fixture
def order(shopper) -> Order:
    factories.shipping_rate()
    return settle(shopper.buy(factories.variant(on_hand=5, price_minor=1200), 3), by="test").order


@pytest.fixture
def line(order) -> OrderLine:
    return order.lines.get()


@pytest.fixture
def address(order) -> str:
    return reverse("admin:orders_order_refund", args=[order.pk])


def hidden(answer) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.content.decode()))


def typed(line: OrderLine, quantity: object = "", **fields: object) -> dict[str, object]:
    return {f"quantity_{line.pk}": quantity, "reason": "Torn", "amount": "", "reference": "b" * 32, **fields}


def said(answer) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


def test_it_asks_once_more_and_then_does_it(grace_client, order, line, address):
    offered = grace_client.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    assert address in offered
    assert "Left to refund" in grace_client.get(address).content.decode()
    asked = grace_client.post(address, typed(line, 2, **{f"restock_{line.pk}": "on"}, review="x"))
    text = asked.content.decode()
    assert "Give €24.00 back" in text
    assert "back in stock" in text
    assert not Refund.objects.exists()
    done = grace_client.post(address, {**hidden(asked), "confirm": "x"}, follow=True)
    assert "€24.00 is going back" in said(done)
    line.refresh_from_db()
    assert (line.refunded_quantity, line.restocked_quantity, Refund.objects.get().by) == (2, 2, "grace@shop.test")


def test_pressing_twice_refunds_once(grace_client, line, address):
    confirmed = typed(line, 1, confirm="x")
    grace_client.post(address, confirmed)
    assert "asked for before" in said(grace_client.post(address, confirmed, follow=True))
    assert Refund.objects.get().amount_minor == 1200


def test_it_goes_back_to_what_was_typed(grace_client, line, address):
    text = grace_client.post(address, typed(line, 2, change="x", amount="3.00")).content.decode()
    assert 'value="2"' in text
    assert 'value="3.00"' in text


def test_it_refunds_an_amount_alone_and_shipping(grace_client, order, line, address):
    grace_client.post(address, typed(line, amount="0.50", confirm="x"))
    grace_client.post(address, typed(line, shipping="on", confirm="x", reference="c" * 32))
    order.refresh_from_db()
    assert order.refunded_minor == 50 + 590
    assert 'name="shipping"' not in grace_client.get(address).content.decode()


@pytest.mark.parametrize(
    ("quantity", "fields", "field", "sentence"),
    [
        (4, {}, "quantity", "less than or equal to 3"),
        (-1, {}, "quantity", "greater than or equal to 0"),
        ("x", {}, "quantity", "whole number"),
        (1, {"amount": "12.01"}, "amount", "€12.00 was paid for this"),
        ("", {}, "amount", "Choose units above"),
        ("", {"amount": "999"}, "amount", "€41.90 is left"),
        ("", {"amount": "-1"}, "amount", "At least"),
        (1, {"reason": ""}, "reason", "required"),
        ("", {"reason": ""}, "amount", "Choose units above"),
        (1, {"reference": "../x"}, "reference", "valid value"),
    ],
)
def test_it_says_beside_the_field_what_is_wrong(grace_client, line, address, quantity, fields, field, sentence):
    answer = grace_client.post(address, typed(line, quantity, confirm="x", **fields))
    name = f"quantity_{line.pk}" if field == "quantity" else field
    assert answer.status_code == 422
    assert sentence in str(answer.context["form"].errors[name])
    assert sentence.replace("'", "&#x27;") in answer.content.decode()
    assert not Refund.objects.exists()


def test_it_takes_a_permission_of_its_own(line, address):
    packer = User.objects.create_user("packer@shop.test", None, is_staff=True)
    packer.user_permissions.set(Permission.objects.filter(codename__in=["view_order", "change_order"]))
    client = Client()
    client.force_login(packer)
    assert client.get(address).status_code == 403
    assert client.post(address, typed(line, 1, confirm="x")).status_code == 403


def test_it_says_that_nothing_is_left(grace_client):
    unpaid = factories.order()
    address = reverse("admin:orders_order_refund", args=[unpaid.pk])
    assert "Nothing of this order is left" in said(grace_client.get(address, follow=True))
    assert grace_client.get(reverse("admin:orders_order_refund", args=[987654])).status_code in (302, 404)
