"""The stand-in's Stripe.js in a real browser, in a shop's page under a strict Content-Security-Policy."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sandbox_process import Sandbox
from tests.stripe_sandbox.shop_page import ShopPage, query_of

EMBEDDED = """
const page = await stripe.createEmbeddedCheckoutPage({ clientSecret: "%s", onComplete: () => say("complete") });
page.mount("#place");
"""
FIELDS = """
const elements = stripe.elements({ mode: "payment", amount: 2500, currency: "eur" });
const fields = elements.create("payment");
fields.on("ready", () => say("ready"));
fields.mount("#place");
document.querySelector("#pay").addEventListener("click", async () => {
  say("paying");
  const checked = await elements.submit();
  if (checked.error) return say(checked);
  say(await stripe.confirmPayment({ elements, clientSecret: "%s", redirect: "%s", confirmParams: {
    return_url: `${location.origin}/return/?key=k`,
    payment_method_data: { billing_details: { email: "ada@shop.test", name: "Grace Hopper" } },
  } }));
});
"""


@pytest.fixture(scope="module")
def shop(running: Sandbox) -> Iterator[ShopPage]:
    page = ShopPage(running.url)
    yield page
    page.server.shutdown()


@pytest.fixture
def tab(chrome: Any) -> Iterator[Any]:
    """A page whose console must stay empty, but for what a declined card leaves there."""
    context, problems = chrome.new_context(), []
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert [problem for problem in problems if "402 (Payment Required)" not in problem] == []


@pytest.fixture
def show(tab: Any, shop: ShopPage) -> Callable[[str], Any]:
    """Opens the shop's page with a script of its own; answers the frame of the stand-in."""

    def open_page(script: str) -> Any:
        shop.script = script
        tab.goto(shop.url)
        return tab.frame_locator("iframe")

    return open_page


@pytest.fixture
def new_embedded(new_session, shop) -> Callable[..., Any]:
    given = {"ui_mode": "embedded_page", "success_url": None, "cancel_url": None}
    return lambda **more: new_session(**given | {"return_url": shop.url + "/return/?id={CHECKOUT_SESSION_ID}"} | more)


@pytest.fixture
def intent(client: Any) -> Any:
    return client.v1.payment_intents.create(params={"amount": 2500, "currency": "eur", "metadata": {"order": "7"}})


def fill_card(frame: Any, number: str) -> None:
    frame.get_by_label("Card number").fill(number)
    frame.get_by_label("Expiry (MM / YY)").fill("12 / 34")
    frame.get_by_label("CVC").fill("123")
    frame.get_by_label("Name on card").fill("Ada Lovelace")


def said(tab: Any, what: str) -> dict[str, Any]:
    """What the shop's page was told, once it holds that."""
    tab.locator("#said", has_text=what).wait_for()
    return json.loads(tab.locator("#said").inner_text())


def test_it_shows_the_payment_page_inside_the_shop(tab, show, new_embedded, box):
    session = new_embedded()
    frame = show(EMBEDDED % session.client_secret)
    frame.get_by_label("E-mail").fill("ada@shop.test")
    fill_card(frame, "4000000000009995")
    frame.get_by_role("button", name="Pay 25.00 EUR").click()
    frame.get_by_text("Your card has insufficient funds.").wait_for()
    assert tab.locator("iframe").bounding_box()["height"] > 600  # as high as what it shows
    fill_card(frame, "4000002760003184")
    frame.get_by_role("button", name="Pay 25.00 EUR").click()
    frame.get_by_role("button", name="Fail authentication").click()
    frame.get_by_text("unable to authenticate").wait_for()
    fill_card(frame, "4000002760003184")
    frame.get_by_role("button", name="Pay 25.00 EUR").click()
    frame.get_by_role("button", name="Complete authentication").click()
    tab.wait_for_url(re.compile("/return/"))
    assert query_of(tab.url) == {"id": session.id}
    assert box.session(session.id)["payment_status"] == "paid"


def test_it_tells_the_page_that_wants_to_stay(tab, show, new_embedded, box):
    session = new_embedded(redirect_on_completion="never", return_url=None)
    frame = show(EMBEDDED % session.client_secret)
    frame.get_by_label("E-mail").fill("ada@shop.test")
    frame.get_by_text("Test cards").click()
    frame.get_by_role("button", name="4242424242424242").click()
    frame.get_by_role("button", name="Pay 25.00 EUR").click()
    assert said(tab, "complete") == "complete"
    assert box.books()["paid"] == 2500


def test_it_takes_a_card_in_fields_of_its_own(tab, show, intent, box, endpoint):
    frame = show(FIELDS % (intent.client_secret, "always"))
    said(tab, "ready")
    pay = tab.get_by_role("button", name="Pay now")
    pay.click()
    assert said(tab, "incomplete_number")["error"]["type"] == "validation_error"
    assert frame.locator("#cvc-error").is_visible()
    fill_card(frame, "4000000000009995")
    pay.click()
    declined = said(tab, "insufficient_funds")["error"]
    assert (declined["code"], declined["payment_intent"]["status"]) == ("card_declined", "requires_payment_method")
    assert "metadata" not in declined["payment_intent"]
    frame.get_by_text("Test cards").click()
    frame.get_by_role("button", name="4242424242424242").click()
    frame.get_by_text("The form is filled in.").wait_for(state="attached")
    pay.click()
    tab.wait_for_url(re.compile("/return/"))
    told = {"payment_intent": intent.id, "payment_intent_client_secret": intent.client_secret, "redirect_status": "succeeded"}
    assert query_of(tab.url) == {"key": "k"} | told
    charge = endpoint.wait("charge.succeeded")["data"]["object"]
    assert charge["billing_details"]["email"] == "ada@shop.test"
    assert charge["billing_details"]["name"] == "Grace Hopper"
    assert "4242424242424242" not in json.dumps(box.requests())


