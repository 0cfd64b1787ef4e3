"""How payments and webhooks went over time, counted per hour or day and drawn as bars by the server."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Count, QuerySet, Value, When
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.counts import counted_since
from payments.models import HOW_IT_ENDED, Payment, WebhookEvent

Text = str | Promise
Counts = list[Counter[str]]

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 200, 44, 24, 8  # of a drawing, in its own units
GAP = 0.25  # of a bar's width
LABELS = 6  # below a drawing

PAYMENTS = {
    "paid": (_("Paid"), (Payment.Status.SUCCEEDED,)),
    "failed": (_("Failed"), (Payment.Status.FAILED, Payment.Status.MISMATCH)),
    "quiet": (_("Given up by the shopper"), (Payment.Status.EXPIRED,)),
}
CAUSES = {  # as accounts/counts.py has them, and what they count as
    "signature": (_("Wrong signature"), "failed"),
    "handler": (_("Failed in the shop"), "failed"),
    "stripe": (_("Stripe did not answer"), "failed"),
    "unsigned": (_("Not signed at all"), "quiet"),
    "size": (_("Too large"), "quiet"),
    "account": (_("Of another account"), "quiet"),
    "mode": (_("Of the other mode"), "quiet"),
    "unknown": (_("Not acted on"), "quiet"),
}
WEBHOOKS = {"paid": _("Acted on"), "failed": _("Failed"), "quiet": _("Refused or ignored")}
IGNORED = ("account", "mode", "unknown")  # events that are received, each counted once


@dataclass(frozen=True)
class Spans:
    """Neighbouring spans of time, oldest first; the last one is going on."""

    title: Text
    edges: tuple[datetime, ...]  # one more than there are spans
    form: str  # of date_format

    @property
    def starts(self) -> tuple[datetime, ...]:
        return self.edges[:-1]

    def names(self) -> list[str]:
        return [date_format(timezone.localtime(start), self.form) for start in self.starts]


@dataclass(frozen=True)
class Part:
    """One rectangle of a bar, in the units of the drawing."""

    kind: str
    x: str
    y: str
    width: str
    height: str
    told: str


@dataclass(frozen=True)
class Chart:
    title: Text
    series: dict[str, Text]
    spans: Spans
    bars: Counts
    columns: list[Text]
    rows: list[list[str]]
    empty: Text

    @property
    def is_empty(self) -> bool:
        return not any(bar.total() for bar in self.bars)

    @property
    def most(self) -> int:
        """Where the axis ends: a round number that is even, so that its half is one too."""
        most = max([bar.total() for bar in self.bars], default=0)
        step = 10 ** max(0, len(str(most)) - 1)
        return next(step * factor for factor in (2, 4, 6, 10, 20) if step * factor >= most)

    @property
    def lines(self) -> list[tuple[str, int]]:
        """(height, number) of the lines across."""
        return [(_number(self._y(number)), number) for number in (0, self.most // 2, self.most)]

    @property
    def labels(self) -> list[tuple[str, str]]:
        """(place, words) below the bars: some of them."""
        names = self.spans.names()
        each = max(1, len(names) // LABELS)
        return [(_number(self._x(at + 0.5)), name) for at, name in enumerate(names) if at % each == 0]

    @property
    def parts(self) -> list[Part]:
        found = []
        for at, (bar, name) in enumerate(zip(self.bars, self.spans.names(), strict=True)):
            below = 0
            for kind, label in self.series.items():
                if bar[kind]:
                    top, bottom = self._y(below + bar[kind]), self._y(below)
                    place = [self._x(at + GAP / 2), top, self._x(1 - GAP) - self._x(0), bottom - top]
                    x, y, width, height = map(_number, place)
                    found.append(Part(kind, x, y, width, height, f"{name}: {label} {bar[kind]}"))
                    below += bar[kind]
        return found

    @property
    def box(self) -> str:
        return f"0 0 {WIDTH} {HEIGHT}"

    @property
    def across(self) -> tuple[int, int]:
        return LEFT, WIDTH

    def _x(self, spans: float) -> float:
        return LEFT + (WIDTH - LEFT) * spans / len(self.bars)

    def _y(self, number: int) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * number / self.most


def charts(now: datetime) -> list[Chart]:
    """Payments and webhooks of the last 24 hours and of the last 30 days."""
    spans = (last_hours(now), last_days(now))
    return [*map(payment_chart, spans), *map(webhook_chart, spans)]


def last_hours(now: datetime, number: int = 24) -> Spans:
    this = now.replace(minute=0, second=0, microsecond=0)
    edges = tuple(this + timedelta(hours=hour) for hour in range(1 - number, 2))
    return Spans(_("last 24 hours, by the hour"), edges, "H:i")


def last_days(now: datetime, number: int = 30) -> Spans:
    """Days of the shop's time zone: some have 23 or 25 hours."""
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    edges = tuple(timezone.make_aware(today + timedelta(days=day)) for day in range(1 - number, 2))
    return Spans(_("last 30 days, by the day"), edges, "j M")


