"""What is going to happen: everything is drawn from the seed and a number, nothing from time.

The same seed draws the same plan. Which thread comes first is still up to the machine, so two runs of one plan may differ.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

WAYS = ("hosted", "embedded", "element")
PLENTY, SCARCE = 12, 8  # variants of the catalogue: such that never run out, such that do
SHARES = {"plenty": 8, "scarce": 1}  # how often a line is of which kind
RAISE = 100  # minor units, by which staff raise prices
PLAIN = 3  # a variant that needs no shipping
# Promotion codes, and how often of a hundred a shopper has one: a tenth off, an amount off, which runs out, and all goods free.
CODES = {"": 76, "TENTH": 12, "FEW": 7, "GIFT": 5}


@dataclass(frozen=True)
class Options:
    """What a run was asked for. `orders` are paid ones; the run ends at `seconds` at the latest."""

    seed: int = 1
    orders: int = 60
    kills: int = 8
    database: str = "sqlite"
    seconds: float = 600
    shoppers: int = 8
    staff: int = 2
    ways: tuple[str, ...] = WAYS
    web: int = 3
    workers: int = 1
    reconcile_every: float = 5
    patience: float = 120  # seconds for whatever is still due when everything works again
    places: str = ""  # regular expression: kill at such places only


@dataclass(frozen=True)
class Visit:
    """One shopper's visit. `lines` are (number of the variant, units)."""

    way: str
    lines: tuple[tuple[int, int], ...]
    looks: bool
    press: str  # once, double (two presses at once), tabs (another tab adds something and presses, too), switch (another way)
    ending: str  # see ENDINGS
    comes_back: bool
    page: bool  # pay by the forms of Stripe's page instead of a control call
    waits: float  # seconds before paying
    code: str  # see CODES
    after: str  # what becomes of the money once it came, see AFTER


# How a visit ends, and how often of a hundred.
ENDINGS = {
    "pays": 58,
    "declined": 10,  # then pays
    "bank": 5,  # a debit that comes
    "bank fails": 3,
    "goes": 6,
    "cancels": 6,
    "cancels while paying": 5,
    "expires": 3,
    "expires while paying": 2,
    "pays twice": 2,  # two presses on Pay at once
}


# What is done at Stripe, past the shop, with money that came; and how often of a hundred.
AFTER = {
    "": 88,
    "dashboard refund": 3,
    "dashboard refund in part": 3,
    "dispute": 1,  # not decided when the run ends
    "dispute won": 2,
    "dispute lost": 2,
    "inquiry": 1,
}


@dataclass(frozen=True)
class Kill:
    """`at`: when so many orders are paid. `places`: walked through one after the other, the process at the last is killed."""

    at: int
    whom: str  # web, all web, master, background, place, call
    places: tuple[str, ...] = ()


BOOKING = '^before UPDATE "payments_payment" SET "checked_at"'  # the first statement that settles a payment
# Where processes are killed (labels: tests/trust/stops.py). Each is one way to be half done.
PLACES: tuple[tuple[str, ...], ...] = (
    ("^before call POST /v1/checkout/sessions$",),
    ("^after call POST /v1/checkout/sessions$",),
    ("^before call POST /v1/payment_intents$",),
    ("^after call POST /v1/payment_intents$",),
    ("^after call GET /v1/checkout/sessions/",),
    ("^after call GET /v1/payment_intents/",),
    ("^(before|after) call POST /v1/refunds$",),
    ("^(before|after) call POST /v1/(checkout/sessions/.*/expire|payment_intents/.*/cancel)$",),
    (BOOKING,),
    (BOOKING, '^after UPDATE "orders_order" SET "status"'),
    (BOOKING, '^before INSERT INTO "orders_orderevent"'),
    (BOOKING, '^after UPDATE "catalog_variant"'),
    (BOOKING, '^after INSERT .*"orders_outgoingmail"'),
    (BOOKING, "^before COMMIT$"),
    (BOOKING, "^after COMMIT$"),
    ("^after COMMIT$",),
    ('^before INSERT INTO "payments_webhookevent"',),
    ('^after INSERT INTO "payments_webhookevent"',),
    ('^(before|after) UPDATE "payments_webhookevent" SET "processed_at"',),
    ("^before answer POST /webhooks/stripe/$",),
    ("^before request POST /webhooks/stripe/$",),
    ("^before answer POST /checkout/$",),
    ("^before answer POST /cart/add/$",),
    ("^before answer POST /checkout/pay/.*/start/$",),
    ("^before answer GET /checkout/(return|cancel)/",),
    ("^before answer POST /admin/orders/order/",),
    ('^after UPDATE "payments_refund"',),
    ('^after INSERT INTO "orders_order"',),
    ('^after INSERT INTO "payments_payment"',),
    ('^after UPDATE "orders_outgoingmail" SET "claimed_until"',),
    ('^before UPDATE "orders_outgoingmail" SET "sent_at"',),
)

