from __future__ import annotations

import pytest
from django.core.management import call_command
from django.utils import timezone

from orders.countries import COUNTRIES
from orders.emails import queue_mail, send_due
from orders.models import OutgoingMail, ShippingRate
from orders.status import Status
from tests import factories

pytestmark = pytest.mark.django_db

RATES = "/admin/orders/shippingrate/"
MAILS = "/admin/orders/outgoingmail/"
GOOD = {"name": "Parcel", "price_minor": "4.90", "countries": "de, FR  at;nl", "min_days": 2, "max_days": 4, "position": 0}


def failed_mail() -> OutgoingMail:
    order = factories.order(status=Status.PAID)
    queue_mail(order, "confirmed")
    order.mails.update(failed_at=timezone.now(), attempts=17, last_error="550 no such mailbox")
    return order.mails.get()


def test_it_takes_prices_and_countries_as_people_write_them(grace_client):
    assert grace_client.post(f"{RATES}add/", GOOD).status_code == 302
    rate = ShippingRate.objects.get()
    assert (rate.price_minor, rate.currency, rate.countries) == (490, "EUR", ["AT", "DE", "FR", "NL"])
    form = grace_client.get(f"{RATES}{rate.pk}/change/").content.decode()
    assert 'value="4.90"' in form
    assert "AT, DE, FR, NL" in form
    assert "€4.90" in grace_client.get(RATES).content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("price_minor", typed) for typed in ("4.905", "-1", "x", "1e3", "９", "", "\x00", "9999999.99")),
        *(("countries", typed) for typed in ("DE, ZQ", "", "\x00")),
        *(("max_days", days) for days in (1, 10**9)),
        ("min_days", -1),
        ("name", "x" * 101),
    ],
)
def test_it_says_which_field_is_wrong(grace_client, field, value):
    answer = grace_client.post(f"{RATES}add/", {**GOOD, field: value})
    assert answer.status_code == 200
    assert field in answer.context["adminform"].form.errors
    assert not ShippingRate.objects.exists()


def test_it_shows_failed_mails_and_sends_them_again(grace_client):
    mail = failed_mail()
    assert "Given up" in grace_client.get(MAILS).content.decode()
    assert grace_client.get(f"{MAILS}{mail.pk}/change/").status_code == 200
    answer = grace_client.post(MAILS, {"action": "send_again", "_selected_action": [mail.pk]}, follow=True)
    assert "1 mail goes out now." in answer.content.decode()
    assert send_due() == 1
    answer = grace_client.post(MAILS, {"action": "send_again", "_selected_action": [mail.pk]}, follow=True)
    assert "sent already" in answer.content.decode()
    assert send_due() == 0


def test_it_loads_demo_rates_once(settings, capsys):
    call_command("load_demo_shipping")
    ShippingRate.objects.filter(position=0).update(price_minor=1)
    call_command("load_demo_shipping")
    assert ShippingRate.objects.count() == 3
    assert ShippingRate.objects.filter(price_minor=1).exists()  # what the merchant changed stays
    assert all(set(rate.countries) <= COUNTRIES for rate in ShippingRate.objects.all())
    assert "0 shipping rates added, 3 were there" in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_it_loads_demo_rates_once_from_two_commands_at_a_time(race):
    race(*[lambda: call_command("load_demo_shipping")] * 3)
    assert ShippingRate.objects.count() == 3


@pytest.mark.parametrize(("code", "minor"), [("JPY", 490), ("KWD", 4900), ("ISK", 400), ("EUR", 490)])
def test_it_loads_prices_the_currency_has(settings, code, minor):
    settings.SHOP_CURRENCY = code
    call_command("load_demo_shipping")
    assert ShippingRate.objects.earliest("position").price_minor == minor


def test_it_knows_the_countries_of_stripe(shared_stripe):
    import json

    spec = json.loads((shared_stripe / "spec3.pruned.json").read_text())
    form = spec["paths"]["/v1/checkout/sessions"]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]
    listed = form["schema"]["properties"]["shipping_address_collection"]["properties"]["allowed_countries"]["items"]["enum"]
    assert set(listed) == COUNTRIES
