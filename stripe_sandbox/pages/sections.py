"""The lists of the dashboard: what each row shows"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .. import money
from ..runtime import Sandbox
from .filters import moment

PAGE = 25
TITLES = {
    "sessions": "Sessions", "payments": "Payments", "refunds": "Refunds", "disputes": "Disputes", "events": "Events",
    "deliveries": "Deliveries", "requests": "Requests",
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One cell: text, perhaps a link to an object, perhaps a badge."""

    text: str
    link: str = ""
    badge: bool = False
    number: bool = False


@dataclass
class Table:
    """Headings, rows of cells, and where the next page begins."""

    heads: list[str]
    rows: list[list[Cell]] = field(default_factory=list)
    more: int | None = None
    empty: str = ""

    @property
    def columns(self) -> list[tuple[str, bool]]:
        """Each heading, and whether numbers stand below it."""
        first = self.rows[0] if self.rows else [Cell("")] * len(self.heads)
        return [(head, cell.number) for head, cell in zip(self.heads, first, strict=True)]


def objects(box: Sandbox, kind: str, before: int | None) -> tuple[list[tuple[dict[str, Any], dict[str, Any]]], int | None]:
    """A page of stored objects (body, extra), and the place of the next page."""
    below = "" if before is None else "AND seq < ?"
    args = [kind] if before is None else [kind, before]
    items = box.store.select(f"kind = ? {below}", args, limit=PAGE + 1)
    more = None
    if len(items) > PAGE:
        more = box.store.query("SELECT seq FROM objects WHERE id = ?", (items[PAGE - 1].id,))[0]["seq"]
    return [(item.body, item.extra) for item in items[:PAGE]], more


def sessions(box: Sandbox, before: int | None) -> Table:
    """Checkout sessions."""
    found, more = objects(box, "checkout.session", before)
    table = Table(["Session", "Total", "Status", "Paid", "Reference", "E-mail", "Created"], more=more)
    table.empty = "No session yet. The shop makes one when somebody checks out."
    for body, _ in found:
        email = (body["customer_details"] or {}).get("email") or body["customer_email"] or "–"
        table.rows.append(
            [
                Cell(short(body["id"]), link=body["id"]),
                Cell(money.display(body["amount_total"], body["currency"]), number=True),
                Cell(body["status"], badge=True),
                Cell(body["payment_status"].replace("_", " "), badge=True),
                Cell(body["client_reference_id"] or "–"),
                Cell(email),
                Cell(moment(body["created"])),
            ]
        )
    return table


def payments(box: Sandbox, before: int | None) -> Table:
    """Payment intents."""
    found, more = objects(box, "payment_intent", before)
    table = Table(["Payment", "Amount", "Status", "Refunded", "Session", "Created"], more=more)
    table.empty = "No payment yet."
    for body, extra in found:
        charge = box.store.find("charge", body["latest_charge"] or "")
        refunded = charge.body["amount_refunded"] if charge else 0
        session = extra.get("session", "")
        table.rows.append(
            [
                Cell(short(body["id"]), link=body["id"]),
                Cell(money.display(body["amount"], body["currency"]), number=True),
                Cell(body["status"].replace("_", " "), badge=True),
                Cell(money.display(refunded, body["currency"]) if refunded else "–", number=True),
                Cell(short(session) or "–", link=session),
                Cell(moment(body["created"])),
            ]
        )
    return table


def refunds(box: Sandbox, before: int | None) -> Table:
    """Refunds."""
    found, more = objects(box, "refund", before)
    table = Table(["Refund", "Amount", "Status", "Payment", "Reason", "Created"], more=more)
    table.empty = "No refund yet. Open a payment to give money back."
    for body, _ in found:
        table.rows.append(
            [
                Cell(short(body["id"]), link=body["id"]),
                Cell(money.display(body["amount"], body["currency"]), number=True),
                Cell(body["status"], badge=True),
                Cell(short(body["payment_intent"] or ""), link=body["payment_intent"] or ""),
                Cell((body["reason"] or "–").replace("_", " ")),
                Cell(moment(body["created"])),
            ]
        )
    return table


