"""The figures as Markdown, and whether they reach the aims."""

from __future__ import annotations

import json
import platform
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.pages import KEPT, SEARCHED

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- make bench begins -->", "<!-- make bench ends -->"
PAGE, TEMPLATE, SESSION, INSERT = "bare page", "bare template + query", "bare session POST", "bare INSERT POST"

# Page: (what it is compared with, how many times as many requests as that it should answer).
RATIOS: dict[str, tuple[str, float | None]] = {
    "list": (TEMPLATE, 0.8),
    "category": (TEMPLATE, 0.8),
    "product": (TEMPLATE, 0.8),
    **{f"kept {name}": (PAGE, 0.5) for name in KEPT},
    "cart add": (SESSION, 0.5),
    "fulfilment": (INSERT, 0.25),
    **dict.fromkeys(("home", "deep list", "filter", "category filter", *SEARCHED), (TEMPLATE, None)),
}
MOST_QUERIES = dict.fromkeys(("list", "deep list", "category", "filter", "category filter", *SEARCHED), 4) | {"product": 5}
MOST_SEARCH_MS = 50  # p95 of a search
MOST_MS = 100  # p95 of a webhook
MOST_MIB = 100
SLOWER_AT_MOST = 1.5  # with the largest catalogue, compared with the smallest

HEAD = "| Page | Products | Requests/s | p50 ms | p95 ms | CPU ms | SQL | Ratio | by CPU | Aim |"
RULE = "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |"


def markdown(results: list[dict[str, Any]]) -> str:
    """One table for each database, the memory, and every aim that was missed."""
    parts = [machine()]
    for result in results:
        parts += filter(None, [f"### {result['software']}", _table(result), slower_table(result), _below(result)])
    missed = [line for result in results for line in misses(result)]
    parts.append("Missed aims:\n\n" + "\n".join(f"- {line}" for line in missed) if missed else "All aims are reached.")
    return "\n\n".join(parts) + "\n"


def machine() -> str:
    """What it was measured on."""
    cores = re.findall(r"^model name\s*:\s*(.+)$", _read("/proc/cpuinfo"), re.MULTILINE) or [platform.machine()]
    software = {"Python": platform.python_version(), "Django": version("Django"), "gunicorn": version("gunicorn")}
    versions = ", ".join(f"{name} {number}" for name, number in software.items())
    return f"{len(cores)} cores ({cores[0]}), {platform.system()}; {versions}."


def misses(result: dict[str, Any]) -> list[str]:
    """Every aim that this database's figures do not reach, in words."""
    found = []
    for shop in result["shops"]:
        where = f"{result['database']}, {shop['products']} products"
        for name, (_yardstick, aim) in RATIOS.items():
            reached = ratio(result, shop, name)
            if aim and reached < aim:
                found.append(f"{where}: {name} {reached:.2f} of {_yardstick}, aim {aim}")
        if shop["pages"]["fulfilment"]["p95_ms"] > MOST_MS:
            found.append(f"{where}: webhook p95 {shop['pages']['fulfilment']['p95_ms']:.0f} ms, aim {MOST_MS}")
        found += [
            f"{where}: {name} {shop['queries'][name]} SQL queries, aim {most}"
            for name, most in MOST_QUERIES.items()
            if shop["queries"][name] > most
        ]
        found += [
            f"{where}: {name} p95 {shop['pages'][name]['p95_ms']:.0f} ms, aim {MOST_SEARCH_MS}"
            for name in SEARCHED
            if shop["pages"][name]["p95_ms"] > MOST_SEARCH_MS
        ]
        if shop["memory"]["rss"] > MOST_MIB:
            found.append(f"{where}: worker {shop['memory']['rss']:.0f} MiB resident, aim {MOST_MIB}")
        found += [
            f"{where}: {name} {slower:.1f} times slower than with {result['shops'][0]['products']}, aim {SLOWER_AT_MOST}"
            for name in shop["pages"]
            if (slower := slower_than_smallest(result, shop, name)) > SLOWER_AT_MOST
        ]
    return found


