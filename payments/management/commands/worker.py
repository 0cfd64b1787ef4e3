"""All periodic work in one process: mail, expiry, reconciliation, pictures, cleaning up."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections

from accounts.counts import add_up_old_counts
from accounts.log_fields import log_fields, new_run_id
from accounts.throttle import forget_old_tallies
from catalog.exchange.pictures import fetch_due_pictures
from catalog.exchange.runs import forget_old_files, work_on_due
from catalog.low_stock import tell_of_low_stock
from catalog.picture_work import make_due_renditions
from orders.emails import send_due
from payments.desk_sweep import look_at_stripe, sweep
from payments.expire import expire_orders
from payments.reconcile import reconcile

log = logging.getLogger(__name__)

LAST_WORDS_SECONDS = 2
STOPPING = {signal.SIGINT, signal.SIGTERM}


@dataclass
class Job:
    """Something to do every so many seconds. What it leaves undone, by a crash or an error, its next turn finds."""

    name: str
    work: Callable[[], object]
    every: float
    due: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        close_old_connections()
        with log_fields(run_id=new_run_id(self.name)):
            try:
                self.work()
            except Exception:
                log.exception("%s failed; the next turn is in %g s", self.name, self.every)
        self.due = time.monotonic() + self.every


def clean_up() -> None:
    """Delete rows that nobody will ask for again: tallies, old counts, sessions that ended, files that nobody imports."""
    forget_old_tallies()
    add_up_old_counts()
    forget_old_files()
    call_command("clearsessions")


class Command(BaseCommand):
    help = "Send mail, end holds, reconcile, make copies of pictures and clean up, for ever. Several workers may run at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--mail-every", type=float, default=2, metavar="SECONDS")
        parser.add_argument("--expire-every", type=float, default=30, metavar="SECONDS")
        parser.add_argument("--reconcile-every", type=float, default=120, metavar="SECONDS")
        parser.add_argument("--compare-every", type=float, default=3600, metavar="SECONDS")
        parser.add_argument("--pictures-every", type=float, default=5, metavar="SECONDS")
        parser.add_argument("--stock-every", type=float, default=300, metavar="SECONDS")
        parser.add_argument("--imports-every", type=float, default=2, metavar="SECONDS")
        parser.add_argument("--clean-every", type=float, default=3600, metavar="SECONDS")
        parser.add_argument("--once", action="store_true", help="do everything once and stop")

    def handle(self, *args: Any, **options: Any) -> None:
        jobs = [
            Job("Mail", send_due, options["mail_every"]),
            Job("Expiry", expire_orders, options["expire_every"]),
            Job("Reconciliation", reconcile, options["reconcile_every"]),
            Job("Pictures", make_due_renditions, options["pictures_every"]),
            Job("Low stock", tell_of_low_stock, options["stock_every"]),
            Job("Imports", work_on_due, options["imports_every"]),
            Job("Pictures by address", fetch_due_pictures, options["imports_every"]),
            Job("Payment desk", sweep, options["reconcile_every"]),
            Job("Clean-up", clean_up, options["clean_every"]),
        ]
        if options["once"]:
            for job in jobs:
                job.run()
            return
        every = options["compare_every"]
        jobs.append(Job("Comparison", look_at_stripe, every, due=time.monotonic() + every))
        # Waited for, not handled: a handler that sets an Event hangs for ever if it interrupts that Event's own lock.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        self.stdout.write("Working.")
        self._work(jobs)

    def _work(self, jobs: list[Job]) -> None:
        """Each job in a thread of its own: a silent Stripe does not hold up the mail."""
        stop = threading.Event()
        threads = [threading.Thread(target=self._repeat, args=(job, stop), name=job.name, daemon=True) for job in jobs]
        for thread in threads:
            thread.start()
        signal.sigwait(STOPPING)
        stop.set()
        for thread in threads:
            thread.join(LAST_WORDS_SECONDS)  # whatever is cut off here is found again by the next worker

    def _repeat(self, job: Job, stop: threading.Event) -> None:
        while not stop.wait(max(0, job.due - time.monotonic())):
            job.run()
