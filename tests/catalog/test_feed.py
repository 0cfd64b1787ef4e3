"""The feed for Google Merchant."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session

from catalog import feed
from catalog.models import ProductImage
from catalog.structured import gtin
from tests import factories
from tests.catalog.feed_rules import read_feed

pytestmark = pytest.mark.django_db
SITE = "https://shop.example"
ADDRESS = "/feeds/google-merchant.xml"


@pytest.fixture(autouse=True)
def site(settings):
    settings.SITE_URL = SITE


def content_of(client):
    return b"".join(client.get(ADDRESS).streaming_content)


def items(client):
    """The items by their ids, values that come once without their list."""
    found = {item["id"][0]: item for item in read_feed(content_of(client))}
    return {name: {key: value[0] if len(value) == 1 else value for key, value in item.items()} for name, item in found.items()}


def a_variant(*, pictures=1, about=None, **fields):
    """On sale, with pictures."""
    product = factories.product(**{"title": "Slow Weather", "slug": "slow-weather", **(about or {})})
    for place in range(pictures):
        factories.picture(product=product, url=f"/media/{place}.jpg", position=place)
    return factories.variant(product=product, **{"sku": "SW-1", **fields})


def test_it_describes_a_variant(client):
    variant = a_variant(
        pictures=3, price_minor=125000, about={"description": "<p>Wind &amp; <b>lines</b>.</p><script>x</script>"}
    )
    assert items(client)["SW-1"] == {
        "id": "SW-1",
        "title": "Slow Weather",
        "description": "Wind & lines.",
        "link": f"{SITE}/products/slow-weather/?variant={variant.pk}",
        "image_link": f"{SITE}/media/0.jpg",
        "additional_image_link": [f"{SITE}/media/1.jpg", f"{SITE}/media/2.jpg"],
        "availability": "in_stock",
        "price": "1250.00 EUR",
        "condition": "new",
        "identifier_exists": "no",
    }


def test_it_ties_the_variants_of_a_product_together(client):
    first = a_variant(option_values={"Size": "A3", "Paper": "Matte"})
    own = factories.picture(product=first.product, url="/media/own.jpg", position=9)
    factories.variant(product=first.product, sku="SW-2", option_values={"Colour": "Blue"}, image=own, on_hand=0)
    one, two = items(client)["SW-1"], items(client)["SW-2"]
    assert one["item_group_id"] == two["item_group_id"] == f"product-{first.product_id}"
    assert (one["title"], one["size"], one["image_link"]) == ("Slow Weather · A3 / Matte", "A3", f"{SITE}/media/0.jpg")
    assert (two["color"], two["availability"], two["image_link"]) == ("Blue", "out_of_stock", f"{SITE}/media/own.jpg")


def test_it_gives_both_prices_of_what_became_cheaper(client):
    a_variant(price_minor=4000, compare_at_minor=4900)
    item = items(client)["SW-1"]
    assert (item["price"], item["sale_price"]) == ("49.00 EUR", "40.00 EUR")


def test_it_names_maker_and_barcode_where_they_are_known(client):
    a_variant(barcode="4006381333931", about={"vendor": "Strata"})
    item = items(client)["SW-1"]
    assert (item["brand"], item["gtin"]) == ("Strata", "4006381333931")
    assert "identifier_exists" not in item


@pytest.mark.parametrize(
    ("barcode", "code"),
    [
        ("96385074", "96385074"),
        (" 4006381333931 ", "4006381333931"),
        ("4006381333932", ""),
        ("SW-1", ""),
        ("0" * 13, ""),
        ("", ""),
    ],
)
def test_it_takes_no_barcode_for_a_gtin_that_is_none(barcode, code):
    assert gtin(factories.variant(barcode=barcode)) == code


def test_it_leaves_out_what_is_not_on_sale_or_cannot_be_an_item(client):
    shown = a_variant()
    about = {"product": shown.product}
    factories.variant(**about, is_active=False)
    factories.variant(**about, currency="USD")
    factories.variant(**about, price_minor=0)
    factories.variant()  # without a picture
    hidden = factories.product(is_published=False)
    factories.picture(product=hidden)
    factories.variant(product=hidden)
    assert list(items(client)) == ["SW-1"]


def test_it_keeps_to_the_longest_that_is_allowed_and_to_what_xml_can_hold(client):
    nasty = "\x0b\ufffe]]></item><evil>&"
    about = {"title": nasty + "t" * 180, "description": "<p>" + nasty.replace("<", "&lt;") + "d" * 6000}
    variant = a_variant(about=about, sku="S" * 64, pictures=14, option_values={"Size": nasty + "s" * 150})
    item = items(client)[f"variant-{variant.pk}"]
    assert item["title"].startswith("]]></item><evil>&t")
    assert len(item["additional_image_link"]) == 10


def test_it_names_no_picture_whose_file_is_lost(client):
    variant = a_variant(pictures=2)
    ProductImage.objects.filter(position=0).update(url="")
    assert items(client)["SW-1"]["image_link"] == f"{SITE}/media/1.jpg"
    variant.product.images.update(url="")
    assert items(client) == {}


def test_it_is_a_feed_when_nothing_is_on_sale(client):
    assert items(client) == {}


def test_it_reads_a_batch_at_a_time(client, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(feed, "BATCH", 2)
    made = a_variant()
    for number in range(4):
        factories.variant(product=made.product, sku=f"MORE-{number}")
    with django_assert_num_queries(0):
        answer = client.get(ADDRESS)
        pieces = iter(answer.streaming_content)
        next(pieces)
    with django_assert_num_queries(3):
        assert next(pieces).count(b"<item>") == 2
    with django_assert_num_queries(7):
        rest = b"".join(pieces)
    assert rest.count(b"<item>") == 3
    assert answer["Cache-Control"] == "public, max-age=3600"
    assert not Session.objects.exists()


def test_it_reads_nothing_for_those_who_only_ask_for_the_head(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.head(ADDRESS)["Content-Type"] == "application/xml; charset=utf-8"


@pytest.mark.same_on_both
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"49.00 EUR", b"49,00 EUR"),
        (b"in_stock", b"InStock"),
        (b"<g:link>https://shop.example", b"<g:link>"),
        (b"g:title", b"g:name"),
        (b"<g:condition>", b"<g:condition>nearly "),
        (b'version="2.0"', b'version="1.0"'),
    ],
)
def test_it_would_notice_a_feed_that_is_wrong(client, right, wrong):
    a_variant()
    content = content_of(client)
    assert read_feed(content)
    with pytest.raises(ValueError, match=r"\w"):
        read_feed(content.replace(right, wrong))
