"""A sample of a long list: from all over it, and all of a short one."""

from __future__ import annotations

import pytest
from django.db import connection
from django.http import QueryDict

from catalog.filters import asked_for
from catalog.listing import refreshed_once
from catalog.selection import Selection
from catalog.spread import SLICES, extent, spread
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def listed():
    """Forty products, the first half of them in a category: (the category, ids)."""
    category, ids = factories.category(), []
    with refreshed_once():
        for number in range(40):
            piece = factories.product(categories=[category] if number < 20 else [])
            factories.variant(product=piece)
            ids.append(piece.pk)
    return category, ids


def sampled(category_id, *, of):
    selection = Selection(asked_for(QueryDict("")), (), category_id)
    (total, values), (some, more) = extent(selection, of=of), spread(selection, of=of)
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {total}, {some} SELECT l.product_id, (SELECT total FROM extent) FROM spread l", [*values, *more])  # noqa: S608
        rows = cursor.fetchall()
    assert len({total for _pk, total in rows}) <= 1
    return sorted(pk for pk, _total in rows), rows[0][1] if rows else None


def test_it_is_all_there_is_where_that_is_little(listed):
    category, ids = listed
    assert sampled(None, of=40) == (ids, 40)
    assert sampled(category.pk, of=24) == (ids[:20], 20)


def test_it_is_from_all_over_a_long_list(listed):
    category, ids = listed
    found, total = sampled(None, of=16)
    assert (len(found), total) == (16, 17), "counted no further than is needed to know that there are more"
    slices = {ids.index(pk) * SLICES // len(ids) for pk in found}
    assert slices == set(range(SLICES))
    of_category, _total = sampled(category.pk, of=8)
    assert [ids.index(pk) for pk in of_category] == [0, 2, 5, 7, 10, 12, 15, 17]


def test_it_is_empty_where_nothing_is_listed(db):
    assert sampled(factories.category().pk, of=8) == ([], None)
