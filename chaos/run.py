"""One run: people in threads, and in the main thread what goes wrong. Then calm, and the verdict."""

from __future__ import annotations

import json
import shutil
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

from tqdm import tqdm

from chaos.browser import GaveUp
from chaos.diary import Diary
from chaos.judge import ASKS_A_PERSON, violations
from chaos.paying import StripePage
from chaos.plan import WEATHER, Options, Plan, Trouble
from chaos.quiet import evidence, quiesce
from chaos.shopping import Shopper
from chaos.staff import Staff
from chaos.world import World, running
from tests.mail_server import ACCEPT, CLOSING, DROP, LATER
from tests.sandbox_process import ControlError
from tools.demo import ROOT

PAUSE = 0.05
ORDERS_PER_ERRAND, ORDERS_PER_TROUBLE, ORDERS_PER_WEATHER = 5, 3, 12
MAIL_MODES = (ACCEPT, ACCEPT, LATER, DROP, CLOSING)
CREATING = r"^/v1/(checkout/sessions|payment_intents|refunds)$"
ORDERS_PER_LOOK, LOOKS = 20, 2  # audits while the shop sells: so many at most, that far apart at least
IN_TIME, LATE = 4, 1  # seconds that a kill waits for somebody at its place, also when all is paid


@dataclass
class Result:
    """What came of a run. `violations` is empty if everything holds."""

    options: Options
    counts: dict[str, int]
    violations: list[str]
    seconds: float
    faults: dict[str, int] = field(default_factory=dict)
    events: int = 0
    kept: Path | None = None


