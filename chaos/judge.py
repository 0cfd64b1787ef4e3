"""Holds the shop's books against the stand-in's, the mail server's, and what people were told. Pure: data in, sentences out.

Each sentence begins with the invariant of docs/trust.md that is broken.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chaos.diary import CANCELLED, NOT_CHARGED, PAID, PAST_THE_SHOP, RAISED, REFUNDED, RESTOCKED, SHIPPED, Told
from chaos.plan import RAISE

# Money that bought nothing goes back by itself, and staff read of it: these differences are how it ends, not violations.
EXPECTED = {"paid_too_late", "paid_twice"}
# Where money was given back at Stripe, or disputed, a refund of the shop may be one too many: staff read of that, too.
EXPECTED_PAST_THE_SHOP = {"refund_failed", "refund_unknown", "dispute"}
MONEY_AGREES = EXPECTED | {"refund_failed", "dispute"}  # though staff are told of something
ENDED = {"cancelled", "expired"}
ASKS_A_PERSON = "differences_are_resolved"


@dataclass(frozen=True)
class Evidence:
    """`facts`: chaos/inside.py; `books`: the stand-in's; `audit`: of `manage.py audit --json`.

    `accepted`: (Message-ID, recipient) of each mail the mail server took, `answers`: how often an event was answered 2xx.
    `interrupted`: how often a sender may have died with a mail that was taken. `supplied`: units of each variant at the start.
    """

    facts: dict[str, Any]
    books: dict[str, Any]
    audit: dict[str, Any]
    accepted: list[tuple[str, str]]
    answers: dict[str, int]
    told: list[Told]
    supplied: dict[int, int]
    prices: dict[int, int]
    interrupted: int = 0


def violations(evidence: Evidence) -> list[str]:
    """Everything that does not hold."""
    rules = (
        audited, fulfilled_once, money_agrees, no_orphans, snapshots, refunds_bounded, stock_adds_up, holds_end, codes_count,
        mail_once, work_ends, acknowledged, kept_word, disputes, differences,
    )  # fmt: skip
    return [sentence for rule in rules for sentence in rule(evidence)]


def audited(evidence: Evidence) -> Iterator[str]:
    for name, found in evidence.audit["checks"].items():
        if found["violations"] and name != ASKS_A_PERSON:
            yield f"audit {name}: {found['violations']}, for instance {'; '.join(found['examples'][:3])}"


def fulfilled_once(evidence: Evidence) -> Iterator[str]:
    """I1."""
    times = Counter(evidence.facts["fulfilled"])
    for order in evidence.facts["orders"]:
        if times[order["number"]] != int(order["is_sold"]):
            yield f"I1: {order['number']} is {order['status']} and was fulfilled {times[order['number']]} times"


def money_agrees(evidence: Evidence) -> Iterator[str]:
    """I2, I3, I4: what was paid and given back at Stripe is what the order says, and buys it or went back."""
    truth = _truth(evidence)
    flagged = {row["order__number"] for row in evidence.facts["differences"] if row["kind"] not in MONEY_AGREES}
    lost = _lost(evidence)
    theirs: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for payment in evidence.facts["payments"]:
        if payment["reference"] in truth:
            theirs[payment["order__number"]].append(truth[payment["reference"]])
    for order in evidence.facts["orders"]:
        number, entries = order["number"], theirs[order["number"]]
        paid, back = sum(each["paid"] for each in entries), sum(each["refunded"] for each in entries)
        free = order["total_minor"] == 0
        if order["is_sold"] and not free and not any(each["paid"] == order["total_minor"] for each in entries):
            yield f"I3: {number} is {order['status']}, and Stripe took {paid} instead of {order['total_minor']}"
        if not order["is_sold"] and paid != back + lost[number]:
            yield f"I2: {number} is {order['status']}, Stripe took {paid} for it and gave {back} back"
        if number not in flagged and (order["paid_minor"], order["refunded_minor"]) != (paid, back):
            books = f"{order['paid_minor']} paid and {order['refunded_minor']} refunded"
            yield f"I4: {number} says {books}, Stripe says {paid} and {back}"


def no_orphans(evidence: Evidence) -> Iterator[str]:
    """I5."""
    ours = {payment["reference"] for payment in evidence.facts["payments"]}
    flagged = {row["reference"] for row in evidence.facts["differences"] if row["kind"] == "unmatched"}
    for reference, entry in _truth(evidence).items():
        if entry["paid"] and reference not in ours and entry.get("id") not in flagged:
            yield f"I5: Stripe took {entry['paid']} for {reference or 'nobody'}, and no order knows of it"


def snapshots(evidence: Evidence) -> Iterator[str]:
    """I6: what was asked for is the order's total, and its lines have the prices that were shown."""
    truth, totals = _truth(evidence), {order["number"]: order["total_minor"] for order in evidence.facts["orders"]}
    for payment in evidence.facts["payments"]:
        entry = truth.get(payment["reference"], {})
        if "amount_total" in entry and entry["amount_total"] != totals[payment["order__number"]]:
            asked, total = entry["amount_total"], totals[payment["order__number"]]
            yield f"I6: {payment['order__number']} costs {total}, Stripe was asked for {asked}"
    raises = Counter(each.about for each in evidence.told if each.what == RAISED)
    for order in evidence.facts["orders"]:
        goods = sum(line["quantity"] * line["unit_price_minor"] for line in order["lines"])
        off = discount(order["discount_code"], goods)
        if goods - off + order["shipping_minor"] != order["total_minor"] or off != order["discount_minor"]:
            parts = f"its lines {goods} less {off} and shipping {order['shipping_minor']}"
            yield f"I6: {order['number']} costs {order['total_minor']}, {parts}"
        for line in order["lines"]:
            first, price = evidence.prices[line["variant"]], line["unit_price_minor"]
            if not first <= price <= first + RAISE * raises[str(line["variant"])] or (price - first) % RAISE:
                yield f"I6: a line of {order['number']} costs {price}, which variant {line['variant']} never did"


