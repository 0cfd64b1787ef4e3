"""Command line: python -m chaos [--seed N] [--orders N] [--kills N] [--database sqlite|postgres] [--ways hosted,element] ..."""

from __future__ import annotations

import argparse
import re
import secrets
import sys
from collections.abc import Sequence
from dataclasses import fields

from chaos.plan import PLACES, WAYS, Options
from chaos.run import Result, run
from tools.processes import NotStarted
from tools.services import Missing

SHOWN = 30  # violations


def read_arguments(argv: Sequence[str] | None = None) -> tuple[Options, bool]:
    default = Options()
    parser = argparse.ArgumentParser(prog="chaos", description="Shoppers, staff, faults and kills; then every invariant.")
    parser.add_argument("--seed", type=int, help="draws the whole plan; another one each time unless named")
    parser.add_argument("--orders", type=int, default=default.orders, help="paid ones, then it ends (%(default)s)")
    parser.add_argument("--kills", type=int, default=default.kills, help="SIGKILLs, spread over the run (%(default)s)")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default=default.database)
    parser.add_argument("--seconds", type=float, default=default.seconds, help="the longest it may take (%(default)s)")
    parser.add_argument("--shoppers", type=int, default=default.shoppers, help="at once (%(default)s)")
    parser.add_argument("--staff", type=int, default=default.staff, help="at once (%(default)s)")
    parser.add_argument("--ways", default=",".join(default.ways), help="to pay (%(default)s)")
    parser.add_argument("--web", type=int, default=default.web, help="gunicorn's processes (%(default)s)")
    parser.add_argument("--workers", type=int, default=default.workers, help="background workers (%(default)s)")
    parser.add_argument("--reconcile-every", type=float, default=default.reconcile_every, metavar="SECONDS")
    parser.add_argument("--patience", type=float, default=default.patience, metavar="SECONDS", help="at the end (%(default)s)")
    parser.add_argument("--places", default="", metavar="REGEX", help="kill at these places of chaos/plan.py only")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    chosen = vars(parser.parse_args(argv))
    quiet = chosen.pop("quiet")
    chosen["ways"] = tuple(filter(None, chosen["ways"].split(",")))
    if not chosen["ways"] or set(chosen["ways"]) - set(WAYS):
        parser.error(f"--ways: some of {','.join(WAYS)}")
    if chosen["places"] and not any(re.search(chosen["places"], each[-1]) for each in PLACES):
        parser.error("--places: there is no such place in chaos/plan.py")
    if chosen["seed"] is None:
        chosen["seed"] = secrets.randbelow(1_000_000)
    return Options(**chosen), quiet


def main(argv: Sequence[str] | None = None) -> int:
    options, quiet = read_arguments(argv)
    say(f"Seed {options.seed}: {options.orders} orders, {options.kills} kills, {options.database}, {', '.join(options.ways)}")
    try:
        result = run(options, quiet=quiet, tell=say)
    except (Missing, NotStarted) as problem:
        say(str(problem))
        return 2
    say(table(result))
    if not result.violations:
        say("Every invariant holds.")
        return 0
    say(f"{len(result.violations)} violations:")
    for sentence in result.violations[:SHOWN]:
        say(f"  {sentence}")
    say(f"Logs and books: {result.kept}")
    say(f"Again: make chaos ARGS='{command_line(options)}'")
    return 1


def table(result: Result) -> str:
    counts = result.counts
    rows: list[tuple[str, object]] = [
        ("visits", counts.get("visits", 0)),
        ("orders placed", counts.get("orders placed", 0)),
        ("orders paid", counts.get("orders paid", 0)),
        *((f"  {way}", counts.get(f"paid {way}", 0)) for way in result.options.ways),
        ("orders for nothing", counts.get("orders for nothing", 0)),
        ("kills", counts.get("kills", 0)),
        *((f"  {name.removeprefix('kills: ')}", times) for name, times in sorted(counts.items()) if name.startswith("kills: ")),
        ("faults met", sum(result.faults.values())),
        *((f"  {name}", times) for name, times in sorted(result.faults.items())),
        ("requests cut off", counts.get("requests cut off", 0)),
        ("events", result.events),
        ("mails", counts.get("mails", 0)),
        ("refunds", counts.get("refunds", 0)),
        *(
            (f"  {name}", times)
            for name, times in sorted(counts.items())
            if name.startswith(("at Stripe: ", "code ", "staff: "))
        ),
        ("differences for staff", counts.get("differences", 0)),
        ("seconds to calm down", counts.get("seconds to calm down", 0)),
        ("seconds", round(result.seconds)),
    ]
    return "\n".join(f"  {name:<32}{value:>8}" for name, value in rows)


def command_line(options: Options) -> str:
    """What repeats this plan."""
    default = Options()
    chosen = {field.name: getattr(options, field.name) for field in fields(options)}
    named = {name: value for name, value in chosen.items() if name == "seed" or value != getattr(default, name)}
    words = ((name.replace("_", "-"), ",".join(value) if isinstance(value, tuple) else value) for name, value in named.items())
    return " ".join(f"--{name} {value}" for name, value in words)


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
