"""What is asked of each site in turn, and what is taken down."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle

from bench.client import Slice, form, get, run
from bench.sites import Site

SEARCHED = ("search", "search seldom", "search three words", "search mistyped", "suggest")
LISTS = ("home", "list", "deep list", "category", "filter", "category filter", "product", *SEARCHED)
KEPT = ("list", "category", "product")  # measured from the page cache as well


@dataclass
class Tally:
    """All slices of one page. `busy` is how much of a core the worker used meanwhile: near 1, the server was the limit."""

    rates: list[float] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu: float = 0.0
    client_cpu: float = 0.0

    def add(self, taken: Slice, *, cpu: float) -> None:
        self.rates.append(taken.per_second)
        self.ms += taken.ms
        self.seconds += taken.seconds
        self.cpu += cpu
        self.client_cpu += taken.cpu

    def begin(self) -> None:
        """Forget what was taken down so far: it was the warming up."""
        self.__dict__.update(Tally().__dict__)

    def summary(self) -> dict[str, float]:
        """Medians over the rounds; times in milliseconds. `cpu_ms` is the worker's processor time per request."""
        slowest = statistics.quantiles(self.ms, n=20)[-1] if len(self.ms) > 1 else self.ms[0]
        return {
            "requests": len(self.ms),
            "per_second": statistics.median(self.rates),
            "p50_ms": statistics.median(self.ms),
            "p95_ms": slowest,
            "cpu_ms": self.cpu / len(self.ms) * 1000,
            "client_cpu_ms": self.client_cpu / len(self.ms) * 1000,
            "busy": self.cpu / self.seconds,
        }


@dataclass
class Page:
    """One kind of request to one site."""

    name: str
    site: Site
    requests: Iterator[bytes]
    expect: int
    tally: Tally = field(default_factory=Tally)

    def measure(self, seconds: float) -> None:
        taken, cpu = timed(self.site, lambda: run(self.site.port, self.requests, expect=self.expect, seconds=seconds))
        self.tally.add(taken, cpu=cpu)


def timed(site: Site, load: Callable[[], Slice]) -> tuple[Slice, float]:
    """Run a load; answers the processor time that the site's worker used for it, too."""
    before = site.cpu()
    taken = load()
    return taken, site.cpu() - before


def bare_pages(site: Site) -> list[Page]:
    """Each POST to /remember/ is a new visitor's, who has no session yet; so is each to the shop's cart."""
    return [
        Page("bare page", site, cycle([get("/page/")]), 200),
        Page("bare template + query", site, cycle([get("/rows/")]), 200),
        Page("bare session POST", site, cycle([form("/remember/", {"thing": 1})]), 302),
        Page("bare INSERT POST", site, cycle([form("/note/", {"text": "Slow Weather"})]), 200),
    ]


def shop_pages(site: Site) -> list[Page]:
    """As visitors without a cookie see them, all over the catalogue."""
    found = site.found or {}
    reads = [Page(name, site, cycle([get(path) for path in found[name]]), 200) for name in LISTS]
    adds = cycle([form("/cart/add/", {"variant": pk, "quantity": 1}) for pk in found["variants"]])
    return [*reads, Page("cart add", site, adds, 302)]


def kept_pages(site: Site) -> list[Page]:
    """The same addresses of a shop that keeps pages. Each is asked for once here, so what is measured comes from its memory."""
    asked = {name: [get(path) for path in (site.found or {})[name]] for name in KEPT}
    run(site.port, [request for requests in asked.values() for request in requests], expect=200)
    return [Page(f"kept {name}", site, cycle(requests), 200) for name, requests in asked.items()]
