"""Every rule of the verdict finds what breaks it, and finds nothing in books that agree."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from chaos.diary import CANCELLED, NOT_CHARGED, PAID, PAST_THE_SHOP, RAISED, REFUNDED, RESTOCKED, SHIPPED, Told
from chaos.judge import Evidence, violations

pytestmark = pytest.mark.same_on_both

SOLD, ENDED = "SOLD", "ENDED"


def order(number: str, **fields: Any) -> dict[str, Any]:
    """Two units of variant 1 at 10.00, a tenth off, shipping 5.00."""
    line = {"variant": 1, "quantity": 2, "restocked_quantity": 0, "unit_price_minor": 1000}
    made = {
        "number": number, "status": "paid", "total_minor": 2300, "paid_minor": 2300, "refunded_minor": 500,
        "shipping_minor": 500, "discount_minor": 200, "discount_code": "TENTH", "shipped_at": "today", "lines": [line],
        "is_sold": True, "is_open": False,
    }  # fmt: skip
    return made | fields


def agreeing() -> dict[str, Any]:
    """An order that was paid, shipped and refunded in part, and one that ended unpaid; a mail about the first."""
    ended = {"status": "cancelled", "paid_minor": 0, "refunded_minor": 0, "is_sold": False, "shipped_at": None}
    session = {"id": "cs_1", "metadata": {"payment_reference": "r1"}, "paid": 2300, "refunded": 500, "amount_total": 2300,
               "disputes": [{"id": "du_1", "status": "won"}]}  # fmt: skip
    intent = {"payment_intent": "pi_2", "metadata": {"payment_reference": "r2"}, "paid": 0, "refunded": 0}
    return {
        "facts": {
            "orders": [order(SOLD), order(ENDED, **ended)],
            "fulfilled": [SOLD],
            "payments": [
                {"reference": "r1", "order__number": SOLD, "status": "succeeded"},
                {"reference": "r2", "order__number": ENDED, "status": "expired"},
            ],
            "refunds": [{"reference": "f1", "status": "succeeded"}],
            "mails": [
                {"id": "<m1>", "order": SOLD, "kind": "confirmed", "reference": "", "to": "ada@", "sent": True, "attempts": 1}
            ],
            "events": [{"stripe_id": "evt_1", "deliveries": 2, "processed_at": "today", "last_error": ""}],
            "differences": [],
            "variants": [{"pk": 1, "stock_on_hand": 13, "stock_reserved": 0, "stock_oversold": 0}],
            "codes": [{"code": "TENTH", "uses": 1, "most_uses": 1}],
            "disputes": [{"stripe_id": "du_1", "status": "won", "lost_minor": 0, "payment__reference": "r1"}],
        },
        "books": {"sessions": [session], "other_payments": [intent]},
        "audit": {"checks": {"paid_once": {"violations": 0, "examples": []}}},
        "accepted": [("<m1>", "ada@")],
        "answers": {"evt_1": 2},
        "told": [
            Told(PAID, SOLD), Told(SHIPPED, SOLD), Told(REFUNDED, SOLD, 500), Told(NOT_CHARGED, ENDED), Told(CANCELLED, ENDED),
            Told(RESTOCKED, "1", 5),
        ],
        "supplied": {1: 10},
        "prices": {1: 1000},
    }  # fmt: skip


def found(change: Callable[[dict[str, Any]], Any]) -> set[str]:
    """The invariants that are named once the books are changed."""
    books = deepcopy(agreeing())
    change(books)
    return {sentence.partition(":")[0] for sentence in violations(Evidence(**books))}


def rows(kind: str, place: int = 0, **changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda books: books["facts"][kind][place].update(changes)


def test_it_finds_nothing_in_books_that_agree():
    assert violations(Evidence(**agreeing())) == []


DAMAGE: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a check of the audit": (
        lambda books: books["audit"]["checks"]["paid_once"].update(violations=1, examples=["K7: paid twice"]),
        "audit paid_once",
    ),
    "fulfilled twice": (lambda books: books["facts"]["fulfilled"].append(SOLD), "I1"),
    "paid and never fulfilled": (lambda books: books["books"]["other_payments"][0].update(paid=2500), "I2"),
    "fulfilled for nothing": (lambda books: books["books"]["sessions"][0].update(paid=0, refunded=0), "I3"),
    "fulfilled for nothing without a code": (rows("orders", total_minor=0, discount_code="GIFT"), "I6"),
    "fulfilled for too little": (lambda books: books["books"]["sessions"][0].update(paid=100), "I3"),
    "a refund that the order does not know": (lambda books: books["books"]["sessions"][0].update(refunded=900), "I4"),
    "another amount of paid money": (rows("orders", paid_minor=5000), "I4"),
    "a difference that cannot come": (
        lambda books: books["facts"]["differences"].append(
            {"kind": "amount", "reference": "cs_1", "order__number": SOLD, "detail": "less"}
        ),
        "I4",
    ),
    "money without an order": (lambda books: books["facts"]["payments"].pop(0), "I5"),
    "another amount asked for": (lambda books: books["books"]["sessions"][0].update(amount_total=1), "I6"),
    "another price than was shown": (lambda books: books["prices"].update({1: 900}), "I6"),
    "a price that never was": (lambda books: books["facts"]["orders"][0]["lines"][0].update(unit_price_minor=1050), "I6"),
    "more off than the code says": (rows("orders", discount_minor=300, total_minor=2200), "I6"),
    "a code used too often": (lambda books: books["facts"]["codes"][0].update(uses=2), "I11"),
    "a code that forgets a use": (lambda books: books["facts"]["codes"][0].update(uses=0), "I11"),
    "more uses than may be": (lambda books: books["facts"]["codes"][0].update(most_uses=0), "I11"),
    "a dispute that the shop does not know": (lambda books: books["facts"]["disputes"].clear(), "I4"),
    "a dispute that stands otherwise": (rows("disputes", status="lost"), "I4"),
    "a failed refund that nobody outside caused": (
        lambda books: books["facts"]["differences"].append(
            {"kind": "refund_failed", "reference": "f1", "order__number": SOLD, "detail": "disputed"}
        ),
        "I4",
    ),
    "more back than came": (lambda books: books["books"]["sessions"][0].update(refunded=9000), "I7"),
    "units that vanished": (rows("variants", stock_on_hand=12), "I9"),
    "units reserved for nobody": (rows("variants", stock_reserved=1), "I9"),
    "more sold than ever came": (lambda books: books["supplied"].update({1: -9}), "I9"),
    "a hold that never ends": (rows("orders", 1, is_open=True, status="pending"), "I10"),
    "a mail that got lost": (lambda books: books["accepted"].clear(), "I13"),
    "a mail that nobody wrote": (lambda books: books["accepted"].append(("<m9>", "ada@")), "I13"),
    "a mail to somebody else": (lambda books: books["accepted"].append(("<m1>", "mallory@")), "I13"),
    "a mail taken more often than tried": (lambda books: books["accepted"].append(("<m1>", "ada@")), "I13"),
    "a mail again though nobody was killed": (
        lambda books: (books["accepted"].append(("<m1>", "ada@")), books["facts"]["mails"][0].update(attempts=2)),
        "I13",
    ),
    "a mail that went out and waits": (rows("mails", sent=False), "I13"),
    "an event without its effect": (rows("events", processed_at=None), "I14"),
    "a payment that nobody decides": (rows("payments", 1, status="open"), "I14"),
    "a refund that was never sent": (rows("refunds", status="requested"), "I14"),
    "an event that was answered and forgotten": (lambda books: books["facts"]["events"].clear(), "I15"),
    "an answer that was not written down": (rows("events", deliveries=1), "I15"),
    "a page that said paid": (lambda books: books["told"].append(Told(PAID, ENDED)), "I15"),
    "a page that said nothing was charged": (lambda books: books["told"].append(Told(NOT_CHARGED, SOLD)), "I15"),
    "a page that said shipped": (lambda books: books["told"].append(Told(SHIPPED, ENDED)), "I15"),
    "a page that said cancelled": (lambda books: books["told"].append(Told(CANCELLED, SOLD)), "I15"),
    "a page that said refunded": (lambda books: books["told"].append(Told(REFUNDED, SOLD, 900)), "I15"),
    "a page about no order": (lambda books: books["told"].append(Told(PAID, "NOBODY")), "I15"),
    "units that were said to have come": (lambda books: books["told"].append(Told(RESTOCKED, "1", 5)), "I9"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_it_finds(what: str):
    change, invariant = DAMAGE[what]
    assert invariant in found(change)


def test_a_mail_may_come_again_where_its_sender_was_killed():
    books = agreeing() | {"interrupted": 1}
    books["accepted"].append(("<m1>", "ada@"))
    books["facts"]["mails"][0]["attempts"] = 2
    assert violations(Evidence(**books)) == []


def test_money_that_came_too_late_and_went_back_is_no_violation():
    books = agreeing()
    books["books"]["other_payments"][0].update(paid=2500, refunded=2500)
    books["facts"]["orders"][1].update(paid_minor=2500, refunded_minor=2500)
    books["facts"]["differences"].append({"kind": "paid_too_late", "reference": "r2", "order__number": ENDED, "detail": ""})
    books["told"] = []
    books["facts"]["variants"][0]["stock_on_hand"] = 8
    assert violations(Evidence(**books)) == []


def test_a_refund_that_was_one_too_many_is_no_violation_where_money_went_back_at_stripe():
    books = agreeing()
    books["facts"]["differences"].append({"kind": "refund_failed", "reference": "f1", "order__number": SOLD, "detail": ""})
    books["told"].append(Told(PAST_THE_SHOP, SOLD))
    assert violations(Evidence(**books)) == []


def test_a_line_may_cost_what_staff_raised_its_price_to():
    books = agreeing()
    books["facts"]["orders"][0].update(total_minor=2480, discount_minor=220, paid_minor=2480)
    books["facts"]["orders"][0]["lines"][0]["unit_price_minor"] = 1100
    books["books"]["sessions"][0].update(paid=2480, amount_total=2480)
    assert {each.partition(":")[0] for each in violations(Evidence(**books))} == {"I6"}
    books["told"].append(Told(RAISED, "1", 100))
    assert violations(Evidence(**books)) == []


def test_a_sold_order_may_have_cost_nothing():
    books = agreeing()
    free = order("FREE", status="paid", total_minor=0, paid_minor=0, refunded_minor=0, shipping_minor=0, lines=[])
    books["facts"]["orders"].append(free | {"discount_code": "", "discount_minor": 0})
    books["facts"]["fulfilled"].append("FREE")
    assert violations(Evidence(**books)) == []
