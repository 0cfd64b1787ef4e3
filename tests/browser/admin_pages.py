"""The admin as staff meet it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.shop_pages import Visitor

# What Django 5.2 does itself, in django/contrib/admin: templates/admin/search_form.html labels its field by a picture, whose
# text the first rule does not count; templates/admin/edit_inline/tabular.html has columns for its own use, without a heading;
# static/admin/js/SelectFilter2.js names an icon that may not have a name; vendor/select2 puts the button that forgets all
# that was chosen into the list of it.
DJANGOS_OWN = ["label-title-only", "empty-table-header", "aria-prohibited-attr", "list"]


class Staff(Visitor):
    """Somebody at the admin's pages."""

    def look(self) -> None:
        """Look this page of the admin over."""
        self.look_over(self.page, without=DJANGOS_OWN)

    def log_in(self, email: str, password: str) -> None:
        self.go(reverse("admin:index"))
        self.sees("Log in")
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.press("Log in")

    def is_told(self, text: str) -> None:
        """A message at the top, after something was done."""
        expect(self.page.get_by_role("list").filter(has_text=text).get_by_text(text)).to_be_visible()

    def open_list(self, name: str) -> None:
        """From the front page: "Orders"."""
        self.go(reverse("admin:index"))
        self.page.get_by_role("rowheader", name=name).get_by_role("link").click()
        self.look()

    def open_order(self, order: Any) -> None:
        """By searching for its number."""
        self.open_list("Orders")
        self.page.get_by_role("textbox", name="Search").fill(order.number)
        self.press("Search")
        self.page.get_by_role("link", name=order.number).click()
        expect(self.page.get_by_role("heading", name=order.number)).to_be_visible()
        self.look()

    def begin(self, tool: str, question: str) -> None:
        """On an order's page: press one of its buttons, and be asked once more."""
        self.page.get_by_role("link", name=tool, exact=True).click()
        self.reads(question)
        self.look()
