"""The hosted page in a browser without JavaScript."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.sandbox_process import wait_for
from tests.stripe_sandbox.browser import CARD, Browser
from tests.stripe_sandbox.conftest import SHIPPED, line

ADDRESS = {
    "ship_name": "Grace Hopper", "ship_line1": "Ring 1", "ship_postal_code": "1010", "ship_city": "Wien", "ship_country": "AT",
}  # fmt: skip
FILLED = CARD | {"email": "ada@shop.test"}


@pytest.fixture
def visitor() -> Browser:
    return Browser()


def test_it_takes_a_card_and_leads_back_to_the_shop(visitor, new_session, box):
    session = new_session()
    answer = visitor.submit(visitor.get(session.url), **FILLED)
    assert (answer.status, answer.location) == (303, f"https://shop.test/return/?session_id={session.id}")
    paid = box.session(session.id)
    assert (paid["payment_status"], paid["customer_details"]["email"]) == ("paid", "ada@shop.test")


def test_it_shows_the_order(visitor, new_session):
    lines = [line("Flow Field & more", quantity=2), line("<script>alert(1)</script>")]
    lines[0]["price_data"]["product_data"]["images"] = ["https://shop.test/media/flow.webp"]
    text = visitor.get(new_session(line_items=lines, **SHIPPED).url).text
    assert "Flow Field &amp; more" in text
    assert "<script>" not in text
    assert 'src="https://shop.test/media/flow.webp"' in text
    assert "42.40 EUR" in text
    assert 'href="https://shop.test/cart/"' in text
    assert "no real money" in text


def test_it_marks_what_is_missing_and_keeps_the_rest_but_the_card(visitor, new_session, box):
    session = new_session(**SHIPPED)
    page = visitor.submit(visitor.get(session.url), **(FILLED | {"ship_city": "Wien", "cvc": "12"}))
    assert set(page.errors) == {"ship_name", "ship_line1", "ship_postal_code", "cvc"}
    assert (page.values["ship_city"], page.values["email"]) == ("Wien", "ada@shop.test")
    assert (page.values["number"], page.values["cvc"], page.values["expiry"]) == ("", "", "")
    assert "4242 4242 4242 4242" not in page.text.replace('placeholder="4242 4242 4242 4242"', "")
    assert box.events() == []


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"email": "nobody"}, "email"),
        ({"number": "4242424242424241"}, "number"),
        ({"number": "42"}, "number"),
        ({"number": ""}, "number"),
        ({"number": "４２４２４２４２４２４２４２４２"}, "number"),
        ({"expiry": "13 / 34"}, "expiry"),
        ({"expiry": "01 / 20"}, "expiry"),
        ({"expiry": "soon"}, "expiry"),
        ({"cvc": "x"}, "cvc"),
        ({"card_name": ""}, "card_name"),
        ({"card_name": "x" * 501}, "card_name"),
        ({"method": "sepa_debit", "iban": "DE00", "account_name": "Ada"}, "iban"),
        ({"method": "sepa_debit", "iban": "AT611904300234573201"}, "account_name"),
    ],
)
def test_it_says_which_field_is_wrong(visitor, new_session, fields, wrong):
    page = visitor.submit(visitor.get(new_session().url), **(FILLED | fields))
    assert list(page.errors) == [wrong]
    assert page.status == 200


def test_it_ships_only_where_the_shop_does(visitor, new_session, box):
    session = new_session(**SHIPPED)
    page = visitor.submit(visitor.get(session.url), **(FILLED | ADDRESS | {"ship_country": "FR"}))
    assert set(page.errors) == {"ship_country"}
    assert visitor.submit(page, **(FILLED | ADDRESS | {"shipping_option": "1"})).status == 303
    paid = box.session(session.id)
    assert paid["collected_information"]["shipping_details"]["address"]["city"] == "Wien"
    assert paid["amount_total"] == 2500 + 1290


def test_it_says_why_a_card_is_declined_and_takes_another(visitor, new_session, box):
    session = new_session()
    page = visitor.submit(visitor.get(session.url), **(FILLED | {"number": "4000000000009995"}))
    assert "Your card has insufficient funds." in page.text
    assert page.values["number"] == ""
    assert visitor.submit(page, **CARD).status == 303
    assert box.books()["paid"] == 2500


def test_it_plays_the_3d_secure_step(visitor, new_session, box):
    session = new_session()
    asked = visitor.submit(visitor.get(session.url), **(FILLED | {"number": "4000002760003184"}))
    step = visitor.get(asked.location)
    assert "Is this payment yours?" in step.text
    failed = visitor.post(step.url, {"answer": "fail"})
    page = visitor.get(failed.location)
    assert "unable to authenticate" in page.text
    assert page.values["email"] == "ada@shop.test"
    asked = visitor.submit(page, **(CARD | {"number": "4000002760003184"}))
    done = visitor.post(asked.location, {"answer": "pass"})
    assert done.location.startswith("https://shop.test/return/")
    assert visitor.get(asked.location).status == 303  # back button
    assert box.books()["paid"] == 2500


def test_it_takes_a_bank_debit(visitor, new_session, box):
    session = new_session()
    fields = {"email": "ada@shop.test", "method": "sepa_debit", "iban": "AT61 1904 3002 3457 3201", "account_name": "Ada"}
    assert visitor.submit(visitor.get(session.url), **fields).status == 303
    assert box.session(session.id)["payment_status"] == "unpaid"


def test_it_pays_once_when_pay_is_pressed_many_times(new_session, box):
    session = new_session()
    page = Browser().get(session.url)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: Browser().submit(page, **FILLED), range(8)))
    assert {(answer.status, answer.location) for answer in answers} == {
        (303, f"https://shop.test/return/?session_id={session.id}")
    }
    assert box.books()["paid"] == 2500


def test_it_waits_for_the_webhook_before_it_leads_back(new_session, box, endpoint):
    session = new_session()
    page = Browser().get(session.url)
    endpoint.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(Browser().submit, page, **FILLED)
        endpoint.wait("checkout.session.completed")
        assert not answer.done()
        endpoint.gate.set()
        assert answer.result(10).status == 303


def test_it_does_not_wait_for_ever(new_session, box, endpoint):
    box.configure(redirect_wait_seconds=0.3)
    endpoint.gate.clear()
    assert Browser().submit(Browser().get(new_session().url), **FILLED).status == 303


def test_it_applies_and_removes_a_promotion_code(visitor, new_session, box):
    session = new_session(allow_promotion_codes=True)
    page = visitor.submit(visitor.get(session.url), action="promotion", promotion_code="nonsense", email="ada@shop.test")
    assert page.errors == {"promotion_code": "This code is invalid."}
    page = visitor.submit(page, action="promotion", promotion_code="welcome10")
    assert "22.50 EUR" in page.text
    page = visitor.submit(page, action="no_promotion")
    assert "22.50 EUR" not in page.text
    page = visitor.submit(page, action="promotion", promotion_code="FIVEOFF")
    assert visitor.submit(page, **FILLED).status == 303
    assert box.session(session.id)["amount_total"] == 2000


def test_it_knows_no_promotion_codes_when_the_shop_takes_none(visitor, new_session, box):
    session = new_session()
    visitor.submit(visitor.get(session.url), action="promotion", promotion_code="WELCOME10")
    assert box.session(session.id)["amount_total"] == 2500


def test_it_fills_in_a_test_card(visitor, new_session):
    page = visitor.submit(visitor.get(new_session().url), action="fill:4000000000000002", email="ada@shop.test")
    assert (page.values["number"], page.values["email"]) == ("4000000000000002", "ada@shop.test")
    assert "Your card was declined." in visitor.submit(page).text


def test_it_needs_no_card_for_nothing(visitor, new_session, box):
    session = new_session(line_items=[line(unit_amount=0)])
    page = visitor.get(session.url)
    assert "Card number" not in page.text
    assert visitor.submit(page, email="ada@shop.test").status == 303
    assert box.session(session.id)["payment_status"] == "no_payment_required"


def test_it_prefills_and_fixes_the_given_address(visitor, new_session, box):
    session = new_session(customer_email="ada@shop.test")
    page = visitor.get(session.url)
    assert "ada@shop.test" in page.text
    assert "email" not in page.values
    visitor.submit(page, **CARD)
    assert box.session(session.id)["customer_details"]["email"] == "ada@shop.test"


def test_it_shows_a_page_for_a_session_that_is_not_open(visitor, new_session, box):
    paid, expired = new_session(), new_session()
    box.pay(paid.id)
    box.expire(expired.id)
    urls = [f"{box.url}/c/pay/{entry.id}" for entry in (paid, expired)]
    assert "You have paid already" in visitor.get(urls[0]).text
    assert "This payment page has expired" in visitor.get(urls[1]).text
    assert visitor.post(urls[0], FILLED).status == 303
    assert "expired" in visitor.post(urls[1], FILLED).text
    assert visitor.get(f"{box.url}/c/pay/cs_test_nothing").status == 404


def test_it_refuses_forms_of_other_sites(visitor, new_session, box):
    session = new_session()
    answer = visitor.post(session.url, FILLED, **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403
    assert box.books()["paid"] == 0


def test_it_sends_a_strict_policy(visitor, new_session):
    headers = visitor.get(new_session().url).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_it_keeps_no_card_numbers(visitor, new_session, box):
    """Published test numbers that wait for 3-D Secure are the one exception: the step after needs to know the card."""
    number = "4111111111111111"
    visitor.submit(visitor.get(new_session().url), **(FILLED | {"number": number}))
    wait_for(lambda: box.events(type="charge.failed"), what="the decline")
    stored = b"".join(file.read_bytes() for file in box.db.parent.glob(box.db.name + "*"))
    assert number.encode() not in stored
    assert b"charge.failed" in stored
