"""A product that is not in the shop, by a private link."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.core.signing import TimestampSigner, b62_encode
from django.test import Client
from django.urls import reverse
from django.utils.formats import date_format

from catalog.models import Product
from catalog.preview import LASTS, preview_link
from tests import factories
from tests.catalog.admin_forms import page_of

MINUTE = timedelta(minutes=1)


@pytest.fixture
def draft(db: None) -> Product:
    product = factories.product(title="Not Yet", is_published=False, categories=[factories.category()])
    factories.variant(product=product, price_minor=4900, compare_at_minor=6000, option_values={"Size": "A3"}, on_hand=3)
    factories.picture(product=product)
    return product


class SignedBefore(TimestampSigner):
    """Signs as the shop did `age` ago."""

    def __init__(self, age: timedelta) -> None:
        super().__init__(salt="catalog.preview")
        self.age = age

    def timestamp(self) -> str:
        return b62_encode(int(time.time() - self.age.total_seconds()))


def way_to(product: Product) -> str:
    return urlsplit(preview_link(product)[0]).path


def open_at(client: Client, address: str, status: int):
    answer = client.get(address)
    assert answer.status_code == status
    assert (answer["Cache-Control"], answer["X-Robots-Tag"], answer["Referrer-Policy"]) == (
        "private, no-store",
        "noindex",
        "no-referrer",
    )
    assert not answer.cookies
    return answer


def test_it_shows_what_is_not_published_and_sells_nothing(client, draft, django_assert_max_num_queries):
    client.get(way_to(draft))
    with django_assert_max_num_queries(5) as asked:
        page = open_at(client, way_to(draft), 200).content.decode()
    assert not [query for query in asked if not query["sql"].startswith("SELECT")]
    assert "Preview: not published, only people with this link see it" in page
    for shown in (
        "Not Yet",
        "€49.00",
        "€60.00",
        "Only 3 left",
        draft.images.get().url,
        '<meta name="robots" content="noindex">',
    ):
        assert shown in page
    for hidden in (
        "/cart/add/",
        'name="variant"',
        "csrfmiddlewaretoken",
        'rel="canonical"',
        "application/ld+json",
        "data-viewed",
    ):
        assert hidden not in page
    assert not Session.objects.exists()
    assert client.get(draft.get_absolute_url()).status_code == 404
    assert draft.slug not in client.get(reverse("catalog:sitemap_products", args=[0])).content.decode()


def test_it_shows_a_product_that_is_only_begun(client, db):
    bare = factories.product(is_published=False)
    assert "no variant is on sale" in open_at(client, way_to(bare), 200).content.decode()


def test_it_leads_to_the_shop_once_it_is_published(client, draft):
    link = way_to(draft)
    Product.objects.update(is_published=True)
    assert open_at(client, link, 302)["Location"] == draft.get_absolute_url()


@pytest.mark.same_on_both
def test_it_says_that_a_link_is_over(client, draft):
    almost, over = (f"/preview/{SignedBefore(LASTS + late).sign(str(draft.pk))}/" for late in (-MINUTE, MINUTE))
    open_at(client, almost, 200)
    assert "This link is over" in open_at(client, over, 410).content.decode()
    assert "Not Yet" not in client.get(over).content.decode()


@pytest.mark.same_on_both
def test_it_opens_nothing_to_a_link_that_was_changed(client, draft):
    other = factories.product(is_published=False)
    pk, stamp, signature = way_to(draft).split("/")[2].split(":")
    strange = TimestampSigner(salt="orders.access").sign(str(draft.pk))
    odd = [
        f"{other.pk}:{stamp}:{signature}",
        f"{pk}:zzzzzz:{signature}",
        f"{pk}:{stamp}:{signature[:-1]}",
        f"{pk}:{stamp}:{signature.swapcase()}",
        f"{pk}:{stamp}:",
        f"{pk}:{stamp}",
        f" {pk}:{stamp}:{signature}",
        pk,
        strange,
        TimestampSigner(salt="catalog.preview").sign("x"),
        TimestampSigner(salt="catalog.preview").sign("999999999"),
        TimestampSigner(salt="catalog.preview").sign("9" * 30),
        *("null", "0", "[]", "%00", "%ff%fe", "%F0%9F%98%80", "%0d%0aa", "a" * 3000, ":", "::"),
    ]
    for token in odd:
        page = open_at(client, f"/preview/{token}/", 404).content.decode()
        assert "This link shows nothing" in page, token
        assert draft.title not in page
    draft.delete()
    open_at(client, f"/preview/{pk}:{stamp}:{signature}/", 404)


@pytest.mark.same_on_both
def test_it_takes_no_posts(client, draft):
    assert client.post(way_to(draft)).status_code == 405


def test_it_stands_on_the_page_of_what_is_not_published(grace_client, client, draft):
    before = preview_link(draft)[1]
    page = grace_client.get(page_of(draft)).content.decode()
    assert {date_format(until) for until in (before, preview_link(draft)[1])} & set(re.findall(r"Until (\S+ \d+, \d+)", page))
    (link,) = set(re.findall(r'href="https?://[^/]+(/preview/[^"]+)"', page))
    assert client.get(link).status_code == 200
    Product.objects.update(is_published=True)
    assert "/preview/" not in grace_client.get(page_of(draft)).content.decode()
    assert "/preview/" not in grace_client.get("/admin/catalog/product/add/").content.decode()