def disputes(box: Sandbox, before: int | None) -> Table:
    """Disputes."""
    found, more = objects(box, "dispute", before)
    table = Table(["Dispute", "Amount", "Status", "Payment", "Reason", "Created"], more=more)
    table.empty = "No dispute yet. Open a payment to make one, or pay with a card that brings one."
    for body, _ in found:
        table.rows.append(
            [
                Cell(short(body["id"]), link=body["id"]),
                Cell(money.display(body["amount"], body["currency"]), number=True),
                Cell(body["status"].replace("_", " "), badge=True),
                Cell(short(body["payment_intent"] or ""), link=body["payment_intent"] or ""),
                Cell(body["reason"].replace("_", " ")),
                Cell(moment(body["created"])),
            ]
        )
    return table


def events(box: Sandbox, before: int | None) -> Table:
    """Events."""
    found, more = objects(box, "event", before)
    table = Table(["Event", "Type", "About", "Waiting", "Created"], more=more, empty="No event yet.")
    for body, _ in found:
        about = body["data"]["object"].get("id", "")
        table.rows.append(
            [
                Cell(short(body["id"]), link=body["id"]),
                Cell(body["type"]),
                Cell(short(about), link=about),
                Cell(str(body["pending_webhooks"]), number=True),
                Cell(moment(body["created"])),
            ]
        )
    return table


def numbered(box: Sandbox, table: str, before: int | None) -> tuple[list[dict[str, Any]], int | None]:
    """A page of rows of a table with running numbers, newest first."""
    sql = f"SELECT * FROM {table} WHERE id < ? ORDER BY id DESC LIMIT ?"  # noqa: S608 the name is written below
    rows = [dict(row) for row in box.store.query(sql, (before or 1 << 60, PAGE + 1))]
    return rows[:PAGE], rows[PAGE - 1]["id"] if len(rows) > PAGE else None


def deliveries(box: Sandbox, before: int | None) -> Table:
    """Webhook deliveries."""
    found, more = numbered(box, "deliveries", before)
    heads = ["No.", "Event", "Type", "State", "Attempts", "Last answer", "Next try", "Created"]
    table = Table(heads, more=more, empty="No delivery yet.")
    for row in found:
        event = box.store.find("event", row["event_id"])
        last = box.store.query("SELECT * FROM attempts WHERE delivery_id = ? ORDER BY id DESC LIMIT 1", (row["id"],))
        answer = f"{last[0]['status'] or last[0]['excerpt'][:40]} in {last[0]['duration_ms']} ms" if last else "–"
        table.rows.append(
            [
                Cell(str(row["id"]), number=True),
                Cell(short(row["event_id"]), link=row["event_id"]),
                Cell(event.body["type"] if event else "–"),
                Cell(row["state"], badge=True),
                Cell(str(row["attempts"]), number=True),
                Cell(answer),
                Cell(moment(row["next_at"]) if row["state"] == "pending" else "–"),
                Cell(moment(row["created"])),
            ]
        )
    return table


def requests(box: Sandbox, before: int | None) -> Table:
    """Calls of the API."""
    found, more = numbered(box, "requests", before)
    heads = ["Request", "Method", "Path", "Status", "Idempotency key", "At"]
    table = Table(heads, more=more, empty="Nobody has called the API yet.")
    for row in found:
        key = (row["idempotency_key"] or "–") + (" (replayed)" if row["replayed"] else "")
        cells = [row["request_id"], row["method"], row["path"], str(row["status"]), key, moment(row["at"])]
        table.rows.append([Cell(text) for text in cells])
    return table


def short(object_id: str) -> str:
    """An id that fits a table."""
    return object_id if len(object_id) <= 22 else object_id[:12] + "…" + object_id[-6:]


SECTIONS: dict[str, Callable[[Sandbox, int | None], Table]] = {
    "sessions": sessions, "payments": payments, "refunds": refunds, "disputes": disputes, "events": events,
    "deliveries": deliveries, "requests": requests,
}  # fmt: skip
