"""Staff at the admin's own forms: they ship, refund, cancel, check, restock and raise prices, once or twice at once."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

from chaos.browser import Browser
from chaos.diary import CANCELLED, RAISED, REFUNDED, RESTOCKED, SHIPPED, Diary
from chaos.plan import RAISE, Errand, Plan
from chaos.shopping import at_once
from tests.trust.http_client import Answer

LIST = "/admin/orders/order/"
NUMBER = re.compile(r"Order ([2-9A-Z]{4}(?:-[2-9A-Z]{4}){3}) ·")
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
    """One member of staff. `variants` are [{"id", "scarce"}]: the scarce ones are restocked, the others' prices raised."""

    def __init__(
        self, number: int, *, plan: Plan, url: str, email: str, password: str, variants: Sequence[dict[str, Any]], diary: Diary
    ) -> None:
        self.plan, self.url, self.diary, self.variants = plan, url, diary, variants
        self.browser = Browser(url, diary, address=f"10.255.0.{number}")
        self._email, self._password = email, password

    def sign_in(self) -> None:
        self.browser.post("/account/login/", {"username": self._email, "password": self._password})

    def do(self, number: int) -> None:
        """The errand of this number, where the list shows an order that it fits. Raises GaveUp."""
        errand = self.plan.errand(number)
        if errand.what == "restock":
            if self._bulk("stock", self._variants(scarce=True), {"units": str(UNITS), "reason": "chaos"}):
                self._tell_each(RESTOCKED, self._variants(scarce=True), UNITS)
        elif errand.what == "raise prices":
            typed = {"how": "amount", "amount": f"{RAISE // 100}.{RAISE % 100:02}", "before": "keep"}
            if self._bulk("prices", self._variants(scarce=False), typed):
                self._tell_each(RAISED, self._variants(scarce=False), RAISE)
        elif key := self._chosen(errand):
            (self._refund_a_part if errand.what == "refund a part" else self._order)(key, errand.what)

    def _variants(self, *, scarce: bool) -> list[str]:
        return [str(variant["id"]) for variant in self.variants if variant["scarce"] == scarce]

    def _tell_each(self, what: str, chosen: list[str], amount: int) -> None:
        for pk in chosen:
            self.diary.tell(what, pk, amount)

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
        number = NUMBER.search(page.text)
        if page.status_code != 200 or not number:
            return  # not offered for an order in this state
        fields = {**_hidden(page), **FIELDS[what]}
        tabs = [self.browser.tab() for _each in range(2 if what == "refund twice" else 1)]
        pages = at_once(*(lambda tab=tab: tab.follow(tab.post(path, fields), path) for tab in tabs))
        self.diary.count(f"staff: {what}")
        about, sentence = TOLD.get(what.split()[0], ("", ""))
        if about and any(sentence in page.text for page in pages):
            self.diary.tell(about, number[1], int(fields.get("amount_minor", 0)))

    def _refund_a_part(self, key: str, what: str) -> None:
        """One unit of the first line that has some left, some of them back on the shelf. Pressed twice, it is one refund."""
        path = f"{LIST}{key}/refund/"
        page = self.browser.get(path)
        number = NUMBER.search(page.text)
        field = re.search(r'name="quantity_(\d+)"(?![^>]*disabled)', page.text)
        if page.status_code != 200 or not number or not field:
            return
        typed = {**_hidden(page), "reason": "chaos", f"quantity_{field[1]}": "1", "review": "on"}
        if int(key) % 2:
            typed[f"restock_{field[1]}"] = "on"
        look = self.browser.post(path, typed)
        if look.status_code != 200:
            return  # somebody else was first
        confirmed = {**_hidden(look), "confirm": "on"}
        pages = self._twice(path, confirmed)
        self.diary.count(f"staff: {what}")
        if any(TOLD["refund"][1] in page.text for page in pages):
            self.diary.tell(REFUNDED, number[1], int(confirmed["amount"].replace(".", "")))

    def _bulk(self, kind: str, chosen: list[str], typed: dict[str, str]) -> bool:
        """By a bulk form of variants. Its last press is made twice at once, which must be done once. Whether it was done."""
        path = "/admin/catalog/variant/"
        asked = self.browser.post(path, {"action": f"change_{kind}", "_selected_action": chosen, "index": "0"})
        if asked.status_code == 302:
            self.sign_in()
            return False
        bulk = f"{path}bulk/{kind}/"
        look = self.browser.post(bulk, {**_hidden(asked), **typed, "step": "look"})
        confirmed = {**_hidden(look), "step": "confirm"}
        tabs = [self.browser.tab(), self.browser.tab()]
        answers = at_once(*(lambda tab=tab: tab.post(bulk, confirmed) for tab in tabs))
        self.diary.count(f"staff: change {kind}")
        if any(answer.status_code == 302 for answer in answers):  # by one of them, whoever was cut off
            return True
        self.diary.complain(f"I20: the bulk form answered {[answer.status_code for answer in answers]}")
        return False

    def _twice(self, path: str, fields: dict[str, str]) -> list[Answer]:
        tabs = [self.browser.tab(), self.browser.tab()]
        return at_once(*(lambda tab=tab: tab.follow(tab.post(path, fields), path) for tab in tabs))


def _hidden(page: Answer) -> dict[str, str]:
    """The hidden fields of the page's forms, but the token."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}
