"""The checkout page by itself, before Stripe is asked."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests import factories


@pytest.fixture
def rates():
    factories.shipping_rate(name="Tracked parcel", price_minor=590)
    factories.shipping_rate(name="Express courier", price_minor=1990, countries=["DE", "AT", "FR", "NL", "BE", "IT", "ES"])


def to_checkout(page, product):
    page.goto(product.get_absolute_url())
    page.get_by_role("button", name="Add to cart").click()
    page.get_by_role("link", name="Go to checkout").click()


def test_it_keeps_the_sum_in_step_with_the_shipping(page, axe, rates):
    to_checkout(page, factories.variant(price_minor=4900).product)
    axe(page)
    expect(page.get_by_role("button", name="Pay €54.90")).to_be_visible()
    page.get_by_label("Express courier").check()
    expect(page.get_by_role("button", name="Pay €68.90")).to_be_visible()
    expect(page.get_by_role("region", name="Summary")).to_contain_text(re.compile(r"Express courier\s*€19.90\s*Total\s*€68.90"))


def test_it_shows_the_choice_that_the_browser_restored(page, rates):
    to_checkout(page, factories.variant(price_minor=4900).product)
    page.get_by_label("Express courier").check()
    page.get_by_role("link", name="Change the cart").click()
    page.go_back()
    expect(page.get_by_label("Express courier")).to_be_checked()
    expect(page.get_by_role("button", name="Pay €68.90")).to_be_visible()


def test_it_names_no_amount_that_could_be_wrong_without_scripts(without_scripts, rates):
    to_checkout(without_scripts, factories.variant(price_minor=4900).product)
    expect(without_scripts.get_by_role("button", name="Pay now", exact=True)).to_be_visible()


def test_it_names_the_amount_without_scripts_where_there_is_nothing_to_choose(without_scripts):
    to_checkout(without_scripts, factories.download(price_minor=900).product)
    expect(without_scripts.get_by_role("button", name="Pay €9.00")).to_be_visible()
