"""Staff at the admin's own forms: they ship, refund, cancel, check and restock, once or twice at once."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

from chaos.browser import Browser
from chaos.diary import CANCELLED, REFUNDED, RESTOCKED, SHIPPED, Diary
from chaos.plan import Errand, Plan
from chaos.shopping import at_once
from tests.trust.http_client import Answer

LIST = "/admin/orders/order/"
TOLD = {  # what the page says when it was done
    "ship": (SHIPPED, "Marked as shipped; the shopper gets a mail."),
    "refund": (REFUNDED, "is going back to the shopper."),
    "cancel": (CANCELLED, "Cancelled; its units are on sale again."),
}
FIELDS: dict[str, dict[str, Any]] = {
    "ship": {"carrier": "Parcel post", "tracking_number": "PP 1"},
    "refund": {"reason": "chaos"},
    "refund and restock": {"reason": "chaos", "restock": "on"},
    "refund twice": {"reason": "chaos"},
    "cancel": {},
    "check": {},
}
UNITS = 5  # of each scarce variant, each time


class Staff:
    """One member of staff. `scarce` are the variants that are restocked."""

    def __init__(
        self, number: int, *, plan: Plan, url: str, email: str, password: str, scarce: Sequence[int], diary: Diary
    ) -> None:
        self.plan, self.url, self.diary, self.scarce = plan, url, diary, scarce
        self.browser = Browser(url, diary, address=f"10.255.0.{number}")
        self._email, self._password = email, password

    def sign_in(self) -> None:
        self.browser.post("/account/login/", {"username": self._email, "password": self._password})

    def do(self, number: int) -> None:
        """The errand of this number, where the list shows an order that it fits. Raises GaveUp."""
        errand = self.plan.errand(number)
        if errand.what == "restock":
            self._restock()
        elif key := self._chosen(errand):
            self._order(key, errand.what)

    def _chosen(self, errand: Errand) -> str:
        """The order at that place of the list."""
        page = self.browser.get(LIST)
        if page.status_code == 302:
            self.sign_in()
            page = self.browser.get(LIST)
        keys = sorted(set(re.findall(rf"{LIST}(\d+)/change/", page.text)), key=int)
        return keys[int(errand.place * len(keys))] if keys else ""

    def _order(self, key: str, what: str) -> None:
        path = f"{LIST}{key}/do/{what.split()[0]}/"
        page = self.browser.get(path)
        number = re.search(r"Order ([2-9A-Z]{4}(?:-[2-9A-Z]{4}){3}) ·", page.text)
        if page.status_code != 200 or not number:
            return  # not offered for an order in this state
        fields = {**_hidden(page), **FIELDS[what]}
        tabs = [self.browser.tab() for _each in range(2 if what == "refund twice" else 1)]
        pages = at_once(*(lambda tab=tab: tab.follow(tab.post(path, fields), path) for tab in tabs))
        self.diary.count(f"staff: {what}")
        about, sentence = TOLD.get(what.split()[0], ("", ""))
        if about and any(sentence in page.text for page in pages):
            self.diary.tell(about, number[1], int(fields.get("amount_minor", 0)))

    def _restock(self) -> None:
        """By the bulk form. Its last press is made twice at once, which must book the units once."""
        path, chosen = "/admin/catalog/variant/", [str(pk) for pk in self.scarce]
        asked = self.browser.post(path, {"action": "change_stock", "_selected_action": chosen, "index": "0"})
        if asked.status_code == 302:
            return self.sign_in()
        bulk = f"{path}bulk/stock/"
        typed = {"units": str(UNITS), "reason": "chaos"}
        look = self.browser.post(bulk, {**_hidden(asked), **typed, "step": "look"})
        confirmed = {**_hidden(look), "step": "confirm"}
        tabs = [self.browser.tab(), self.browser.tab()]
        answers = at_once(*(lambda tab=tab: tab.post(bulk, confirmed) for tab in tabs))
        self.diary.count("staff: restock")
        if any(answer.status_code == 302 for answer in answers):  # booked by one of them, whoever was cut off
            for pk in chosen:
                self.diary.tell(RESTOCKED, pk, UNITS)
        else:
            self.diary.complain(f"I20: the bulk form answered {[answer.status_code for answer in answers]}")
        return None


def _hidden(page: Answer) -> dict[str, str]:
    """The hidden fields of the page's forms, but the token."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}
