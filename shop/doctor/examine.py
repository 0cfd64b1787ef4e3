"""Runs every check at once, each in a thread with a time limit of its own: one that hangs or fails stops no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from django.db import connection

from payments import doctor as stripe
from payments.doctor import Finding, State, in_short, trouble
from payments.patience import at_most
from shop.doctor import inside, mail, storage

Check = Callable[[], Finding | list[Finding]]
SECONDS = 20  # for one check: the longest wait of any server is ten
STRIPE_SECONDS = 8


@dataclass
class Result:
    name: str
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_trouble(self) -> bool:
        return any(finding.state == State.TROUBLE for finding in self.findings)


def checks(*, mail_to: str = "") -> dict[str, Check]:
    return {
        "Settings": inside.settings_are_right,
        "Stripe's key": stripe.stripes_key,
        "Clock": stripe.clock,
        "Webhook, here": stripe.webhook_here,
        "Webhook, at Stripe": stripe.webhook_at_stripe,
        "Storage": storage.storage_is_public,
        "Mail": partial(mail.mail_goes_out, mail_to),
        "Database": inside.database_is_set_up,
        "Migrations": inside.migrations_are_applied,
        "Cache": inside.cache_works,
        "Worker": inside.worker_is_alive,
        "Static files": inside.static_files_are_collected,
    }


def examine(
    chosen: dict[str, Check], *, seconds: float = SECONDS, progress: Callable[[int], object] | None = None
) -> list[Result]:
    """All results, in the order of `chosen`. Takes little longer than the slowest check, `seconds` at most."""
    end = time.monotonic() + seconds
    results = [Result(name) for name in chosen]
    threads = []
    for result, check in zip(results, chosen.values(), strict=True):
        thread = threading.Thread(target=_run, args=(result, check), daemon=True)  # one that hangs holds up no end
        thread.start()
        threads.append(thread)
    for at, thread in enumerate(threads):
        thread.join(max(0.0, end - time.monotonic()))
        if thread.is_alive():
            told = trouble(
                f"No answer within {seconds:g} seconds.", "Look at what it waits for: a server that accepts, and says nothing?"
            )
            results[at] = Result(results[at].name, [told], seconds)
        if progress:
            progress(1)
    return results


def _run(result: Result, check: Check) -> None:
    began = time.monotonic()
    try:
        with at_most(STRIPE_SECONDS):
            found = check()
    except Exception as error:  # whatever it is: it is what the doctor was asked to find
        found = trouble(f"This check failed: {type(error).__name__}: {in_short(error)}", "Look into the log, or run it again.")
    finally:
        connection.close()
    result.seconds = time.monotonic() - began
    result.findings = found if isinstance(found, list) else [found]
