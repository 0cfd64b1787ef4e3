"""Stripe's page and fields, as a shopper uses them: by the stand-in's control calls, or by the forms of its page."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import requests

from tests.sandbox_process import ControlError, Sandbox

MONEY_CAME = ("succeeded", "processing")
CARDS = {"": "4242424242424242", "declined": "4000000000000002"}
METHODS = {"": "pm_card_visa", "declined": "pm_card_visa_chargeDeclined"}  # the same, by the names of the API
ACCOUNTS = {"bank": "AT611904300234573201", "bank fails": "AT861904300235473202"}
PART = 150  # minor units
BUYER = {"line1": "12 St James's Square", "city": "Berlin", "postal_code": "10115", "country": "DE"}


@dataclass(frozen=True)
class Outcome:
    """`name`: succeeded, processing, declined, ended (nothing can be paid there any more)."""

    name: str
    back: str = ""
    intent: str = ""


class StripePage:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def session(self, session_id: str) -> dict[str, Any]:
        return self.sandbox.session(session_id)

    def expire(self, stripe_id: str) -> None:
        """The page's time is over. Nothing of the kind happens to an intent."""
        if stripe_id.startswith("cs_"):
            with contextlib.suppress(ControlError):  # paid or ended meanwhile
                self.sandbox.expire(stripe_id)

    def finish(self, intent_id: str, *, comes: bool) -> None:
        with contextlib.suppress(ControlError):
            self.sandbox.finish_payment(intent_id, outcome="succeeded" if comes else "failed")

    def past_the_shop(self, intent_id: str, what: str) -> bool:
        """What is done at Stripe with money that came: see AFTER in chaos/plan.py. False if nothing is left of it there."""
        try:
            if what == "dashboard refund":
                self.sandbox.refund(intent_id)
            elif what == "dashboard refund in part":
                self.sandbox.refund(intent_id, amount=PART)
            else:
                self._dispute(intent_id, what)
        except ControlError:
            return False
        return True

    def _dispute(self, intent_id: str, what: str) -> None:
        dispute = self.sandbox.dispute(intent_id, inquiry=what == "inquiry")["id"]
        if status := {"dispute won": "won", "dispute lost": "lost", "inquiry": "warning_closed"}.get(what):
            self.sandbox.answer_dispute(dispute, "It was delivered.")
            self.sandbox.close_dispute(dispute, status=status)

    def pay(self, stripe_id: str, *, email: str, means: str = "", page: bool = False) -> Outcome:
        if stripe_id.startswith("pi_"):
            return self._confirm(stripe_id, means)
        if page and means in CARDS and self.session(stripe_id)["ui_mode"] == "hosted_page":
            return self._fill_in(stripe_id, email, means)
        how: dict[str, Any] = {"iban": ACCOUNTS[means]} if means in ACCOUNTS else {"card": CARDS[means]}
        try:
            told = self.sandbox.pay(stripe_id, email=email, shipping={"name": "Ada Lovelace", "address": BUYER}, **how)
        except ControlError:
            return Outcome("ended")
        name = told["outcome"] if told["outcome"] in ("succeeded", "processing", "declined") else "ended"
        return Outcome(name, told["redirect_url"] or "", told["payment_intent"] or "")

    def _confirm(self, intent_id: str, means: str) -> Outcome:
        told = self.sandbox.confirm(intent_id, method=METHODS.get(means, METHODS[""]))
        return Outcome(told["outcome"] if told["outcome"] in ("succeeded", "declined") else "ended", "", intent_id)

    def _fill_in(self, session_id: str, email: str, means: str) -> Outcome:
        """By the form of the payment page, which waits for the shop's webhook before it sends the shopper back."""
        typed = {f"ship_{name}": value for name, value in BUYER.items()}
        typed |= {"ship_name": "Ada Lovelace", "email": email, "card_name": "Ada Lovelace", "method": "card", "action": "pay"}
        typed |= {"number": CARDS[means], "expiry": "12 / 34", "cvc": "123", "shipping_option": "0"}
        url = f"{self.sandbox.url}/c/pay/{session_id}"
        before = self.session(session_id)["status"]
        answer = requests.post(url, typed, allow_redirects=False, timeout=60)
        if answer.status_code != 303:
            return Outcome("declined" if means == "declined" else "ended")
        return Outcome("succeeded" if before == "open" else "ended", answer.headers["Location"])
