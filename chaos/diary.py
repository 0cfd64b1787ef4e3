"""What people were told, to be held against the books at the end; and what was counted on the way. Thread safe."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from threading import Lock

PAID = "paid"  # a page said that the order is paid
NOT_CHARGED = "not charged"  # a page said that the order was given up and nothing was charged
SHIPPED, CANCELLED, REFUNDED, RESTOCKED, RAISED = "shipped", "cancelled", "refunded", "restocked", "raised"  # so to staff
PAST_THE_SHOP = "past the shop"  # not said: money of the order went back at Stripe, or the buyer's bank took it back


@dataclass(frozen=True)
class Told:
    """`about` is an order's number, or a variant's for units that came and prices that were raised."""

    what: str
    about: str
    amount: int = 0


class Diary:
    def __init__(self) -> None:
        self._lock = Lock()
        self._told: list[Told] = []
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []  # what was wrong at once, whatever comes later

    def tell(self, what: str, about: str, amount: int = 0) -> None:
        with self._lock:
            self._told.append(Told(what, about, amount))

    def count(self, what: str, times: int = 1) -> int:
        """Answers how often it was counted by now."""
        with self._lock:
            self.counts[what] += times
            return self.counts[what]

    def complain(self, problem: str) -> None:
        with self._lock:
            if problem not in self.problems:
                self.problems.append(problem)

    def everything(self) -> list[Told]:
        with self._lock:
            return list(self._told)