def payment_chart(spans: Spans) -> Chart:
    """Attempts to pay by how they ended. Those given up are no failures: nobody tried to pay."""
    counts = _counted(Payment.objects.annotate(end=HOW_IT_ENDED).order_by(), "settled_at", "end", spans)
    bars = [Counter({kind: sum(one[status] for status in ends) for kind, (_label, ends) in PAYMENTS.items()}) for one in counts]
    series: dict[str, Text] = {kind: label for kind, (label, _ends) in PAYMENTS.items()}
    columns: list[Text] = [_("When"), *series.values(), _("Paid of those tried")]
    rows = [[name, *(str(bar[kind]) for kind in series), _share(bar)] for name, bar in zip(spans.names(), bars, strict=True)]
    return Chart(_("Payments"), series, spans, bars, columns, rows, _("No attempt to pay has ended in this time."))


def webhook_chart(spans: Spans) -> Chart:
    """Events that were acted on, and deliveries that came to nothing, by cause: one event may fail several times."""
    delivered = WebhookEvent.objects.filter(deliveries__gt=0).order_by()
    received = _counted(delivered, "received_at", "livemode", spans)
    causes: Counts = [Counter() for _span in spans.starts]
    for hour, cause, times in counted_since("webhook:", spans.starts[0]):
        at = max(number for number, start in enumerate(spans.starts) if start <= hour)
        causes[at][cause] += times
    bars = [_webhooks(one.total(), failed) for one, failed in zip(received, causes, strict=True)]
    columns: list[Text] = [_("When"), _("Received"), *(label for label, _kind in CAUSES.values())]
    told = zip(spans.names(), received, causes, strict=True)
    rows = [[name, str(one.total()), *(str(failed[cause]) for cause in CAUSES)] for name, one, failed in told]
    return Chart(_("Webhooks"), dict(WEBHOOKS), spans, bars, columns, rows, _("Nothing came to the webhook in this time."))


def _webhooks(received: int, causes: Counter[str]) -> Counter[str]:
    bar = Counter({"paid": max(0, received - sum(causes[cause] for cause in IGNORED))})
    for cause, times in causes.items():
        bar[CAUSES[cause][1] if cause in CAUSES else "failed"] += times
    return bar


def _counted(rows: QuerySet, field: str, by: str, spans: Spans) -> Counts:
    """How many `rows` fall into each span, by the value of a column. One statement, by the index of `field`."""
    whens = [When(**{f"{field}__lt": end}, then=Value(number)) for number, end in enumerate(spans.edges[1:])]
    found = rows.filter(**{f"{field}__gte": spans.edges[0], f"{field}__lt": spans.edges[-1]}).annotate(span=Case(*whens))
    counts: Counts = [Counter() for _span in spans.starts]
    for span, value, number in found.values_list("span", by).annotate(Count("id")):
        counts[span][value] += number
    return counts


def _share(bar: Counter[str]) -> str:
    tried = bar["paid"] + bar["failed"]
    return f"{100 * bar['paid'] / tried:.0f} %" if tried else "–"


def _number(value: float) -> str:
    """As SVG reads it, whatever the language."""
    return f"{value:.1f}"
