"""automatic_tax: on the page, in the amounts of the session, on each line."""

from __future__ import annotations

import pytest

from tests.stripe_sandbox.browser import CARD, Browser
from tests.stripe_sandbox.conftest import SHIPPED, line

TAXED = {"automatic_tax": {"enabled": True}}
ALLOWED = {"shipping_address_collection": {"allowed_countries": ["AT", "DE", "FR"]}}


def address(country: str) -> dict:
    return {"name": "Ada", "address": {"line1": "Ring 1", "city": "There", "postal_code": "1010", "country": country}}


def behaving(entry: dict, behavior: str) -> dict:
    entry["price_data"]["tax_behavior"] = behavior
    return entry


def assert_adds_up(session, lines) -> None:
    """Every amount to the unit, from the lines to the total."""
    shipping = session["shipping_cost"] or {"amount_subtotal": 0, "amount_tax": 0, "amount_total": 0}
    details = session["total_details"]
    assert session["amount_subtotal"] == sum(one["amount_subtotal"] for one in lines)
    assert details["amount_discount"] == sum(one["amount_discount"] for one in lines)
    assert details["amount_tax"] == sum(one["amount_tax"] for one in lines) + shipping["amount_tax"]
    assert details["amount_shipping"] == shipping["amount_subtotal"]
    assert session["amount_total"] == sum(one["amount_total"] for one in lines) + shipping["amount_total"]


@pytest.mark.parametrize(("country", "tax"), [("DE", 5 * 190 + 93), ("FR", 5 * 200 + 98), ("AT", 0)])
def test_it_adds_the_tax_of_the_country(client, new_session, box, country, tax):
    session = new_session(line_items=[line(unit_amount=1000, quantity=5)], **SHIPPED | ALLOWED | TAXED)
    assert (session.automatic_tax.status, session.total_details.amount_tax) == ("requires_location_inputs", 0)
    paid = box.pay(session.id, shipping=address(country))["session"]
    assert (paid["automatic_tax"]["status"], paid["total_details"]["amount_tax"]) == ("complete", tax)
    assert paid["amount_total"] == 5000 + 490 + tax == box.books()["paid"]
    assert_adds_up(paid, box.line_items(session.id))
    whole = client.v1.checkout.sessions.retrieve(session.id, params={"expand": ["total_details.breakdown"]})
    assert sum(entry.amount for entry in whole.total_details.breakdown.taxes) == tax


def test_it_rounds_each_line_after_its_discount(new_session, box, client):
    coupon = client.v1.coupons.create(params={"percent_off": 33})
    lines = [line("A", unit_amount=333), line("B", unit_amount=1, quantity=55), line("C", unit_amount=9999)]
    session = new_session(line_items=lines, discounts=[{"coupon": coupon.id}], **SHIPPED | ALLOWED | TAXED)
    paid = box.pay(session.id, shipping=address("FR"), shipping_option=1)["session"]
    assert_adds_up(paid, box.line_items(session.id))
    assert [one["amount_tax"] for one in box.line_items(session.id)] == [45, 7, 1340]
    assert paid["amount_total"] - paid["total_details"]["amount_tax"] == 333 + 55 + 9999 - 3428 + 1290


def test_it_leaves_prices_with_tax_as_they_are(client, new_session, box):
    session = new_session(line_items=[behaving(line(unit_amount=1190), "inclusive"), line(unit_amount=1000)], **TAXED)
    paid = box.pay(session.id, country="DE")["session"]
    assert (paid["amount_total"], paid["total_details"]["amount_tax"]) == (1190 + 1190, 190 + 190)
    assert_adds_up(paid, box.line_items(session.id))
    whole = client.v1.checkout.sessions.retrieve(session.id, params={"expand": ["total_details.breakdown"]})
    taxes = {entry.rate.inclusive: (entry.amount, entry.taxable_amount) for entry in whole.total_details.breakdown.taxes}
    assert taxes == {True: (190, 1000), False: (190, 1000)}


def test_it_knows_where_a_customer_lives(client, new_session):
    ada = client.v1.customers.create(params={"email": "ada@shop.test", "address": {"country": "DE"}})
    session = new_session(customer=ada.id, **TAXED)
    assert (session.automatic_tax.status, session.amount_total) == ("complete", 2975)


def test_it_asks_who_pays_where_they_live(new_session, box):
    session, visitor = new_session(**TAXED), Browser()
    page = visitor.get(session.url)
    assert "29.75 EUR" in page.text
    assert "30.00 EUR" in page.text
    filled = CARD | {"email": "ada@shop.test"}
    assert set(visitor.submit(page, **filled | {"bill_country": "XX"}).errors) == {"bill_country"}
    assert visitor.submit(page, **filled | {"bill_country": "FR"}).status == 303
    paid = box.session(session.id)
    assert (paid["amount_total"], paid["customer_details"]["address"]["country"]) == (3000, "FR")


def test_it_shows_the_total_of_the_chosen_country_without_scripts(chrome, new_session):
    context = chrome.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(new_session(**SHIPPED | ALLOWED | TAXED).url)
    pay, country = page.locator("button.pay"), page.get_by_label("Country")
    assert pay.inner_text() == "Pay 29.90 EUR"
    country.select_option("DE")
    assert pay.inner_text() == "Pay 35.58 EUR"
    page.get_by_label("Courier").check()
    assert pay.inner_text() == "Pay 45.10 EUR"
    country.select_option("FR")
    assert pay.inner_text() == "Pay 45.48 EUR"
    assert page.get_by_text("7.58 EUR").is_visible()
    context.close()