def discount(code: str, goods: int) -> int:
    """What a code takes off goods, in minor units: all prices here are whole, so a tenth is, too."""
    return {"": 0, "TENTH": goods // 10, "FEW": min(500, goods), "GIFT": goods}[code]


def refunds_bounded(evidence: Evidence) -> Iterator[str]:
    """I7."""
    for reference, entry in _truth(evidence).items():
        if entry["refunded"] > entry["paid"]:
            yield f"I7: of {entry['paid']} paid for {reference} Stripe gave {entry['refunded']} back"


def stock_adds_up(evidence: Evidence) -> Iterator[str]:
    """I9, from the orders alone: supplied − sold + put back is on hand, held by open orders is reserved."""
    supplied = Counter(evidence.supplied)
    for each in evidence.told:
        if each.what == RESTOCKED:
            supplied[int(each.about)] += each.amount
    sold: Counter[int] = Counter()
    held: Counter[int] = Counter()
    for order in evidence.facts["orders"]:
        for line in order["lines"]:
            sold[line["variant"]] += (line["quantity"] - line["restocked_quantity"]) * order["is_sold"]
            held[line["variant"]] += line["quantity"] * order["is_open"]
    for variant in evidence.facts["variants"]:
        pk, left = variant["pk"], supplied[variant["pk"]] - sold[variant["pk"]]
        if variant["stock_on_hand"] != left:
            yield f"I9: variant {pk} has {variant['stock_on_hand']} on hand, {supplied[pk]} came and {sold[pk]} were sold"
        if variant["stock_reserved"] != held[pk]:
            yield f"I9: variant {pk} has {variant['stock_reserved']} reserved, open orders hold {held[pk]}"
        if left < 0:
            yield f"I9: of variant {pk} {sold[pk]} were sold, {supplied[pk]} ever came"


def holds_end(evidence: Evidence) -> Iterator[str]:
    """I10: long after the last hold nothing is open."""
    for order in evidence.facts["orders"]:
        if order["is_open"]:
            yield f"I10: {order['number']} is {order['status']} long after its hold"


def codes_count(evidence: Evidence) -> Iterator[str]:
    """I11: each use is an order that bought with the code, and there are no more than may be."""
    used = Counter(order["discount_code"] for order in evidence.facts["orders"] if order["is_sold"] or order["is_open"])
    for code in evidence.facts["codes"]:
        name, most = code["code"], code["most_uses"]
        if code["uses"] != used[name]:
            yield f"I11: {name} counts {code['uses']} uses, {used[name]} orders have it"
        if most is not None and used[name] > most:
            yield f"I11: {used[name]} orders have {name}, {most} may"


def mail_once(evidence: Evidence) -> Iterator[str]:
    """I13: each mail that was due was taken once; again only where its sender may have died with it."""
    taken = Counter(name for name, _to in evidence.accepted)
    mails = {mail["id"]: mail for mail in evidence.facts["mails"]}
    for name, to in set(evidence.accepted):
        if name not in mails or mails[name]["to"] != to:
            yield f"I13: a mail {name} went to {to}, and the shop has no such mail"
    for name, mail in mails.items():
        about = f"the mail “{mail['kind']}” about {mail['order']}"
        if not taken[name]:
            yield f"I13: {about} was never taken by the mail server (sent: {mail['sent']})"
        elif not mail["sent"]:
            yield f"I13: {about} was taken, and does not count as sent"
        elif taken[name] > mail["attempts"]:
            yield f"I13: {about} was taken {taken[name]} times, and tried {mail['attempts']} times"
    again = sum(times - 1 for times in taken.values())
    if again > evidence.interrupted:
        yield f"I13: {again} mails went out again, and only {evidence.interrupted} senders were killed"
    twice = Counter((mail["order"], mail["kind"], mail["reference"], mail["to"]) for mail in mails.values())
    for cause, times in twice.items():
        if times > 1:
            yield f"I13: {times} mails for {cause}"


def work_ends(evidence: Evidence) -> Iterator[str]:
    """I14."""
    for event in evidence.facts["events"]:
        if not event["processed_at"]:
            yield f"I14: event {event['stripe_id']} was not processed: {event['last_error']}"
    for payment in evidence.facts["payments"]:
        if payment["status"] in ("starting", "open", "processing"):
            yield f"I14: a payment of {payment['order__number']} is {payment['status']}"
    for refund in evidence.facts["refunds"]:
        if refund["status"] == "requested":
            yield f"I14: refund {refund['reference']} was never sent"


def acknowledged(evidence: Evidence) -> Iterator[str]:
    """I15 to Stripe: each 2xx was written down before it was said."""
    stored = {event["stripe_id"]: event["deliveries"] for event in evidence.facts["events"]}
    for event, times in evidence.answers.items():
        if stored.get(event, 0) < times:
            yield f"I15: event {event} was answered 2xx {times} times, {stored.get(event, 0)} deliveries are written down"


def kept_word(evidence: Evidence) -> Iterator[str]:
    """I15 to people."""
    orders = {order["number"]: order for order in evidence.facts["orders"]}
    for each in set(evidence.told):
        order = orders.get(each.about)
        if each.what in (RESTOCKED, RAISED, PAST_THE_SHOP):
            continue
        if order is None:
            yield f"I15: somebody was told “{each.what}” of {each.about}, and there is no such order"
        elif not _is_so(each, order):
            yield f"I15: somebody was told “{each.what}” of {each.about}, which is {order['status']}"


def _is_so(told: Told, order: dict[str, Any]) -> bool:
    return {
        PAID: order["is_sold"],
        NOT_CHARGED: order["status"] in ENDED and order["paid_minor"] == 0,
        CANCELLED: order["status"] in ENDED,
        SHIPPED: bool(order["shipped_at"]),
        REFUNDED: order["refunded_minor"] >= told.amount > 0,
    }[told.what]


def disputes(evidence: Evidence) -> Iterator[str]:
    """I4: every dispute at Stripe is known here, as it stands there."""
    known = {dispute["stripe_id"]: dispute["status"] for dispute in evidence.facts["disputes"]}
    for reference, entry in _truth(evidence).items():
        for theirs in entry.get("disputes", []):
            if known.get(theirs["id"]) != theirs["status"]:
                here = known.get(theirs["id"], "nothing")
                yield f"I4: dispute {theirs['id']} of {reference} is {theirs['status']}, the shop says {here}"


def differences(evidence: Evidence) -> Iterator[str]:
    """Nothing here pays a wrong amount: no other difference can come."""
    past = {each.about for each in evidence.told if each.what == PAST_THE_SHOP}
    for row in evidence.facts["differences"]:
        expected = EXPECTED | (EXPECTED_PAST_THE_SHOP if row["order__number"] in past else set())
        if row["kind"] not in expected:
            yield f"I4: a difference “{row['kind']}” of {row['order__number'] or row['reference']}: {row['detail']}"


def _lost(evidence: Evidence) -> Counter[str]:
    """What banks took back, by the order's number."""
    orders = {payment["reference"]: payment["order__number"] for payment in evidence.facts["payments"]}
    lost: Counter[str] = Counter()
    for dispute in evidence.facts["disputes"]:
        lost[orders.get(dispute["payment__reference"], "")] += dispute["lost_minor"]
    return lost


def _truth(evidence: Evidence) -> dict[str, dict[str, Any]]:
    """The stand-in's books by our reference."""
    entries = [*evidence.books["sessions"], *evidence.books["other_payments"]]
    return {entry["metadata"].get("payment_reference", entry.get("payment_intent", "")): entry for entry in entries}
