"""The shop and Stripe's payment page as a person meets them: by headings, labels and the names of buttons and links."""

from __future__ import annotations

import re
from collections.abc import Callable
from re import Pattern

from playwright.sync_api import Locator, Page, expect

from tests.browser.gallery import TITLE

SUCCEEDS = "4242 4242 4242 4242"
DECLINES = "4000 0000 0000 0002"
ASKS_THE_BANK = "4000 0027 6000 3184"  # 3-D Secure every time
DEBIT_SUCCEEDS = "AT61 1904 3002 3457 3201"
DEBIT_FAILS = "AT86 1904 3002 3547 3202"
ADDRESS = {"Full name": "Ada Lovelace", "Address": "12 Invalidenstraße", "Postal code": "10115", "City": "Berlin"}


class Visitor:
    """One person at one browser window. Every page that is `seen` is looked over as well."""

    def __init__(self, page: Page, look_over: Callable[..., None]) -> None:
        self.page = page
        self.look_over = look_over

    # ---- what every page has

    def go(self, address: str) -> None:
        self.page.goto(address)

    def sees(self, heading: str | Pattern[str]) -> None:
        """Wait for the page with this main heading, and look it over."""
        expect(self.page.get_by_role("heading", level=1, name=heading)).to_be_visible()
        self.look_over(self.page)

    def reads(self, text: str | Pattern[str]) -> None:
        expect(self.page.get_by_role("main").get_by_text(text).first).to_be_visible()

    def does_not_read(self, text: str | Pattern[str]) -> None:
        expect(self.page.get_by_text(text)).to_have_count(0)

    def is_warned(self, text: str | Pattern[str]) -> None:
        expect(self.page.get_by_role("alert")).to_contain_text(text)

    def follow(self, name: str | Pattern[str]) -> None:
        self.page.get_by_role("main").get_by_role("link", name=name).click()

    def press(self, name: str | Pattern[str]) -> None:
        self.page.get_by_role("button", name=name).click()

    def fill(self, fields: dict[str, str]) -> None:
        for label, value in fields.items():
            self.page.get_by_label(label, exact=True).fill(value)

    def new_tab(self, address: str) -> Visitor:
        """The same person, the same cookies, a second tab."""
        other = Visitor(self.page.context.new_page(), self.look_over)
        other.go(address)
        return other

    # ---- the shop

    def put_in_cart(self, *, edition: str = "A4", quantity: int = 1, address: str = "/products/slow-weather/") -> None:
        """From the product's page to the cart."""
        self.go(address)
        self.sees(TITLE)
        self.page.get_by_label(edition).check()
        self.fill({"Quantity": str(quantity)})
        self.press("Add to cart")
        self.sees("Your cart")

    def quantity_in_cart(self, *, edition: str = "A4") -> Locator:
        return self.page.get_by_label(f"Quantity of {TITLE} · {edition}")

    def change_quantity(self, quantity: int, *, edition: str = "A4") -> None:
        """On the cart page."""
        self.quantity_in_cart(edition=edition).fill(str(quantity))
        self.press(f"Update {TITLE} · {edition}")

    def finds_cart_empty(self) -> None:
        self.go("/cart/")
        self.sees("Your cart")
        expect(self.page.get_by_role("heading", name="There is nothing in it yet")).to_be_visible()

    def to_checkout(self) -> None:
        """From the cart page."""
        self.follow("Go to checkout")
        self.sees("Checkout")

    def to_payment_page(self, *, rate: str = "Tracked parcel") -> None:
        """From the checkout page."""
        self.page.get_by_role("radio", name=rate).check(force=True)  # its label covers the whole row
        self.press(re.compile("^Pay"))
        self.sees("Pay your order")

    def goes_to_pay(self, **what: object) -> None:
        """From nothing to Stripe's page."""
        self.put_in_cart(**what)
        self.to_checkout()
        self.to_payment_page()

    def reads_order_number(self) -> str:
        """On the return page or the order page."""
        text = self.page.get_by_role("main").get_by_text(re.compile(r"^Order \S+$")).first.inner_text()
        return text.split()[1]

    # ---- Stripe's page

    def give_address(self, *, email: str = "ada@shop.test") -> None:
        if email:
            self.fill({"E-mail": email})
        self.fill(ADDRESS)
        self.page.get_by_label("Country", exact=True).select_option(label="Germany")

    def give_card(self, number: str = SUCCEEDS) -> None:
        self.page.get_by_label("Card", exact=True).check()
        self.fill({"Card number": number, "Expiry (MM / YY)": "12 / 34", "CVC": "123", "Name on card": "Ada Lovelace"})

    def give_account(self, iban: str) -> None:
        self.page.get_by_label("Bank debit").check()
        self.fill({"IBAN": iban, "Name on account": "Ada Lovelace"})

    def pay(self, card: str = SUCCEEDS, *, email: str = "ada@shop.test") -> None:
        """Fill in the whole payment page and press the button."""
        self.give_address(email=email)
        self.give_card(card)
        self.press_pay()

    def press_pay(self) -> None:
        self.press(re.compile(r"^Pay .*\d"))

    def sees_it_is_paid(self) -> None:
        self.sees("Thank you. It is yours.")