SESSIONS, INTENTS = r"^/v1/checkout/sessions$", r"^/v1/payment_intents$"
# (method, path, actions) of Stripe's API that go wrong. Stripe's fields confirm by a path of their own, which never does.
TROUBLES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("POST", SESSIONS, ("hold_before", "hold_after", "drop_before", "drop_after", "500", "503", "429", "slow")),
    ("POST", INTENTS, ("hold_before", "hold_after", "drop_before", "drop_after", "500", "503", "429", "slow")),
    ("GET", r"^/v1/checkout/sessions/cs_", ("hold_after", "drop_before", "drop_after", "500", "429", "slow")),
    ("GET", r"^/v1/payment_intents/pi_", ("hold_after", "drop_before", "drop_after", "500", "429", "slow")),
    ("POST", r"^/v1/payment_intents/pi_[^/]+(/cancel)?$", ("hold_after", "drop_before", "drop_after", "500")),
    ("POST", r"^/v1/checkout/sessions/cs_[^/]+/expire$", ("hold_before", "hold_after", "drop_before", "drop_after", "500")),
    ("POST", r"^/v1/refunds$", ("hold_before", "hold_after", "drop_before", "drop_after", "500", "429", "slow")),
    ("GET", r"^/v1/(refunds|events)$", ("drop_after", "500", "slow")),
)


@dataclass(frozen=True)
class Trouble:
    """A fault of Stripe's API for the next `count` calls; what it holds goes on after `seconds`."""

    method: str
    path: str
    action: str
    count: int
    seconds: float

    @property
    def name(self) -> str:
        return self.action if not self.action.isdigit() else f"status {self.action}"

    def fault(self) -> dict[str, object]:
        """As the stand-in takes it."""
        fault: dict[str, object] = {"method": self.method, "path": self.path, "count": self.count}
        if self.action.isdigit():
            return fault | {"action": "status", "status": int(self.action)}
        return fault | {"action": self.action} | ({"seconds": self.seconds} if self.action == "slow" else {})


# How Stripe's events are delivered for a while, by name.
CALM = {"delivery": "auto", "duplicate": 0, "delay_seconds": 0.0, "shuffle": False}
WEATHER = {
    "calm": CALM,
    "duplicate": CALM | {"duplicate": 2},
    "delay": CALM | {"delay_seconds": 0.7},
    "shuffle": CALM | {"duplicate": 1, "shuffle": True},
    "drop": CALM | {"delivery": "drop"},
    "hold": CALM | {"delivery": "hold"},
}

ERRANDS = {
    "ship": 36,
    "refund": 16,
    "refund and restock": 10,
    "refund twice": 8,
    "refund a part": 14,
    "cancel": 5,
    "check": 3,
    "restock": 6,
    "raise prices": 2,
}


@dataclass(frozen=True)
class Errand:
    """Something that staff does: to the order at `place` (0 to 1) of the list's first page."""

    what: str
    place: float


class Plan:
    """The whole plan of a run."""

    def __init__(self, options: Options) -> None:
        self.options = options

    def dice(self, what: str, number: int) -> Random:
        """The same numbers for the same thing, in whatever order things happen."""
        return Random(f"{self.options.seed}/{what}/{number}")

    def visit(self, number: int) -> Visit:
        dice = self.dice("visit", number)
        code = _drawn(dice, CODES)
        return Visit(
            way=dice.choice(self.options.ways),
            lines=_lines(dice, code),
            looks=dice.random() < 0.2,
            press=dice.choices(("once", "double", "tabs", "switch"), (80, 10, 5, 5))[0],
            ending=_drawn(dice, ENDINGS),
            comes_back=dice.random() < 0.7,
            page=dice.random() < 0.15,
            waits=dice.choice((0, 0, 0, 0.1, 0.5)),
            code=code,
            after=_drawn(dice, AFTER),
        )

    def kills(self) -> list[Kill]:
        """Spread over the run, in order."""
        each = self.options.orders / (self.options.kills + 1)
        return [self._kill(number, each) for number in range(self.options.kills)]

    def trouble(self, number: int) -> Trouble:
        dice = self.dice("trouble", number)
        method, path, actions = dice.choice(TROUBLES)
        return Trouble(method, path, dice.choice(actions), dice.choice((1, 1, 2)), dice.uniform(0.2, 1.5))

    def weather(self, number: int) -> str:
        """The first is calm; afterwards any other than before may come."""
        return self.dice("weather", number).choice(list(WEATHER)) if number else "duplicate"

    def errand(self, number: int) -> Errand:
        dice = self.dice("errand", number)
        return Errand(_drawn(dice, ERRANDS), dice.random())

    def _kill(self, number: int, each: float) -> Kill:
        dice = self.dice("kill", number)
        at = round((number + 0.5 + dice.random()) * each)
        whom = dice.choices(("place", "web", "all web", "master", "background", "call"), (50, 16, 6, 8, 12, 8))[0]
        places = dice.choice(PLACES)
        if self.options.places:
            fitting = [each for each in PLACES if re.search(self.options.places, each[-1])]
            whom, places = "place", dice.choice(fitting)
        return Kill(at, whom, places if whom == "place" else ())


def _lines(dice: Random, code: str) -> tuple[tuple[int, int], ...]:
    if code == "GIFT" and dice.random() < 0.5:
        return ((PLAIN, 1),)  # nothing at all to pay
    return tuple(_line(dice) for _each in range(dice.choice((1, 1, 1, 2, 3))))


def _line(dice: Random) -> tuple[int, int]:
    if dice.choices(list(SHARES), list(SHARES.values()))[0] == "plenty":
        return dice.randrange(PLENTY), dice.choice((1, 1, 2, 3))
    return PLENTY + dice.randrange(SCARCE), 1


def _drawn(dice: Random, shares: dict[str, int]) -> str:
    return dice.choices(list(shares), list(shares.values()))[0]
