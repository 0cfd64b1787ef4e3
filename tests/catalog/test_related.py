"""Products that are shown beside a product."""

from __future__ import annotations

import pytest

from catalog.related import related
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def wall():
    """A category with six products on sale, in this order."""
    category = factories.category(name="Waves", slug="waves")
    for number in range(6):
        product = factories.product(title=f"Wave {number}", slug=f"wave-{number}", categories=[category], position=number)
        factories.variant(product=product)
    return category


def beside(category, number):
    product = category.products.get(slug=f"wave-{number}")
    return [card.title for card in related(product, category)]


@pytest.mark.parametrize(("number", "others"), [(0, [1, 2, 3, 4]), (3, [4, 5, 0, 1]), (5, [0, 1, 2, 3])])
def test_it_goes_on_after_the_product_and_from_the_first(wall, number, others):
    assert beside(wall, number) == [f"Wave {other}" for other in others]


def test_it_leaves_out_what_is_not_on_sale(wall):
    wall.products.get(slug="wave-1").variants.get().delete()
    hidden = wall.products.get(slug="wave-2")
    hidden.is_published = False
    hidden.save()
    assert beside(wall, 0) == ["Wave 3", "Wave 4", "Wave 5"]


def test_it_asks_once_and_not_at_all_without_a_category(wall, django_assert_num_queries):
    product = wall.products.first()
    with django_assert_num_queries(1):
        assert len(related(product, wall)) == 4
    with django_assert_num_queries(0):
        assert related(product, None) == []


def test_it_is_on_the_page(client, wall):
    response = client.get("/products/wave-3/")
    assert [card.title for card in response.context["related"]] == ["Wave 4", "Wave 5", "Wave 0", "Wave 1"]