def test_it_asks_the_bank_in_a_dialog(tab, show, intent, box):
    frame = show(FIELDS % (intent.client_secret, "if_required"))
    said(tab, "ready")
    fill_card(frame.first, "4000002760003184")
    bank = tab.frame_locator("dialog iframe")
    pay = tab.get_by_role("button", name="Pay now")
    for answer, what in (("Fail authentication", "authentication_failure"), ("Complete authentication", "paymentIntent")):
        pay.click()
        bank.get_by_role("button", name=answer).click()
        told = said(tab, what)
        assert tab.locator("dialog").count() == 0
    assert told["paymentIntent"]["status"] == "succeeded"
    assert box.books()["paid"] == 2500


def test_it_takes_a_bank_debit_in_fields_of_its_own(tab, show, intent, box):
    frame = show(FIELDS % (intent.client_secret, "always"))
    frame.get_by_label("Bank debit").check()
    frame.get_by_label("IBAN").fill("AT61 1904 3002 3457 3201")
    frame.get_by_label("Name on account").fill("Ada Lovelace")
    tab.get_by_role("button", name="Pay now").click()
    tab.wait_for_url(re.compile("/return/"))
    assert query_of(tab.url)["redirect_status"] == "pending"
    assert box.object(intent.id)["status"] == "processing"


def test_it_pays_an_intent_that_is_there_first(tab, show, intent, box):
    script = FIELDS.replace("""{ mode: "payment", amount: 2500, currency: "eur" }""", """{ clientSecret: "%s" }""")
    script = script.replace("const checked = await elements.submit();", "const checked = {};")
    frame = show(script % (intent.client_secret, intent.client_secret, "if_required"))
    said(tab, "ready")
    pay = tab.get_by_role("button", name="Pay now")
    pay.click()
    said(tab, "incomplete_number")
    fill_card(frame, "4000002760003184")
    pay.click()
    tab.frame_locator("dialog iframe").get_by_role("button", name="Complete authentication").wait_for()
    tab.keyboard.press("Escape")  # gives up; the payment waits
    assert said(tab, "authentication_failure")["error"]["payment_intent"]["status"] == "requires_action"
    show(f"""say(await stripe.handleNextAction({{ clientSecret: "{intent.client_secret}" }}))""")
    tab.frame_locator("dialog iframe").get_by_role("button", name="Complete authentication").click()
    assert said(tab, "paymentIntent")["paymentIntent"]["status"] == "succeeded"
    show(f"""say(await stripe.retrievePaymentIntent("{intent.client_secret}"))""")
    assert said(tab, "paymentIntent")["paymentIntent"]["id"] == intent.id
    assert box.books()["paid"] == 2500


def test_it_tells_the_page_when_the_fields_cannot_be_shown(chrome, shop, intent, box):
    box.fault(path="^/c/fields", action="status", status=503)
    shop.script = FIELDS % (intent.client_secret, "always") + """fields.on("loaderror", (told) => say(told.error));"""
    context = chrome.new_context()
    page = context.new_page()
    page.goto(shop.url)
    assert said(page, "could not be loaded")["type"] == "api_error"
    context.close()


WRONG = {
    "stripe.initEmbeddedCheckout({})": "no longer available",
    "stripe.redirectToCheckout({})": "no longer available",
    "stripe.initCheckout({})": "no longer available",
    "window.Stripe('sk_test_of_the_tests')": "secret key",
    "window.Stripe('pk_live_of_the_tests')": "test keys",
    "stripe.elements({mode: 'payment', amount: 1.5, currency: 'eur'})": "amount",
    "stripe.elements({mode: 'payment', amount: 1, currency: 'eur', paymentMethodTypes: ['card']})": "allowedPaymentMethodTypes",
    "stripe.createEmbeddedCheckoutPage({})": "clientSecret",
    "pay(stripe.elements({mode: 'payment', amount: 2500, currency: 'eur'}))": "submit() must be called",
}


def test_it_says_what_a_shop_does_wrong(tab, show, intent):
    pay = """const pay = (elements) => { elements.create("payment"); return stripe.confirmPayment(
        { elements, clientSecret: "%s", confirmParams: { return_url: "https://shop.test/" } }); };"""
    tries = [f'["{call}", async () => {call}]' for call in WRONG]
    script = (
        "for (const [call, work] of [%s]) { told[call] = await work().then(() => '', (error) => error.name + error.message); }"
    )
    show(pay % intent.client_secret + "const told = {};" + script % ", ".join(tries) + "say(told);")
    told = said(tab, "submit()")
    assert {call: words for call, words in told.items() if WRONG[call] not in words or "IntegrationError" not in words} == {}


def test_it_refuses_an_amount_other_than_the_intents(tab, show, client):
    other = client.v1.payment_intents.create(params={"amount": 2600, "currency": "eur"})
    frame = show(FIELDS % (other.client_secret, "always"))
    fill_card(frame, "4242424242424242")
    tab.get_by_role("button", name="Pay now").click()
    assert said(tab, "must match")["error"]["type"] == "invalid_request_error"
