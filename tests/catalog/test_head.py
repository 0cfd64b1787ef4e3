"""What pages say of themselves in their heads."""

from __future__ import annotations

import copy
import re
from html import unescape

import pytest
from django.urls import reverse

from catalog.head import is_campaign
from catalog.models import Option
from tests import factories
from tests.catalog.structured_rules import blocks, faults

pytestmark = pytest.mark.django_db
SITE = "https://shop.example"


@pytest.fixture(autouse=True)
def site(settings):
    settings.SITE_URL = SITE


def head_of(client, address):
    """title, canonical, robots, and every meta by its name, as text."""
    html = client.get(address).content.decode()
    head = html.partition("</head>")[0]
    found = dict(re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', head))
    found["title"] = re.search(r"<title>(.*?)</title>", head)[1]
    found["canonical"] = (re.search(r'<link rel="canonical" href="([^"]+)">', head) or ["", ""])[1]
    return {name: unescape(value) for name, value in found.items()} | {"blocks": blocks(html)}


def a_print(**fields):
    made = factories.product(title="Slow Weather", slug="slow-weather", **fields)
    Option.objects.create(product=made, name="Size")
    Option.objects.create(product=made, name="Paper", position=1)
    return made


# -- Words and addresses


def test_it_takes_title_and_description_from_the_product(client):
    made = a_print(summary="Lines in the wind.")
    head = head_of(client, made.get_absolute_url())
    assert (head["title"], head["description"]) == ("Slow Weather · Strata Prints", "Lines in the wind.")
    assert (head["og:title"], head["og:url"], head["og:type"]) == ("Slow Weather", f"{SITE}/products/slow-weather/", "product")


def test_it_takes_what_staff_wrote_for_search_engines(client):
    made = a_print(seo_title="Slow Weather, a print", seo_description="Wind, drawn.")
    head = head_of(client, made.get_absolute_url())
    assert (head["title"], head["description"]) == ("Slow Weather, a print", "Wind, drawn.")
    flow = factories.category(seo_title="Flow", seo_description="All that flows.", description="<p>Else</p>")
    head = head_of(client, flow.get_absolute_url())
    assert (head["title"], head["description"]) == ("Flow", "All that flows.")


def test_it_begins_with_the_text_of_a_description_without_its_markup(client):
    made = a_print(summary="", description="<p>One &amp; two.</p><script>evil()</script><p>" + "Three. " * 40)
    text = head_of(client, made.get_absolute_url())["description"]
    assert text.startswith("One & two. Three.")
    assert len(text) == 160
    assert "evil" not in text


def test_it_shows_the_first_picture_to_those_who_share_the_page(client):
    made = a_print()
    factories.picture(product=made, url="/media/a.jpg", width=1200, height=900, alt='"Lines"')
    head = head_of(client, made.get_absolute_url())
    assert (head["og:image"], head["og:image:width"], head["og:image:height"]) == (f"{SITE}/media/a.jpg", "1200", "900")
    assert (head["og:image:alt"], head["twitter:card"]) == ('"Lines"', "summary_large_image")


def test_it_leaves_absolute_addresses_of_pictures_alone(client):
    made = a_print()
    factories.picture(product=made, url="https://cdn.example/a.jpg")
    assert head_of(client, made.get_absolute_url())["og:image"] == "https://cdn.example/a.jpg"


def test_it_counts_variants_and_campaigns_to_the_one_page_of_the_product(client):
    made = a_print()
    variant = factories.variant(product=made)
    head = head_of(client, f"{made.get_absolute_url()}?variant={variant.pk}&utm_source=mail&gclid=1")
    assert head["canonical"] == f"{SITE}/products/slow-weather/"


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ("", "/products/"),
        ("?utm_source=mail&fbclid=x", "/products/"),
        ("?after=0-1", "/products/?after=0-1"),
        ("?after=0-1&utm_medium=x", "/products/?after=0-1"),
        ("?before=0-9", ""),
        ("?sort=price", ""),
        ("?Size=A3&after=0-1", ""),
    ],
)
def test_it_gives_each_page_of_a_list_its_address_and_keeps_choices_out_of_the_index(client, query, canonical):
    head = head_of(client, f"/products/{query}")
    assert head["canonical"] == (f"{SITE}{canonical}" if canonical else "")
    assert head.get("robots") == (None if canonical else "noindex")


@pytest.mark.parametrize("name", ["catalog:search", "cart:detail", "accounts:login"])
def test_it_keeps_pages_that_are_no_contents_out_of_the_index(client, name):
    head = head_of(client, reverse(name))
    assert (head["robots"], head["canonical"]) == ("noindex", "")


def test_it_knows_the_parameters_of_campaigns():
    words = "utm_source utm_x gclid gbraid wbraid dclid fbclid msclkid ttclid srsltid mc_cid mc_eid _gl".split()
    assert [word for word in words if not is_campaign(word)] == []
    assert [word for word in "after variant q size id clid utm".split() if is_campaign(word)] == []


# -- Structured data


