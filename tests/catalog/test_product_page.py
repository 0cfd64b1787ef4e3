from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.formats import date_format
from django.utils.timezone import localdate

from catalog.models import Option, ProductImage
from catalog.options import list_options
from catalog.product_page import edition_groups, pictures_of, product_page
from tests import factories

pytestmark = pytest.mark.django_db


def groups_of(product):
    page = product_page(product.slug)
    return [(group.name, [(each.label, each.note) for each in group.editions]) for group in edition_groups(page)]


def test_it_groups_editions_by_the_first_of_two_options():
    made = factories.product()
    Option.objects.create(product=made, name="Size", position=0)
    Option.objects.create(product=made, name="Paper", position=1)
    factories.variant(product=made, option_values={"Paper": "Matte", "Size": "A4"}, on_hand=1)
    factories.variant(product=made, option_values={"Paper": "Rag", "Size": "A4"}, on_hand=0)
    factories.variant(product=made, option_values={"Size": "A3", "Paper": "Matte"})
    list_options(made)  # as every save by staff does: the choices of the variants come into the order of the options
    assert groups_of(made) == [("Size: A4", [("Matte", "Only 1 left"), ("Rag", "Sold out")]), ("Size: A3", [("Matte", "")])]


@pytest.mark.parametrize(("days", "note"), [(-1, "Sold out"), (0, "back soon"), (30, "back soon")])
def test_it_says_when_more_is_expected(days, note):
    day = localdate() + timedelta(days=days)
    made = factories.variant(on_hand=0, expected_on=day).product
    ((_group, ((_label, words),)),) = groups_of(made)
    assert note in words
    assert (date_format(day) in words) == (days >= 0)


def test_it_names_a_single_group_after_its_option():
    made = factories.product()
    Option.objects.create(product=made, name="Size")
    factories.variant(product=made, option_values={"Size": "A4"})
    assert groups_of(made) == [("Size", [("A4", "")])]


def test_it_has_words_for_a_product_without_options():
    assert groups_of(factories.variant(on_hand=6).product) == [("Edition", [("Open edition", "")])]


def test_it_counts_what_other_shoppers_hold_as_gone():
    variant = factories.variant(on_hand=3)
    factories.order(variants=[(variant, 2)])
    assert groups_of(variant.product) == [("Edition", [("Open edition", "Only 1 left")])]


def test_it_never_counts_downloads():
    assert groups_of(factories.download().product) == [("Edition", [("Open edition", "")])]


def test_it_shows_the_pictures_of_the_variant_first_that_was_asked_for():
    product = factories.product()
    one, two, three, four, lost = [factories.picture(product=product, position=at) for at in range(5)]
    ProductImage.objects.filter(pk=lost.pk).update(url="")
    variant = factories.variant(product=product, image=four)
    factories.variant(product=product, image=two).more_images.add(one, lost)
    variant.more_images.add(three, two)
    page = product_page(product.slug)
    assert pictures_of(page, "") == [one, two, three, four]
    assert pictures_of(page, str(variant.pk)) == [four, two, three, one]
