"""After the storm: faults off, everything delivered, the background work done; then the evidence is taken."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

from chaos.diary import Diary
from chaos.judge import Evidence
from chaos.plan import CALM, Plan
from chaos.world import World
from tests.mail_server import ACCEPT
from tests.sandbox_process import ControlError

DELIVERED_AGAIN = 200  # events at most that Stripe delivers once more to a shop that knows them all
PASSES = 3  # of the background work, twenty minutes apart for the shop: its longest hold is over after two
LONGEST_PAUSE = 6 * 60 + 1  # minutes that a mail waits which failed again and again


def quiesce(world: World, plan: Plan, diary: Diary) -> None:
    """Until nothing is left to do. How long that took is counted."""
    began = time.monotonic()
    world.programs.stops.clear()
    world.sandbox.clear_faults()
    world.mail.mode = ACCEPT
    world.sandbox.configure(**CALM)
    world.sandbox.flush(order="shuffle", seed=plan.options.seed)
    _finish_debits(world, plan)
    _wait_delivered(world, plan, diary)
    world.programs.end_workers()
    world.inside("calm", str(PASSES), "20")
    _wait_delivered(world, plan, diary)
    if not diary.problems:
        _deliver_again(world, plan)
    world.inside("calm", "1", str(LONGEST_PAUSE))
    diary.count("seconds to calm down", round(time.monotonic() - began))


def _finish_debits(world: World, plan: Plan) -> None:
    """The bank decides about all money that is on its way."""
    for number, entry in enumerate(world.sandbox.books()["sessions"]):
        if entry["intent_status"] == "processing":
            comes = plan.dice("debit", number).random() < 0.6
            with contextlib.suppress(ControlError):
                world.sandbox.finish_payment(entry["payment_intent"], outcome="succeeded" if comes else "failed")


def _wait_delivered(world: World, plan: Plan, diary: Diary) -> None:
    seconds = 1 if diary.problems else plan.options.patience  # what failed already need not be waited for
    if not world.sandbox.wait_delivered(timeout=seconds):
        diary.complain(f"I2: not every event was taken by the shop within {seconds:g} s, though everything works again")


def _deliver_again(world: World, plan: Plan) -> None:
    """Events that the shop knows, in any order and twice at once: nothing may happen any more."""
    with contextlib.closing(sqlite3.connect(world.sandbox.db)) as books:
        known = [row[0] for row in books.execute("SELECT id FROM objects WHERE kind = 'event' ORDER BY seq")]
    chosen = plan.dice("again", 0).sample(known, min(len(known), plan.options.orders, DELIVERED_AGAIN))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda event: world.sandbox.deliver(event, times=2, concurrent=True), chosen))


def evidence(world: World, diary: Diary, *, interrupted: int) -> Evidence:
    """What everybody's books say now. `interrupted`: senders of mail that were killed."""
    variants = world.found["variants"]
    return Evidence(
        facts=world.inside("facts"),
        books=world.sandbox.books(),
        audit=world.audit(),
        accepted=[(str(message["Message-ID"]), str(message["To"])) for message in world.mail.accepted],
        answers=_answers(world),
        told=diary.everything(),
        supplied={variant["id"]: variant["units"] for variant in variants},
        prices={variant["id"]: variant["price"] for variant in variants},
        interrupted=interrupted,
    )


def _answers(world: World) -> dict[str, int]:
    """How often each event was answered 2xx, from the stand-in's own log of its deliveries."""
    sql = (
        "SELECT d.event_id, count(*) FROM attempts a JOIN deliveries d ON d.id = a.delivery_id "
        "WHERE a.status BETWEEN 200 AND 299 GROUP BY d.event_id"
    )
    with contextlib.closing(sqlite3.connect(world.sandbox.db)) as books:
        return dict(books.execute(sql).fetchall())