class Run:
    def __init__(self, options: Options, world: World, *, quiet: bool) -> None:
        self.options, self.world, self.plan, self.diary = options, world, Plan(options), Diary()
        self.stripe = StripePage(world.sandbox)
        self.over = Event()
        self.end = time.monotonic() + options.seconds
        self.bar = tqdm(total=options.orders, desc="Orders paid", unit="", disable=True if quiet else None, leave=False)
        self.kills = self.plan.kills()
        self.numbers = {"trouble": 0, "weather": 0, "look": 0}
        self.holding: list[tuple[float, int]] = []  # (when it goes on, the fault)
        self.faults: list[tuple[int, Trouble]] = []

    # ---- people

    @property
    def paid(self) -> int:
        return self.diary.counts["orders paid"]

    def shop(self) -> None:
        """One of the threads of shoppers: visits, one after the other."""
        while not self._enough():
            number = self.diary.count("visits begun")
            self._live(
                lambda number=number: Shopper(  # type: ignore[misc]
                    number,
                    plan=self.plan,
                    url=self.world.programs.url,
                    stripe=self.stripe,
                    variants=self.world.found["variants"],
                    diary=self.diary,
                ).go()
            )

    def work(self, number: int) -> None:
        """One member of staff: errands as orders come in."""
        found = self.world.found
        who = {"email": found["staff"][number], "password": found["password"]}
        staff = Staff(number, plan=self.plan, url=self.world.programs.url, variants=found["variants"], diary=self.diary, **who)
        self._live(staff.sign_in)
        while not self._enough():
            if self.diary.counts["errands begun"] * ORDERS_PER_ERRAND >= self.paid:
                time.sleep(PAUSE)
                continue
            errand = self.diary.count("errands begun")
            self._live(lambda errand=errand: staff.do(errand))  # type: ignore[misc]

    def _enough(self) -> bool:
        """Whether people stop: all is paid and everybody was killed, something is wrong already, or the time is over."""
        done = (self.paid >= self.options.orders and not self.kills) or bool(self.diary.problems)
        return self.over.is_set() or done or time.monotonic() > self.end

    def _live(self, what: Callable[[], Any]) -> None:
        try:
            what()
        except GaveUp as error:
            if not self.diary.problems:
                self.diary.complain(f"I20: the shop did not answer for a quarter of a minute: {error}")
        except Exception:  # a mistake of the harness is no reason to stop, but it must be seen
            self.diary.complain(f"The harness failed: {traceback.format_exc()[-600:]}")

    # ---- what goes wrong, all in the main thread

    def storm(self) -> None:
        threads = [Thread(target=self.shop, daemon=True) for _each in range(self.options.shoppers)]
        threads += [Thread(target=self.work, args=(number,), daemon=True) for number in range(self.options.staff)]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads):
                self._tick()
        finally:
            self.over.set()
            self._release(everything=True)
            self.bar.close()
        self.world.programs.watch()

    def _tick(self) -> None:
        self.bar.update(self.paid - self.bar.n)
        self._release()
        if not self._enough():
            self._change_weather()
            self._make_trouble()
            self._kill()
            self._look()
        self.world.programs.watch()
        time.sleep(PAUSE)

    def _due(self, what: str, every: int) -> bool:
        """Whether the next of its kind is due by the orders that are paid."""
        if self.paid < self.numbers[what] * every:
            return False
        self.numbers[what] += 1
        return True

    def _change_weather(self) -> None:
        if not self._due("weather", ORDERS_PER_WEATHER):
            return
        number = self.numbers["weather"] - 1
        name = self.plan.weather(number)
        self.world.sandbox.configure(**WEATHER[name])
        self.world.mail.mode = self.plan.dice("mail", number).choice(MAIL_MODES)
        self.diary.count(f"weather: {name}")
        self.diary.count(f"mail server: {self.world.mail.mode}")
        if name != "hold":
            self._background(lambda: self.world.sandbox.flush(order="shuffle", seed=number))

    def _make_trouble(self) -> None:
        if not self._due("trouble", ORDERS_PER_TROUBLE):
            return
        trouble = self.plan.trouble(self.numbers["trouble"])
        fault = self.world.sandbox.fault(**trouble.fault())
        self.faults.append((fault, trouble))
        if trouble.action.startswith("hold"):
            self.holding.append((time.monotonic() + trouble.seconds, fault))

    def _release(self, *, everything: bool = False) -> None:
        """Let calls go on that were held long enough. A held one that nobody met holds whoever comes until its turn."""
        for when, fault in list(self.holding):
            if everything or time.monotonic() > when:
                self.holding.remove((when, fault))
                state = self.world.sandbox.fault_state(fault)
                if state["waiting"] or everything:
                    self.world.sandbox.release(fault)
                if state["count"] and not everything:
                    self.holding.append((time.monotonic() + PAUSE, fault))

    def _kill(self) -> None:
        if not self.kills or self.kills[0].at > self.paid:
            return
        kill = self.kills.pop(0)
        programs, number = self.world.programs, len(self.kills)
        pids = programs.web_pids()
        match kill.whom:
            case "place":
                met = programs.kill_at(kill.places, seconds=LATE if self.paid >= self.options.orders else IN_TIME)
                if not met and pids:
                    programs.kill_web(self.plan.dice("whom", number).choice(pids))
                self.diary.count(f"kills: {met or 'web'} {'at a place' if met else 'at any moment'}")
                self.diary.count("kills of senders", met == "background")
            case "call":
                self._kill_in_call()
            case "master":
                programs.kill_master()
                self.diary.count("kills: gunicorn itself")
            case "background":
                programs.kill_worker(number)
                self.diary.count("kills: background at any moment")
                self.diary.count("kills of senders")
            case _:
                doomed = pids if kill.whom == "all web" else pids[number % max(len(pids), 1) :][:1]
                programs.kill_web(*doomed)
                self.diary.count(f"kills: {kill.whom} at any moment")
        self.diary.count("kills")

    def _kill_in_call(self) -> None:
        """Kill all of the web while Stripe has a call in its hands, which it then finishes."""
        sandbox = self.world.sandbox
        fault = sandbox.fault(method="POST", path=CREATING, action="hold_before", count=1)
        met = sandbox.wait_fault(fault, timeout=3)
        self.world.programs.kill_web(*self.world.programs.web_pids())
        if met:
            sandbox.release(fault)
        self._forget(fault)
        self.diary.count("kills: all web in a call" if met else "kills: all web at any moment")

    def _forget(self, fault: int) -> None:
        with suppress(ControlError):
            self.world.sandbox.call(f"faults/{fault}", method="DELETE")

    def _look(self) -> None:
        """An audit in the middle of it all: what the database alone can show holds at every moment."""
        each = max(self.options.orders // (LOOKS + 1), ORDERS_PER_LOOK)
        if self.numbers["look"] >= LOOKS or self.paid < (self.numbers["look"] + 1) * each:
            return
        self.numbers["look"] += 1
        for name, found in self.world.audit()["checks"].items():
            if found["violations"] and name != ASKS_A_PERSON:
                self.diary.complain(f"audit at order {self.paid}, {name}: {'; '.join(found['examples'][:3])}")

    def _background(self, what: Callable[[], Any]) -> None:
        Thread(target=self._live, args=(what,), daemon=True).start()

    # ---- the end

    def result(self) -> Result:
        hit = self._hits()
        quiesce(self.world, self.plan, self.diary)
        interrupted = self.diary.counts["kills of senders"] + self.world.mail.dropped + self.options.workers
        seen = evidence(self.world, self.diary, interrupted=interrupted)
        wrong = [*self.world.programs.ended, *self.diary.problems, *violations(seen)]
        self.diary.count("mails", len(seen.accepted))
        self.diary.count("refunds", sum(len(entry["refunds"]) for entry in _entries(seen.books)))
        self.diary.count("orders placed", len(seen.facts["orders"]))
        self.diary.count("differences", len(seen.facts["differences"]))
        return Result(self.options, dict(self.diary.counts), wrong, 0, hit, len(seen.facts["events"]))

    def _hits(self) -> dict[str, int]:
        """How often each kind of fault was met."""
        found: dict[str, int] = {}
        states = {state["id"]: state["hits"] for state in self.world.sandbox.faults()}
        for fault, trouble in self.faults:
            found[trouble.name] = found.get(trouble.name, 0) + states.get(fault, 0)
        return found


def keep(options: Options, world: World, wrong: list[str]) -> Path:
    """What a person needs who looks for the cause: all violations, the log, what the books say, and those that are files."""
    folder = (ROOT / ".run" / "chaos").resolve() / f"seed-{options.seed}-{options.database}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "violations.txt").write_text("\n".join(wrong))
    (folder / "facts.json").write_text(json.dumps(world.inside("facts"), indent=1))
    for file in world.folder.glob("*.*"):
        if file.is_file():
            shutil.copy(file, folder)
    return folder


def _entries(books: dict[str, Any]) -> list[dict[str, Any]]:
    return [*books["sessions"], *books["other_payments"]]


def run(options: Options, *, quiet: bool = False, tell: Callable[[str], object] = str) -> Result:
    """Everything, from an empty shop to the verdict. `tell` is told where it is."""
    began = time.monotonic()
    with running(options) as world:
        one = Run(options, world, quiet=quiet)
        one.storm()
        tell(f"{one.paid} orders are paid after {time.monotonic() - began:.0f} s; now everything calms down.")
        result = one.result()
        if result.violations:
            result.kept = keep(options, world, result.violations)
    result.seconds = time.monotonic() - began
    return result
