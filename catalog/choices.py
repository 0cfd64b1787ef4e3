"""The values that options have anywhere in the shop, and listings that show where each of them is still to be found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.db.models import Count

from catalog.filters import LONGEST
from catalog.index import index
from catalog.index_models import Choice
from catalog.selection import Selection, where
from catalog.terms import value_token

MOST_KEPT = 200  # values of an option
MOST_ASKED = 1_000  # of all options
LOOKED_AT = 1_000  # listings that have a value


def learn_choices(choices: Iterable[tuple[str, str]]) -> None:
    """Remember values of options that lists may offer, by (name, value): of each option about MOST_KEPT."""
    wanted = {value_token(*choice): choice for choice in choices if max(map(len, choice)) <= LONGEST}
    known = set(Choice.objects.filter(pk__in=wanted).values_list("pk", flat=True)) if wanted else set()
    new = {token: choice for token, choice in wanted.items() if token not in known}
    if not new:
        return
    names = {name for name, _value in new.values()}
    kept = dict(Choice.objects.filter(name__in=names).values_list("name").annotate(Count("pk")))
    learnt = []
    for token in sorted(new):  # in order: two that learn the same at once do not wait for each other in a ring
        name, value = new[token]
        kept[name] = kept.get(name, 0) + 1
        if kept[name] <= MOST_KEPT:
            learnt.append(Choice(token=token, name=name, value=value))
    Choice.objects.bulk_create(learnt, ignore_conflicts=True)


def examples(part: Selection, columns: str, *, names: tuple[str, list[str]], but_not: Iterable[str]) -> tuple[str, list[Any]]:
    """SQL for `columns` of listings of a selection: one for each value that any of it has, but those whose tokens are known.

    Of each value so many listings are looked at. `names` is the condition that the name of an option fulfils.
    """
    known, (named, some) = list(but_not), names
    wanted = [named, *([f"token NOT IN ({', '.join(['%s'] * len(known))})"] if known else [])]
    asked = f"SELECT token FROM catalog_choice{where(wanted)} LIMIT {MOST_ASKED}"  # noqa: S608
    here = replace(part.of_all(), by_index=False)
    (sql, values), (stock, currency) = here.conditions(), here.stock()
    # Planned as if all that have the value were read: else PostgreSQL would walk the shop for what few have.
    having = f"l AS {index().ALL_OF_IT} (SELECT l.* FROM catalog_listing l WHERE {index().HAS.format('o.token')})"  # noqa: S608
    some_of_it = f"(SELECT * FROM l LIMIT {LOOKED_AT}) l{where([*sql, *stock])}"  # noqa: S608
    each = f"SELECT (WITH {having} SELECT l.product_id FROM {some_of_it} LIMIT 1) AS pk FROM ({asked}) AS o"  # noqa: S608
    shown = f"SELECT {columns} FROM catalog_listing l WHERE l.product_id IN (SELECT pk FROM found)"  # noqa: S608
    return f"WITH found AS MATERIALIZED ({each}) {shown}", [*values, *currency, *some, *known]