def test_it_describes_a_product_with_one_variant(client):
    made = a_print(summary="Lines.", categories=[factories.category(name="Flow", slug="flow")])
    factories.picture(product=made, url="/media/a.jpg")
    only = factories.variant(product=made, sku="SW-1", price_minor=125000)
    product, crumbs = head_of(client, made.get_absolute_url())["blocks"]
    assert faults(product) == faults(crumbs) == []
    assert (product["@type"], product["sku"], product["image"]) == ("Product", "SW-1", [f"{SITE}/media/a.jpg"])
    offer = product["offers"]
    assert (offer["price"], offer["priceCurrency"]) == ("1250.00", "EUR")
    assert offer["availability"] == "https://schema.org/InStock"
    assert offer["url"] == f"{SITE}/products/slow-weather/?variant={only.pk}"
    assert [item["name"] for item in crumbs["itemListElement"]] == ["All prints", "Flow", "Slow Weather"]
    assert crumbs["itemListElement"][1]["item"] == f"{SITE}/categories/flow/"


def test_it_describes_variants_as_a_group(client):
    made = a_print()
    factories.picture(product=made, url="/media/a.jpg")
    own = factories.picture(product=made, url="/media/b.jpg", position=5)
    factories.variant(product=made, option_values={"Size": "A3", "Paper": "Matte"}, image=own)
    factories.variant(product=made, option_values={"Size": "A2", "Paper": "Matte"}, on_hand=0)
    group, _crumbs = head_of(client, made.get_absolute_url())["blocks"]
    assert faults(group) == []
    assert (group["@type"], group["variesBy"]) == ("ProductGroup", ["https://schema.org/size"])
    small, large = group["hasVariant"]
    assert (small["size"], large["size"]) == ("A3", "A2")
    assert small["additionalProperty"] == [{"@type": "PropertyValue", "name": "Paper", "value": "Matte"}]
    assert (small["image"], large["image"]) == ([f"{SITE}/media/b.jpg"], [f"{SITE}/media/a.jpg"])
    assert large["offers"]["availability"] == "https://schema.org/OutOfStock"


def test_it_names_maker_and_barcode_where_they_are_known(client):
    made = a_print(vendor="Strata")
    factories.variant(product=made, barcode="4006381333931")
    product, _crumbs = head_of(client, made.get_absolute_url())["blocks"]
    assert faults(product) == []
    assert (product["brand"]["name"], product["gtin"]) == ("Strata", "4006381333931")


def test_it_offers_nothing_that_is_not_on_sale(client):
    made = a_print()
    factories.variant(product=made, currency="USD")
    factories.variant(product=made, is_active=False)
    assert [block["@type"] for block in head_of(client, made.get_absolute_url())["blocks"]] == ["BreadcrumbList"]


@pytest.mark.parametrize(("currency", "minor", "price"), [("JPY", 4900, "4900"), ("KWD", 4900, "4.90"), ("EUR", 5, "0.05")])
def test_it_writes_prices_exactly_in_every_currency(client, settings, currency, minor, price):
    settings.SHOP_CURRENCY = currency
    made = a_print()
    factories.variant(product=made, price_minor=minor, currency=currency)
    offer = head_of(client, made.get_absolute_url())["blocks"][0]["offers"]
    assert re.fullmatch(rf"{re.escape(price)}0?", offer["price"])
    assert offer["priceCurrency"] == currency


def test_it_describes_the_shop_on_its_home_page(client):
    shop, site = head_of(client, "/")["blocks"]
    assert faults(shop) == faults(site) == []
    assert (shop["@type"], site["@type"], site["url"]) == ("Organization", "WebSite", f"{SITE}/")
    assert client.get(shop["logo"].removeprefix(SITE)).status_code == 200


def test_it_lets_no_text_out_of_the_block_it_is_written_in(client):
    nasty = "</script><script>evil()</script><!-- & \u2028 \"'\\"
    made = a_print(summary=nasty)
    factories.variant(product=made, option_values={"Size": nasty})
    factories.variant(product=made, option_values={"Size": "A3"})
    html = client.get(made.get_absolute_url()).content.decode()
    assert "<script>evil" not in html
    group, _crumbs = blocks(html)
    assert group["description"] == nasty
    assert group["hasVariant"][0]["size"] == nasty.strip()


def test_it_would_notice_structured_data_that_is_wrong(client):
    made = a_print()
    factories.variant(product=made, option_values={"Size": "A3"})
    factories.variant(product=made, option_values={"Size": "A2"})
    group, crumbs = head_of(client, made.get_absolute_url())["blocks"]
    for path, value in [
        ("price", "49,00"),
        ("priceCurrency", "€"),
        ("availability", "in stock"),
        ("url", "/x"),
        ("rating", "5"),
    ]:
        wrong = copy.deepcopy(group)
        wrong["hasVariant"][0]["offers"][path] = value
        assert faults(wrong), path
    del group["hasVariant"][0]["offers"]
    crumbs["itemListElement"][0]["position"] = 0
    assert faults(group)
    assert faults(crumbs)
