"""Command line: python -m bench [--products 1000 1000000] [--databases sqlite postgres] [--quick]"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from tqdm import tqdm

from bench import report
from bench.buying import Buyers
from bench.office_table import table
from bench.pages import Page, bare_pages, kept_pages, shop_pages
from bench.sites import Site, bare_environment, inside, keeping_pages, served, shop_environment, split_cores
from tests.sandbox_process import Sandbox
from tools.processes import start
from tools.services import Missing, Postgres

ROOT = Path(__file__).resolve().parent.parent
WARM_UP = 0.3  # seconds of each page before anything counts
SIZES = {  # products; to load a million on SQLite would take longer than all else
    "sqlite": [1000, 10_000, 100_000],
    "postgres": [1000, 10_000, 100_000, 1_000_000],
}


def read_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="How fast the shop is, beside bare Django pages.")
    parser.add_argument(
        "--products", type=int, nargs="+", help=f"sizes of the catalogue (SQLite: {SIZES['sqlite']}, else {SIZES['postgres']})"
    )
    parser.add_argument("--databases", nargs="+", choices=["sqlite", "postgres"], default=["sqlite", "postgres"])
    parser.add_argument("--rounds", type=int, default=10, help="how often each page has its turn (%(default)s)")
    parser.add_argument("--seconds", type=float, default=0.6, help="length of one turn (%(default)s)")
    parser.add_argument("--orders", type=int, default=20, help="orders bought in each round (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="a few seconds: shows that it works, measures nothing")
    parser.add_argument(
        "--admin", action="store_true", help="the admin's pages instead, with 50 000 products and 200 000 orders"
    )
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md, too")
    chosen = parser.parse_args(argv)
    if chosen.quick:
        chosen.products, chosen.rounds, chosen.seconds, chosen.orders = [100], 1, 0.1, 2
    return chosen


def main() -> int:
    chosen = read_arguments()
    core, others = split_cores()
    os.sched_setaffinity(0, others)
    results = []
    if chosen.admin:
        return measure_admin(chosen)
    try:
        for database in chosen.databases:
            with tempfile.TemporaryDirectory(prefix="shop-bench-") as folder:
                results.append(measure(database, chosen, Path(folder), core=core))
    except Missing as problem:
        say(str(problem))
        return 2
    text = report.markdown(results)
    print(text)
    say(f"\nKept: {report.keep(results, text)}")
    if chosen.write:
        report.write_into_docs(text)
    return 0


def measure_admin(chosen: argparse.Namespace) -> int:
    """Print a table for each kind of database."""
    products, orders, rounds = ("100", "1000", "1") if chosen.quick else ("50000", "200000", "5")
    for database in chosen.databases:
        with (
            tempfile.TemporaryDirectory(prefix="shop-bench-") as name,
            databases(database, Path(name)) as (software, address_of),
        ):
            Path(name).chmod(0o755)
            env = shop_environment(Path(name) / "shop", database=address_of("shop"), stripe="http://127.0.0.1:1")
            pages = inside(env, "office", products, orders, rounds, *(["quiet"] if chosen.quick else []))
            print(f"### {software}\n\n{table(pages)}\n")
    return 0


def measure(database: str, chosen: argparse.Namespace, folder: Path, *, core: set[int]) -> dict[str, Any]:
    """Every page of every site on one kind of database, in one interleaved run."""
    folder.chmod(0o755)  # PostgreSQL's account looks for its programs from here
    with ExitStack() as stack:
        software, address_of = stack.enter_context(databases(database, folder))
        sandbox = stack.enter_context(Sandbox(db=folder / "sandbox.sqlite3").running())
        sandbox.drop()  # we deliver the events ourselves
        bare = stack.enter_context(bare_site(address_of("bare"), folder, core=core))
        shops, keepers, queries = {}, {}, {}
        for size in chosen.products or SIZES[database]:
            say(f"{database}: loading {size} products")
            env = shop_environment(folder / f"shop-{size}", database=address_of(f"shop_{size}"), stripe=sandbox.url)
            found = inside(env, "load", str(size), *(["quiet"] if chosen.quick else []))
            queries[size] = inside(env, "queries")
            site = stack.enter_context(served(f"shop-{size}", "shop.wsgi", env, core=core, log=folder / f"shop-{size}.log"))
            site.found = found
            shops[size] = (site, env)
            kept, log = keeping_pages(env), folder / f"kept-{size}.log"
            keepers[size] = stack.enter_context(served(f"kept-{size}", "shop.wsgi", kept, core=core, log=log))
            keepers[size].found = found
        buyers = {size: Buyers(site, sandbox) for size, (site, _env) in shops.items()}
        pages = [*bare_pages(bare), *(page for site, _env in shops.values() for page in shop_pages(site))]
        pages += [page for site in keepers.values() for page in kept_pages(site)]
        take_turns(pages, list(buyers.values()), chosen)
        for size, (_site, env) in shops.items():
            check_all_paid(inside(env, "orders"), buyers[size].bought)
        return {
            "database": database,
            "software": software,
            "bare": {page.name: page.tally.summary() for page in pages if page.site is bare},
            "bare_memory": vars(bare.memory()),
            "shops": [
                {
                    "products": size,
                    "pages": {page.name: page.tally.summary() for page in pages if page.site in (site, keepers[size])}
                    | {"checkout start": buyers[size].checkout.summary(), "fulfilment": buyers[size].fulfilled.summary()},
                    "queries": queries[size],
                    "memory": max((vars(one.memory()) for one in (site, keepers[size])), key=lambda memory: memory["rss"]),
                    "orders": buyers[size].bought,
                }
                for size, (site, _env) in shops.items()
            ],
        }


def take_turns(pages: list[Page], buyers: list[Buyers], chosen: argparse.Namespace) -> None:
    """Short turns in rotated order, many rounds: whatever disturbs this machine disturbs every page alike."""
    for page in pages:
        page.measure(min(WARM_UP, chosen.seconds))
        page.tally.begin()
    for buyer in buyers:
        buyer.buy(2)
        buyer.checkout.begin()
        buyer.fulfilled.begin()
    for turn in tqdm(range(chosen.rounds), unit=" rounds", leave=False, disable=chosen.quick):
        start_at = turn * 5 % len(pages)
        for page in [*pages[start_at:], *pages[:start_at]]:
            page.measure(chosen.seconds)
        for buyer in buyers:
            buyer.buy(chosen.orders)


def check_all_paid(statuses: dict[str, int], bought: int) -> None:
    """Fulfilled means: the order is paid in the database."""
    if statuses != {"paid": bought}:
        raise SystemExit(f"Bought {bought} orders, but the shop says {statuses}: the figures would be worth nothing.")


class Server(Postgres):
    """With memory as a server of a large shop has it; what it comes with is for machines of long ago."""

    options = Postgres.options | {"shared_buffers": "1GB", "maintenance_work_mem": "256MB", "max_wal_size": "4GB"}


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[tuple[str, Callable[[str], str]]]:
    """What is used, and a function that makes an empty database and answers its address."""
    if kind == "sqlite":
        yield f"SQLite {sqlite3.sqlite_version}", lambda name: f"sqlite:///{folder}/{name}.sqlite3"
        return
    with Server() as server:

        def made(name: str) -> str:
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            return f"{server.url.rpartition('/')[0]}/{name}"

        with psycopg.connect(server.url) as connection:
            version = connection.info.server_version // 10_000, connection.info.server_version % 10_000
        yield "PostgreSQL {}.{}".format(*version), made


@contextmanager
def bare_site(database: str, folder: Path, *, core: set[int]) -> Iterator[Site]:
    env, log = bare_environment(database=database), folder / "bare.log"
    process = start([sys.executable, "-m", "bench.bare.prepare"], log=log, env=env, cwd=ROOT)
    if process.wait():
        raise SystemExit(f"The bare site could not be prepared:\n{log.read_text()}")
    with served("bare", "bench.bare.wsgi", env, core=core, log=log) as site:
        yield site


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
