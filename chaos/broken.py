"""Copies of the shop that are broken on purpose: `python -m chaos.broken NAME --orders 40 ...` must find it.

A copy of the tree is edited by exact replacement of text, which fails when that text is not there any more.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.sqlite3*", "docs", "staticfiles", "media")


@dataclass(frozen=True)
class Edit:
    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Broken:
    """`finds`: the invariants of which a run must name one. `arguments`: of a run that finds it within a minute."""

    says: str
    finds: str
    edits: tuple[Edit, ...]
    arguments: tuple[str, ...] = ()


UNCLAIMED = Edit(
    "payments/settle.py",
    "if not row.filter(status__in=sources).update(checked_at=now, **changes):",
    "if not row.update(checked_at=now, **changes):",
)
MOVED_BLINDLY = Edit(
    "orders/transitions.py",
    "if Order.objects.filter(pk=order.pk, status=source).update(status=target, **changes):",
    "if Order.objects.filter(pk=order.pk).update(status=target, **changes):",
)
BROKEN = {
    # Where nobody else holds units of the same thing, the stock itself refuses the second sale: an event then stays undone.
    "blind": Broken("An order is moved to paid whatever it is", "I1|I14", (UNCLAIMED, MOVED_BLINDLY), ("--kills", "0")),
    "event-ids": Broken(
        "What was done before is known by the event's id alone",
        "I1|I14",
        (
            UNCLAIMED,
            MOVED_BLINDLY,
            Edit(
                "payments/inbox.py",
                "        row = WebhookEvent.objects.get(stripe_id=event.id)\n",
                "        row = WebhookEvent.objects.get(stripe_id=event.id)\n"
                "        row.processed_at = row.processed_at or timezone.now()\n",
            ),
        ),
        ("--kills", "0"),
    ),
    "stock": Broken(
        "Stock is read, and written a moment later (on SQLite its one writer at a time hides that)",
        "I9",
        (
            Edit(
                "catalog/stock.py",
                '    if free.update(stock_reserved=F("stock_reserved") + quantity):\n',
                "    seen = free.first()\n"
                "    if seen:\n"
                "        Variant.objects.filter(pk=variant_id).update(stock_reserved=seen.stock_reserved + quantity)\n",
            ),
        ),
        ("--database", "postgres", "--orders", "80", "--kills", "0", "--shoppers", "16"),
    ),
    "answers-first": Broken(
        "A webhook is answered 200 before anything is stored",
        "I15",
        (
            Edit(
                "payments/webhook.py",
                "    try:\n        row = receive(event)\n",
                "    from threading import Thread\n\n"
                "    Thread(target=receive, args=(event,), daemon=True).start()\n"
                '    return HttpResponse("ok", content_type="text/plain")\n'
                "    try:\n        row = receive(event)\n",
            ),
        ),
        ("--kills", "8", "--places", "payments_webhookevent"),
    ),
    "mails-at-once": Broken(
        "Mail is sent by the request, in the middle of its transaction",
        "I13|I20",
        (
            Edit(
                "orders/emails.py",
                "        OutgoingMail.objects.bulk_create([mail], ignore_conflicts=True)\n",
                "        OutgoingMail.objects.bulk_create([mail], ignore_conflicts=True)\n"
                "        row = OutgoingMail.objects.select_related('order').get(order=order, kind=kind, reference=reference)\n"
                "        if row.sent_at is None:\n"
                "            render(row).send()\n"
                "            OutgoingMail.objects.filter(pk=row.pk).update(sent_at=timezone.now(), attempts=1)\n",
            ),
        ),
        ("--kills", "8", "--places", "COMMIT|outgoingmail"),
    ),
}


class Gone(Exception):
    """The text that an edit replaces is not there, or not once."""


def copy(folder: Path, edits: Sequence[Edit]) -> Path:
    """The tree, edited, in `folder`. Raises Gone."""
    tree = folder / "shop"
    shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
    (tree / ".run").symlink_to(ROOT / ".run")  # collected static files are the same
    shutil.copy(ROOT / ".env.example", tree)
    for edit in edits:
        text = (tree / edit.file).read_text()
        if text.count(edit.old) != 1:
            raise Gone(f"{edit.file} has {text.count(edit.old)} times: {edit.old!r}")
        (tree / edit.file).write_text(text.replace(edit.old, edit.new))
    return tree


def run_broken(name: str, arguments: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """A run of the copy without this guard; its exit code is 1 if it was found. Later arguments win over its own."""
    broken = BROKEN[name]
    with tempfile.TemporaryDirectory(prefix="chaos-broken-") as folder:
        tree = copy(Path(folder), broken.edits)
        command = [sys.executable, "-m", "chaos", "--seed", "1", "--quiet", "--patience", "3", *broken.arguments, *arguments]
        return subprocess.run(command, cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


if __name__ == "__main__":
    name, *arguments = sys.argv[1:] or [""]
    if name not in BROKEN:
        sys.exit("\n".join(["Which?", *(f"  {known:<16}{broken.says}" for known, broken in BROKEN.items())]))
    done = run_broken(name, arguments)
    print(done.stdout)
    sys.exit(done.returncode)
