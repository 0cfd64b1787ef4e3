from __future__ import annotations

import pytest

from catalog.cards import cards_of
from catalog.models import Product
from money import Money
from tests import factories

pytestmark = pytest.mark.django_db


def only_card():
    (card,) = cards_of(Product.objects.published().order_by("position", "id"))
    return card


def test_it_names_the_lowest_price_of_what_is_on_sale():
    product = factories.product(title="Slow Weather")
    for price_minor, how in ((5900, {}), (4900, {"on_hand": 0}), (100, {"is_active": False}), (200, {"currency": "USD"})):
        factories.variant(product=product, price_minor=price_minor, **how)
    card = only_card()
    assert (card.title, card.url) == ("Slow Weather", product.get_absolute_url())
    assert (card.price, card.price_varies, card.sold_out) == (Money(4900, "EUR"), True, False)


def test_it_has_no_price_where_nothing_is_on_sale():
    factories.product()
    assert (only_card().price, only_card().price_varies, only_card().sold_out) == (None, False, True)


def test_it_counts_what_is_promised_to_orders_as_gone():
    variant = factories.variant(on_hand=2)
    assert not only_card().sold_out
    factories.order(variants=[(variant, 2)])
    assert only_card().sold_out


def test_it_never_sells_out_of_downloads():
    factories.download()
    assert not only_card().sold_out


def test_it_shows_the_first_picture():
    product = factories.product()
    factories.picture(product=product, position=1)
    factories.picture(product=product, position=0, alt="Lost", url="")
    first = factories.picture(product=product, position=0, alt="First", colour="#f4ecdc")
    factories.picture(product=product, position=0, alt="Same place, later")
    assert only_card().picture == (first.url, first.width, first.height, "First", "[]", "#f4ecdc")
    assert only_card().picture.renditions == []
