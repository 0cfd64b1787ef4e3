"""Ada makes an account, and it is hers alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from accounts.models import User
from orders.models import Order
from tests import people
from tests.browser.gallery import TITLE

NEW_PASSWORD = "a gauge of brass and steam"


def follow_mail(visitor, mailoutbox):
    """Open the link in the newest mail."""
    visitor.go(re.search(r"http\S+", mailoutbox[-1].body)[0])


def log_in(visitor, *, email="ada@shop.test", password=people.PASSWORD):
    """From any page of the shop."""
    visitor.page.get_by_role("banner").get_by_role("link", name="Log in").click()
    visitor.sees("Log in")
    visitor.fill({"E-mail address": email, "Password": password})
    visitor.page.get_by_role("main").get_by_role("button", name="Log in").click()


def cart_holds_one(visitor):
    visitor.go("/cart/")
    visitor.sees("Your cart")
    expect(visitor.quantity_in_cart()).to_have_value("1")


def buys_with_known_address(visitor):
    """From the cart: Stripe's page knows the e-mail address already."""
    visitor.to_checkout()
    visitor.to_payment_page()
    visitor.reads("ada@shop.test")
    visitor.pay(email="")
    visitor.sees_it_is_paid()


@pytest.fixture
def customer(transactional_db):
    """Ada has an account."""
    return people.ada()


def test_it_keeps_the_cart_while_an_account_is_made(visitor, mailoutbox):
    visitor.put_in_cart()
    visitor.page.get_by_role("banner").get_by_role("link", name="Log in").click()
    visitor.follow("Create an account")
    visitor.sees("Create an account")
    visitor.fill({"E-mail address": "ada@shop.test"})
    visitor.press("Send me the link")
    visitor.sees("Look into your mail")
    follow_mail(visitor, mailoutbox)
    visitor.sees("One step left")
    visitor.fill({"Name": "Ada Lovelace", "Password": NEW_PASSWORD, "Password confirmation": NEW_PASSWORD})
    visitor.press("Create the account")
    visitor.sees("Your orders")
    visitor.reads("Welcome! Your account is ready.")
    visitor.reads("No orders yet")
    cart_holds_one(visitor)
    buys_with_known_address(visitor)
    assert Order.objects.get().user == User.objects.get(email="ada@shop.test")


def test_it_shows_the_orders_of_an_account_until_the_log_out(visitor, customer, allow):
    visitor.put_in_cart()
    log_in(visitor)
    visitor.sees("Your orders")
    cart_holds_one(visitor)
    buys_with_known_address(visitor)
    number = Order.objects.get().number
    visitor.go("/account/")
    visitor.sees("Your orders")
    visitor.reads(TITLE)
    visitor.follow(number)
    visitor.sees(f"Order {number}")
    address = visitor.page.url
    visitor.go("/account/")
    visitor.press("Log out")
    expect(visitor.page.get_by_role("banner").get_by_role("link", name="Log in")).to_be_visible()
    visitor.go("/account/")
    visitor.sees("Log in")
    allow("404")
    visitor.go(address)
    visitor.sees("Nothing hangs here")


def test_it_shows_nobody_else_the_order(visitor, visit, customer, allow):
    people.mallory()
    visitor.go("/")
    log_in(visitor)
    visitor.sees("Your orders")
    visitor.put_in_cart()
    buys_with_known_address(visitor)
    stranger = visit()
    stranger.go("/")
    log_in(stranger, email="mallory@shop.test")
    stranger.sees("Your orders")
    stranger.reads("No orders yet")
    allow("404")
    stranger.go(f"/orders/{Order.objects.get().number}/")
    stranger.sees("Nothing hangs here")


def test_it_says_what_is_wrong_with_a_log_in(visitor, customer, allow):
    visitor.go("/")
    allow("422")
    log_in(visitor, password="wrong")
    visitor.is_warned("This e-mail address and password do not go together.")
    visitor.sees("Log in")


def test_it_gives_a_new_password_by_mail(visitor, customer, mailoutbox, allow):
    visitor.go("/account/login/")
    visitor.follow("Forgotten your password?")
    visitor.sees("Forgotten your password?")
    visitor.fill({"E-mail address": "ada@shop.test"})
    visitor.press("Send me the link")
    visitor.sees("Look into your mail")
    follow_mail(visitor, mailoutbox)
    visitor.sees("Choose a new password")
    visitor.fill({"New password": NEW_PASSWORD, "New password confirmation": NEW_PASSWORD})
    visitor.press("Save it")
    visitor.sees("Log in")
    visitor.reads("Your password is changed. Please log in with it.")
    log_in(visitor, password=NEW_PASSWORD)
    visitor.sees("Your orders")
    visitor.press("Log out")
    allow("404")
    follow_mail(visitor, mailoutbox)
    visitor.sees("This link does not work any more")


def test_it_leads_back_to_the_page_that_asked_for_the_log_in(visitor, customer):
    visitor.go("/account/password/")
    visitor.sees("Log in")
    visitor.fill({"E-mail address": "ada@shop.test", "Password": people.PASSWORD})
    visitor.page.get_by_role("main").get_by_role("button", name="Log in").click()
    visitor.sees("Change your password")
