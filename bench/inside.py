"""What must be done inside the shop, with its settings: `python -m bench.inside VERB ...` prints JSON."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import django
from django.core.management import call_command

from bench.pages import LISTS
from bench.words import COLOURS, KINDS, MATTERS, SELDOM, vocabulary

SHOWN = 40  # how many different products, categories and places in the list are asked for in turn
SEARCHES = {
    "search": [COLOURS[0], COLOURS[1], MATTERS[0], KINDS[1], vocabulary()[100]],  # of a third down to a fiftieth of all
    "search seldom": [SELDOM],
    "search three words": [f"{COLOURS[0]} {MATTERS[0]} {KINDS[0]}"],
    "search mistyped": ["haron", "wethaer"],
}


def load(products: str, quiet: str = "") -> dict[str, Any]:
    """Migrate an empty database, fill it, and tell which addresses to measure."""
    from bench.catalogue import load as load_catalogue

    call_command("migrate", verbosity=0, interactive=False)
    load_catalogue(int(products), quiet=bool(quiet))
    return addresses()


def addresses() -> dict[str, Any]:
    """Addresses from all over the catalogue, and variants to buy. What they find fills a page in a small catalogue, too."""
    from bench.catalogue import SIZES, TOPS
    from catalog.models import Product, Variant

    step = max(1, Product.objects.count() // SHOWN)
    numbers = range(0, step * SHOWN, step)
    spread = list(Product.objects.filter(position__in=numbers).order_by("position").values_list("slug", "position", "pk"))
    first_editions = Variant.objects.filter(position=0, stock_on_hand__gt=0, product__in=[pk for *_rest, pk in spread])
    categories = [*(f"way-{top}" for top in range(TOPS)), "way-0/kind-0", "rare"]
    filters = [
        f"option.Size={size}&price_from={low}&price_to={low + 20}&in_stock=1" for size in SIZES[1:4] for low in (30, 40, 50)
    ]
    return {
        "home": ["/"],
        "list": ["/products/"],
        "deep list": [f"/products/?after={position}-{pk}" for _slug, position, pk in spread[:-1]],
        "category": [f"/categories/{path}/" for path in categories],
        "filter": [f"/products/?{query}" for query in filters],
        "category filter": [f"/categories/way-{top}/?{query}" for query in filters for top in (0, 1)],
        "product": [f"/products/{slug}/" for slug, *_rest in spread],
        **{name: [f"/search/?q={words.replace(' ', '+')}" for words in asked] for name, asked in SEARCHES.items()},
        "suggest": [f"/search/suggest/?q={words}" for words in ("c", "cop", "copper+w", SELDOM)],
        "variants": list(first_editions.values_list("pk", flat=True)),
    }


def queries() -> dict[str, int]:
    """SQL statements of one request of each kind by a visitor without cookies; the most of any address."""
    from django.test import Client

    found = addresses()
    counts = {name: max(_statements(Client().get, path) for path in found[name]) for name in LISTS}
    form = {"variant": found["variants"][0], "quantity": 1}
    return counts | {"cart add": _statements(Client().post, "/cart/add/", form)}


def _statements(ask: Callable[..., Any], *request: Any) -> int:
    """How many SQL statements a request takes. Raises RuntimeError if it does not answer as it should."""
    from django.db import connection

    seen = []

    def count(execute: Callable[..., Any], *statement: Any) -> Any:
        seen.append(statement)
        return execute(*statement)

    with connection.execute_wrapper(count):
        answer = ask(*request, headers={"Host": "127.0.0.1"})
    if answer.status_code not in (200, 302):
        raise RuntimeError(f"{request}: {answer.status_code}")
    return len(seen)


def orders() -> dict[str, int]:
    """How many orders there are of each status."""
    from orders.models import Order

    return dict(Counter(Order.objects.values_list("status", flat=True)))


def office(products: str, orders: str, rounds: str, quiet: str = "") -> list[dict[str, Any]]:
    """Fill an empty database with a catalogue and its trade, and say how long every page of the admin takes."""
    from django.test.utils import setup_test_environment

    from bench.office import times
    from bench.trade import load_trade

    setup_test_environment()
    load(products, quiet)
    load_trade(int(orders), quiet=bool(quiet))
    return times(int(rounds))


VERBS: dict[str, Callable[..., Any]] = {
    "load": load, "addresses": addresses, "queries": queries, "orders": orders, "office": office,
}  # fmt: skip

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
    django.setup()
    verb, *words = sys.argv[1:]
    print(json.dumps(VERBS[verb](*words)))
