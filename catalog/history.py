"""What the history of a product or a variant in the admin says: which field, from what, to what.

Django's own history names the fields only. Its messages are JSON whose "fields" are words: here they hold the values too.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Container, Iterable
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from catalog.models import Product, Variant
from money import Money

LONGEST = 80  # characters of a value
EVERYWHERE = (Product, Variant)
Message = list[dict[str, Any]]


def told(label: str, old: Any, new: Any) -> str:
    """ "price: €19.00 → €21.00"."""
    return f"{label}: {_value(old)} → {_value(new)}"


def priced(minor: int | None, currency: str) -> str:
    return "" if minor is None else str(Money(minor, currency))


def log_products(products: Iterable[Product], changes: list[str], *, by: Any) -> None:
    """The same changes for each. One statement for all."""
    _log([(product, [_changed(changes)]) for product in products], by=by)


def log_variants(changes: Iterable[tuple[Variant, list[str]]], *, by: Any, where: Container[type[Model]] = EVERYWHERE) -> None:
    """Changes of variants: in the history of each, and in that of its product under its SKU. One statement for all."""
    changes = list(changes)
    of: dict[int, Message] = defaultdict(list)
    products: dict[int, Product] = {}
    for variant, texts in changes:
        products[variant.product_id] = variant.product
        of[variant.product_id].append(_changed(texts, variant=variant))
    entries: list[tuple[Model, Message]] = [(variant, [_changed(texts)]) for variant, texts in changes]
    entries += [(products[pk], message) for pk, message in of.items()]
    _log([(thing, message) for thing, message in entries if type(thing) in where], by=by)


def _changed(texts: list[str], *, variant: Variant | None = None) -> dict[str, Any]:
    about = {"name": "variant", "object": variant.sku} if variant else {}
    return {"changed": {**about, "fields": texts}}


def _log(entries: list[tuple[Any, Message]], *, by: Any) -> None:
    kinds = {model: ContentType.objects.get_for_model(model).pk for model in EVERYWHERE}
    LogEntry.objects.bulk_create(
        LogEntry(
            user_id=by.pk,
            content_type_id=kinds[type(thing)],
            object_id=str(thing.pk),
            object_repr=str(thing)[:200],
            action_flag=CHANGE,
            change_message=json.dumps(message, ensure_ascii=False),
        )
        for thing, message in entries
    )


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    text = "" if value is None else str(value)
    return Truncator(text).chars(LONGEST) if text else "–"
