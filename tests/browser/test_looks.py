"""Every page a shopper can meet: narrow and wide, light and dark, by the accessibility rules, never scrolling sideways.

The pictures taken are in test-results/screens/, to be looked at by a person.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import expect

from accounts.mails import send_sign_up_mail
from catalog.images import store_image
from orders.models import Order
from orders.transitions import ship
from tests import factories, people, shelf
from tests.browser.gallery import TITLE, picture
from tests.browser.looks import does_not_scroll_sideways

SCREENS = Path(settings.BASE_DIR) / "test-results" / "screens"
SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
COLOURS = {"desktop": "light", "phone": "dark"}  # sizes change no colours, colours no sizes
NARROWEST = {"width": 320, "height": 640}  # or a desktop at 400 %: www.w3.org/WAI/WCAG22/Understanding/reflow
NEW_PASSWORD = "a gauge of brass and steam"


@pytest.fixture
def show(look_over):
    """`show(visitor, "cart", "Your cart")`: wait for the page with this heading and look at it, wide and narrow."""
    SCREENS.mkdir(parents=True, exist_ok=True)

    def show_one(visitor, name, heading):
        page = visitor.page
        expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
        for size, viewport in SIZES.items():
            page.set_viewport_size(viewport)
            page.emulate_media(color_scheme=COLOURS[size])
            look_over(page)
            page.screenshot(path=SCREENS / f"{name}-{size}-{COLOURS[size]}.png", full_page=True)
        page.set_viewport_size(NARROWEST)
        does_not_scroll_sideways(page)
        page.set_viewport_size(SIZES["desktop"])
        page.emulate_media(color_scheme="light")

    return show_one


def test_it_shows_the_catalogue(visitor, gallery, show):
    """Found, not found, in stock, nearly gone, gone, without a picture, much of it."""
    for number in range(9):
        other = factories.product(title=f"Orbit {number}", slug=f"orbit-{number}", categories=[gallery.category])
        factories.variant(product=other, price_minor=3900 + number * 500)
        store_image(
            other, picture(400 + 20 * number, 500, ["seagreen", "peru", "slateblue"][number % 3]), alt=f"Orbit {number}"
        )
    sold_out = factories.product(title="Gone With the Wind Field", slug="gone", categories=[gallery.category])
    factories.variant(product=sold_out, on_hand=0)
    factories.variant(product=factories.product(title="Bare Wall", slug="bare", categories=[gallery.category]))
    pages = [
        ("/", "home", "Prints drawn by algorithms"),
        ("/products/", "list", "All prints"),
        ("/categories/flow/", "category", "Flow fields"),
        ("/categories/tilings/", "category-empty", "Tilings"),
        ("/products/slow-weather/", "product", TITLE),
        (f"/products/slow-weather/?variant={gallery.a2.pk}", "product-low", TITLE),
        ("/products/gone/", "product-sold-out", "Gone With the Wind Field"),
        ("/products/bare/", "product-no-picture", "Bare Wall"),
        ("/search/", "search", "Search"),
        ("/search/?q=orbit", "search-found", "Prints with “orbit”"),
        ("/search/?q=submarine", "search-nothing", "Prints with “submarine”"),
    ]
    for address, name, heading in pages:
        visitor.go(address)
        show(visitor, name, heading)


def test_it_shows_the_missing_page(visitor, show, allow):
    allow("404")
    visitor.go("/no/such/page/")
    show(visitor, "404", "Nothing hangs here")


def test_it_shows_the_way_to_pay(visitor, gallery, live_sandbox, show):
    visitor.go("/cart/")
    show(visitor, "cart-empty", "Your cart")
    visitor.put_in_cart(edition="A2", quantity=3)
    visitor.put_in_cart(quantity=2)
    show(visitor, "cart", "Your cart")
    visitor.to_checkout()
    show(visitor, "checkout", "Checkout")
    visitor.to_payment_page()
    show(visitor, "stripe-pay", "Pay your order")
    visitor.pay("4000 0000 0000 0002")
    visitor.is_warned("Your card was declined.")
    show(visitor, "stripe-declined", "Pay your order")
    order = Order.objects.get()
    visitor.go(f"/checkout/return/?session_id={order.payments.get().session_id}")
    show(visitor, "return-waiting", "We are confirming your payment")
    visitor.go(order.payments.get().session_url)
    visitor.pay("4000 0027 6000 3184")
    show(visitor, "stripe-bank", "Is this payment yours?")
    visitor.press("Complete authentication")
    show(visitor, "return-paid", "Thank you. It is yours.")
    visitor.follow("See your order")
    show(visitor, "order-paid", f"Order {order.number}")
    ship(order, by="grace@shop.test", carrier="Post", tracking_number="RR123456785DE")
    visitor.page.reload()
    show(visitor, "order-shipped", f"Order {order.number}")
    visitor.go(order.payments.get().session_url)
    show(visitor, "stripe-paid-already", "You have paid already")


def test_it_shows_what_changed_in_the_cart(visitor, gallery, show):
    visitor.put_in_cart(edition="A2", quantity=3)
    visitor.put_in_cart(quantity=2)
    gone = factories.variant(product=factories.product(title="Gone", slug="gone"), on_hand=1)
    visitor.go("/products/gone/")
    visitor.press("Add to cart")
    visitor.sees("Your cart")
    assert shelf.reserve(gone.pk, 1)
    assert shelf.reserve(gallery.a2.pk, 1)
    gallery.a4.price_minor = 5900
    gallery.a4.save()
    visitor.go("/cart/")
    for words in ("“Gone” is sold out.", "Only 2 left", "The price went from €49.00 to €59.00."):
        visitor.reads(words)
    show(visitor, "cart-notices", "Your cart")


def test_it_shows_an_order_that_was_not_paid(visitor, live_sandbox, show):
    visitor.goes_to_pay()
    payment = Order.objects.get().payments.get()
    live_sandbox.expire(payment.session_id)
    visitor.go(f"/checkout/return/?session_id={payment.session_id}")
    show(visitor, "return-not-paid", "This order was not paid")
    visitor.go(payment.session_url)
    show(visitor, "stripe-expired", "This payment page has expired")


def test_it_shows_the_account(visitor, mailoutbox, show):
    for address, name, heading in [
        ("/account/login/", "log-in", "Log in"),
        ("/account/sign-up/", "sign-up", "Create an account"),
        ("/account/sign-up/sent/", "sign-up-sent", "Look into your mail"),
        ("/account/reset/", "reset", "Forgotten your password?"),
        ("/account/reset/sent/", "reset-sent", "Look into your mail"),
    ]:
        visitor.go(address)
        show(visitor, name, heading)
    send_sign_up_mail("ada@shop.test", client="127.0.0.1")
    visitor.go(re.search(r"http\S+", mailoutbox[-1].body)[0])
    show(visitor, "sign-up-finish", "One step left")
    visitor.fill({"Password": NEW_PASSWORD, "Password confirmation": NEW_PASSWORD})
    visitor.press("Create the account")
    show(visitor, "account-empty", "Your orders")
    user = people.ada()
    for status in ("paid", "shipped", "expired", "refunded"):
        factories.order(user=user, status=status, variants=[(factories.variant(), 2)])
    visitor.go("/account/")
    show(visitor, "account", "Your orders")
    visitor.go("/account/password/")
    show(visitor, "password", "Change your password")


def test_it_shows_a_form_that_was_refused(visitor, show, allow):
    visitor.go("/account/login/")
    allow("422")
    visitor.page.get_by_role("main").get_by_role("button", name="Log in").click()
    expect(visitor.page.get_by_role("alert")).to_be_visible()
    show(visitor, "log-in-refused", "Log in")


def test_it_shows_the_stand_ins_own_pages(visitor, live_sandbox, show):
    visitor.goes_to_pay()
    visitor.pay()
    visitor.sees_it_is_paid()
    (session,) = live_sandbox.books()["sessions"]
    intent = live_sandbox.object(session["id"])["payment_intent"]
    visitor.go(f"{settings.STRIPE_API_BASE}/")
    links = visitor.page.get_by_role("navigation", name="Sections").get_by_role("link").all()
    addresses = [link.get_attribute("href") for link in links]
    assert len(addresses) >= 6
    for address in [*addresses, f"/dashboard/objects/{session['id']}", f"/dashboard/objects/{intent}"]:
        visitor.go(f"{settings.STRIPE_API_BASE}{address}")
        show(visitor, "stand-in-" + address.rstrip("/").split("/")[-1].split("_")[0], re.compile("."))