def ratio(result: dict[str, Any], shop: dict[str, Any], name: str) -> float:
    """Requests per second, as a part of what the bare page answers."""
    return shop["pages"][name]["per_second"] / result["bare"][RATIOS[name][0]]["per_second"]


def ratio_by_cpu(result: dict[str, Any], shop: dict[str, Any], name: str) -> float:
    """The same by processor time: what the worker would reach if nobody else had anything to do."""
    return result["bare"][RATIOS[name][0]]["cpu_ms"] / (shop["pages"][name]["cpu_ms"] or 1)


def slower_than_smallest(result: dict[str, Any], shop: dict[str, Any], name: str) -> float:
    return result["shops"][0]["pages"][name]["per_second"] / shop["pages"][name]["per_second"]


def slower_table(result: dict[str, Any]) -> str:
    """How many times longer each page takes than with the smallest catalogue: by requests per second."""
    first, *others = result["shops"]
    if not others:
        return ""
    head = f"| Times slower than with {first['products']:,} | " + " | ".join(f"{shop['products']:,}" for shop in others) + " |"
    rows = [
        f"| {name} | " + " | ".join(f"{slower_than_smallest(result, shop, name):.2f}" for shop in others) + " |"
        for name in first["pages"]
    ]
    return "\n".join([head, "| --- |" + " --: |" * len(others), *rows])


def keep(results: list[dict[str, Any]], text: str) -> Path:
    """Write all figures and the table to .run/; answers the folder."""
    folder = ROOT / ".run" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, indent=1))
    (folder / "table.md").write_text(text)
    return folder


def write_into_docs(text: str) -> None:
    """Replace the table between the two marks of docs/performance.md."""
    before, _begin, rest = DOCS.read_text().partition(BEGIN)
    _old, _end, after = rest.partition(END)
    DOCS.write_text(f"{before}{BEGIN}\n{text}{END}{after}")


def _table(result: dict[str, Any]) -> str:
    rows = [_row(name, "", figures, "", ["", "", ""]) for name, figures in result["bare"].items()]
    for name in result["shops"][0]["pages"]:
        for shop in result["shops"]:
            compared = ["", "", ""]
            if name in RATIOS:
                aim = RATIOS[name][1]
                compared = [f"{ratio(result, shop, name):.2f}", f"{ratio_by_cpu(result, shop, name):.2f}", str(aim or "")]
            rows.append(_row(name, f"{shop['products']:,}", shop["pages"][name], shop["queries"].get(name, ""), compared))
    return "\n".join([HEAD, RULE, *rows])


def _row(name: str, products: str, figures: dict[str, float], queries: object, compared: list[str]) -> str:
    timed = [
        f"{figures['per_second']:.0f}",
        *(f"{figures[key]:.1f}" for key in ("p50_ms", "p95_ms")),
        f"{figures['cpu_ms']:.2f}",
    ]
    return "| " + " | ".join([name, products, *timed, str(queries), *compared]) + " |"


def _below(result: dict[str, Any]) -> str:
    every = [*result["bare"].values(), *(page for shop in result["shops"] for page in shop["pages"].values())]
    memory = "; ".join(
        f"{shop['products']:,} products: {shop['memory']['rss']:.0f} resident, {shop['memory']['pss']:.0f} by its share of "
        f"shared pages, {shop['memory']['own']:.0f} its own"
        for shop in result["shops"]
    )
    paid = sum(shop["orders"] for shop in result["shops"])
    bare = result["bare_memory"]
    return (
        f"Memory of a worker process after the load, in MiB: {memory} (bare: {bare['rss']:.0f}, {bare['pss']:.0f}, "
        f"{bare['own']:.0f}). All {paid} orders that were paid at the stand-in are paid in the database. The client took "
        f"{max(page['client_cpu_ms'] for page in every):.2f} ms of its own processor core per request at most."
    )


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
