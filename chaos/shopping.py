"""Shoppers: one visit each, as the plan says, over real HTTP at the shop and at the stand-in's payment page."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread
from typing import Any

from chaos.browser import Browser
from chaos.diary import NOT_CHARGED, PAID, PAST_THE_SHOP, Diary
from chaos.paying import MONEY_CAME, Outcome, StripePage
from chaos.plan import Plan, Visit
from tests.trust.http_client import Answer

PRESSES = 12  # how often a shopper presses the button before they go elsewhere
ADDRESS = {"line1": "12 St James's Square", "city": "Berlin", "postal_code": "10115", "country": "DE"}


@dataclass(frozen=True)
class ToPay:
    """What a shopper has before them: a session or an intent of Stripe, and the ways back to the shop."""

    stripe_id: str
    order: str
    back: str  # of an intent; a session's own is known to Stripe
    cancel: str


class Shopper:
    """`variants` are [{"id", "title"}] by the numbers of the plan."""

    def __init__(
        self, number: int, *, plan: Plan, url: str, stripe: StripePage, variants: list[dict[str, Any]], diary: Diary
    ) -> None:
        self.visit: Visit = plan.visit(number)
        self.number, self.url, self.stripe, self.variants, self.diary = number, url, stripe, variants, diary
        self.email = f"shopper-{number}@chaos.test"
        self.browser = Browser(url, diary, address=f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}")

    def go(self) -> None:
        """The whole visit. Raises GaveUp."""
        self.diary.count("visits")
        if self.visit.looks:
            self.browser.get("/products/")
        found = [self._put(*line) for line in self.visit.lines]
        if not any(found):
            self.diary.count("sold out")
            return
        if self.visit.code:
            answer = self.browser.post("/cart/code/", {"code": self.visit.code})
            self.diary.count(f"code {self.visit.code}: {'taken' if answer.status_code == 302 else 'refused'}")
        to_pay = self._press()
        if to_pay is None:
            self.diary.count("could not order")
            return
        time.sleep(self.visit.waits)
        {"goes": self._go, "cancels": self._cancel, "expires": self._expire}.get(self.visit.ending, self._pay)(to_pay)

    # ---- the cart and the button

    def _put(self, place: int, units: int) -> bool:
        """Put something in the cart; what the shop said is there must be there."""
        variant = self.variants[place]
        answer = self.browser.post("/cart/add/", {"variant": variant["id"], "quantity": units})
        if answer.status_code != 302:
            return False
        page = self.browser.get("/cart/").text
        if not variant["scarce"] and variant["title"] not in page:
            self.diary.complain(f"I15: {variant['title']} was put in the cart of visit {self.number} and is not there")
        return variant["title"] in page

    def _press(self) -> ToPay | None:
        way = self.visit.way
        if self.visit.press == "double":
            at_once(lambda: self._press_once(self.browser.tab(), way), lambda: self._press_once(self.browser.tab(), way))
        elif self.visit.press == "tabs":
            at_once(self._other_tab, lambda: self._press_once(self.browser.tab(), way))
        elif self.visit.press == "switch":
            self._press_once(self.browser, "element" if way != "element" else "hosted")
        for _each in range(PRESSES):
            answer = self._press_once(self.browser, way)
            if answer.status_code == 303 and (found := self._before(answer["Location"])):
                return found
            if answer.status_code in (302, 303) and "/cart/" in answer["Location"]:
                return None  # empty: sold out, or bought
            if answer.status_code in (302, 303) and (bought := re.search(r"/orders/([\w-]+)/", answer["Location"])):
                self._note_free(bought[1])
                return None
            if answer.status_code == 422:
                return None
            if answer.status_code == 409:
                self.browser.get("/cart/")  # looked over again
        return None

    def _note_free(self, order: str) -> None:
        """A code paid for everything; or another press was first, and all of it is bought."""
        if self.visit.code == "GIFT":
            self.diary.count("orders for nothing")
            self.diary.tell(PAID, order)

    def _press_once(self, browser: Browser, way: str) -> Answer:
        return browser.post("/checkout/", {"way": way})

    def _other_tab(self) -> None:
        tab = self.browser.tab()
        tab.post("/cart/add/", {"variant": self.variants[0]["id"], "quantity": 1})
        self._press_once(tab, self.visit.way)

    def _before(self, address: str) -> ToPay | None:
        """What is to be paid at an address where the checkout led; None if it has ended."""
        if session := re.search(r"/c/pay/(cs_\w+)", address):
            body = self.stripe.session(session[1])
            return ToPay(session[1], body["metadata"]["order"], "", body["cancel_url"])
        if not (own := re.search(r"(/checkout/pay/([\w-]+)/)", address)):
            return None
        page = self.browser.get(own[1])
        cancel = re.search(r'href="(/checkout/cancel/[^"]+)"', page.text)
        if page.status_code != 200 or cancel is None:
            return None
        if session := re.search(r"&quot;(cs_\w+?)_secret_", page.text):
            return ToPay(session[1], own[2], "", html.unescape(cancel[1]))
        return self._start(own[1], own[2], html.unescape(cancel[1]))

    def _start(self, path: str, order: str, cancel: str) -> ToPay | None:
        """As the script of the page with Stripe's fields does."""
        answer = self.browser.post(f"{path}start/", {"email": self.email, "recipient": "Ada Lovelace", **ADDRESS})
        told = answer.json()
        if "client_secret" not in told:
            return None
        return ToPay(told["client_secret"].partition("_secret_")[0], order, told["return_url"], cancel)

    # ---- how it ends

    def _go(self, found: ToPay) -> None:
        self.diary.count("went away")

    def _expire(self, found: ToPay) -> None:
        self.stripe.expire(found.stripe_id)
        self._come_back(found, "")

    def _cancel(self, found: ToPay) -> None:
        path = found.cancel.removeprefix(self.url)
        page = self.browser.follow(self.browser.get(path), path)
        if "Nothing was charged" in page.text:
            self.diary.count("cancelled by shoppers")
            self.diary.tell(NOT_CHARGED, found.order)

    def _pay(self, found: ToPay) -> None:
        outcomes = self._attempts(found)
        outcome = next((one for one in outcomes if one.name in MONEY_CAME), outcomes[0])
        self.diary.count(f"outcome: {outcome.name}")
        if any(one.name == "succeeded" for one in outcomes):
            self.diary.count("orders paid")
            self.diary.count(f"paid {self.visit.way}")
            self._past_the_shop(found, outcome)
        if self.visit.comes_back:
            self._come_back(found, outcome.back)
            if outcome.name == "processing":
                self.stripe.finish(outcome.intent, comes=self.visit.ending == "bank")
                self._come_back(found, outcome.back)

    def _attempts(self, found: ToPay) -> list[Any]:
        def pay(means: str = "") -> Outcome:
            return self.stripe.pay(found.stripe_id, email=self.email, means=means, page=self.visit.page)

        match self.visit.ending:
            case "declined":
                pay(means="declined")
                return [pay()]
            case "bank" | "bank fails":
                return [pay(means=self.visit.ending)]
            case "cancels while paying":
                return at_once(pay, lambda: self._cancel(found))[:1]
            case "expires while paying":
                return at_once(pay, lambda: self.stripe.expire(found.stripe_id))[:1]
            case "pays twice":
                return at_once(pay, pay)
        return [pay()]

    def _past_the_shop(self, found: ToPay, outcome: Outcome) -> None:
        if self.visit.after and outcome.intent and self.stripe.past_the_shop(outcome.intent, self.visit.after):
            self.diary.count(f"at Stripe: {self.visit.after}")
            self.diary.tell(PAST_THE_SHOP, found.order)

    def _come_back(self, found: ToPay, back: str) -> None:
        """See the return page, and what the order says of itself."""
        if found.back:
            back = f"{found.back}&payment_intent={found.stripe_id}"
        if back:
            path = back.removeprefix(self.url)
            page = self.browser.follow(self.browser.get(path), path)
            if "Thank you. It is yours." in page.text:
                self.diary.tell(PAID, found.order)
        status = self.browser.get(f"/orders/{found.order}/status/")
        if status.status_code != 200:
            self.diary.complain(f"I15: order {found.order} answers its shopper {status.status_code}")
        elif status.json()["paid"]:
            self.diary.tell(PAID, found.order)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What the calls answer, each made in a thread of its own; raises what the first that failed raised."""
    outcomes: list[Any] = [None] * len(calls)
    errors: list[Exception] = []

    def run(place: int, call: Callable[[], Any]) -> None:
        try:
            outcomes[place] = call()
        except Exception as error:
            errors.append(error)

    threads = [Thread(target=run, args=each, daemon=True) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return outcomes
