"""A promotion code in the cart and at the checkout, with and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from promotions.models import Promotion
from tests import factories
from tests.browser.looks import does_not_scroll_sideways


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def shown(request, open_page, allow):
    page = open_page(java_script_enabled=request.param)
    allow("422")
    return page


def test_it_takes_a_code_in_the_cart_and_says_what_is_wrong_beside_the_field(shown, request, look_over):
    look = look_over if request.node.callspec.params["shown"] else does_not_scroll_sideways  # axe is a script
    factories.shipping_rate(price_minor=590)
    factories.promotion(code="SPRING", percent=15, minimum_minor=9000)
    shown.goto(factories.variant(price_minor=4900).product.get_absolute_url())
    shown.get_by_role("button", name="Add to cart").click()
    code, summary = shown.get_by_label("Promotion code"), shown.get_by_role("region", name="Summary")
    code.fill("spring")
    shown.get_by_role("button", name="Apply").click()
    expect(code).to_have_accessible_description("The code “SPRING” is for goods of €90.00 or more: €41.00 is missing.")
    expect(code).to_have_value("spring")
    look(shown)
    shown.get_by_label(re.compile("^Quantity")).fill("2")
    shown.get_by_role("button", name="Update").click()
    code.fill(" spring ")
    shown.get_by_role("button", name="Apply").click()
    expect(summary).to_contain_text(re.compile(r"€98.00\s*Code SPRING \(15 %\)\s*−€14.70\s*Goods\s*€83.30"))
    look(shown)
    shown.get_by_role("link", name="Go to checkout").click()
    expect(summary).to_contain_text(re.compile(r"€98.00\s*Code SPRING \(15 %\)\s*−€14.70.*Total\s*€89.20", re.DOTALL))
    look(shown)
    Promotion.objects.update(is_active=False)
    shown.get_by_role("link", name="Change the cart").click()
    expect(shown.get_by_text("The code “SPRING” is not valid any more. We took it out of your cart.")).to_be_visible()
    expect(code).to_be_visible()
