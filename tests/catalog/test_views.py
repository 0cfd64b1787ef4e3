"""The catalogue's pages, as somebody sees them who has no account and no cookie."""

from __future__ import annotations

import re

import pytest
from django.contrib.sessions.models import Session
from django.test import override_settings
from django.urls import reverse

from catalog import browse
from catalog.models import Option
from tests import factories

pytestmark = pytest.mark.django_db


def a_shop(products=3, *, pictures=1, variants=2):
    """Two categories, one below the other, and `products` in each."""
    flow = factories.category(name="Flow fields", slug="flow")
    curl = factories.category(name="Curl", slug="curl", parent=flow)
    for place in range(products):
        for home in (flow, curl):
            made = factories.product(title=f"{home.name} {place}", categories=[home], position=place)
            for _picture in range(pictures):
                factories.picture(product=made)
            for size in range(variants):
                factories.variant(product=made, option_values={"Size": f"A{size}"}, price_minor=2000 + size * 1000)
    return flow, curl


def on_sale(**fields):
    return factories.variant(product=factories.product(**fields)).product


def titles(response):
    return re.findall(r'product-card__title"><a href="[^"]*">([^<]*)<', response.content.decode())


# -- What is public ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["catalog:home", "catalog:products", "catalog:search"])
def test_it_opens_with_nothing_in_the_shop(client, name):
    response = client.get(reverse(name))
    assert response.status_code == 200
    assert response.content.decode().count("<h1") == 1


def test_it_hides_what_is_not_published(client):
    hidden = factories.product(title="Hidden", is_published=False, categories=[factories.category()])
    assert client.get(hidden.get_absolute_url()).status_code == 404
    assert "Hidden" not in client.get(reverse("catalog:home")).content.decode()
    assert titles(client.get(reverse("catalog:products"))) == []
    assert titles(client.get(reverse("catalog:search"), {"q": "hidden"})) == []


def test_it_hides_unpublished_products_from_staff_too(grace_client):
    hidden = factories.product(is_published=False)
    assert grace_client.get(hidden.get_absolute_url()).status_code == 404


def test_it_hides_a_category_below_an_unpublished_one(client):
    top = factories.category(is_published=False)
    below = factories.category(parent=top)
    factories.product(categories=[below])
    assert client.get(top.get_absolute_url()).status_code == 404
    assert client.get(below.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("path", ["nowhere", "flow/nowhere", "curl", "flow/curl/deeper", "%00", "flow%00", "é", "a" * 3000])
def test_it_knows_no_other_category(client, path):
    a_shop(1)
    assert client.get(f"/categories/{path}/").status_code == 404


@pytest.mark.parametrize("path", ["/products/nothing/", "/products/%00/", "/products/é/", "/nope/"])
def test_it_knows_no_other_page(client, path):
    response = client.get(path)
    assert response.status_code == 404
    if path == "/nope/":
        assert "Nothing hangs here" in response.content.decode()


@pytest.mark.parametrize("name", ["catalog:home", "catalog:products", "catalog:search"])
def test_it_takes_no_post(client, name):
    assert client.post(reverse(name)).status_code == 405


# -- Lists ---------------------------------------------------------------------------------------------------------------


def test_it_shows_the_products_of_the_whole_subtree(client):
    flow, curl = a_shop(2)
    assert titles(client.get(flow.get_absolute_url())) == ["Flow fields 0", "Curl 0", "Flow fields 1", "Curl 1"]
    assert titles(client.get(curl.get_absolute_url())) == ["Curl 0", "Curl 1"]


def test_it_shows_a_product_once_that_is_in_two_categories(client):
    flow, curl = a_shop(0)
    on_sale(title="Both", categories=[flow, curl])
    assert titles(client.get(flow.get_absolute_url())) == ["Both"]


def test_it_leads_through_all_pages_and_back(client, monkeypatch):
    monkeypatch.setattr(browse, "PAGE_SIZE", 3)
    for place in range(8):
        on_sale(title=f"Piece {place}", position=place // 2)  # several share a position
    address, seen, pages = reverse("catalog:products"), [], []
    while address:
        page = client.get(address)
        pages.append(titles(page))
        seen += titles(page)
        forward = re.search(r'rel="next" href="(\?after=[^"]+)"', page.content.decode())
        back = re.search(r'rel="prev" href="(\?before=[^"]+)"', page.content.decode())
        address = reverse("catalog:products") + forward[1] if forward else ""
    assert seen == [f"Piece {place}" for place in range(8)]
    assert titles(client.get(reverse("catalog:products") + back[1])) == pages[-2]


@pytest.mark.parametrize(
    "mark", ["x", "1", "1-", "-1", "1-2-3", "１-２", "1-" + "9" * 40, "9" * 40 + "-1", "1-2\0", "1-2' OR 1=1"]
)
@pytest.mark.parametrize("name", ["after", "before"])
def test_it_refuses_a_mark_that_is_none(client, name, mark):
    response = client.get(reverse("catalog:products"), {name: mark})
    assert response.status_code == 400
    assert f"“{name}”" in response.content.decode()


@pytest.mark.parametrize("query", ["after=9999999999-999999999999999999", "before=0-0"])
def test_it_says_so_on_a_page_past_the_end(client, query):
    a_shop(1)
    response = client.get(f"{reverse('catalog:products')}?{query}")
    assert response.status_code == 200
    assert "Nothing hangs here" in response.content.decode()


def test_it_names_the_lowest_price_and_marks_what_is_sold_out(client):
    made = factories.product(title="Dear")
    factories.variant(product=made, price_minor=9900, on_hand=0)
    factories.variant(product=made, price_minor=4900, on_hand=0)
    page = client.get(reverse("catalog:products")).content.decode()
    assert "from €49.00" in page
    assert "Sold out" in page


# -- Search --------------------------------------------------------------------------------------------------------------


def test_it_finds_products_with_all_the_words(client):
    on_sale(title="Slow Weather", summary="Lines in the wind.")
    on_sale(title="Fast Weather", summary="Dots.")
    assert titles(client.get(reverse("catalog:search"), {"q": "weather WIND"})) == ["Slow Weather"]
    assert "No print has all" in client.get(reverse("catalog:search"), {"q": "weather fish"}).content.decode()


@pytest.mark.parametrize("words", ["a" * 101, "flow\0field"])
def test_it_refuses_to_search_for_what_cannot_be_found(client, words):
    response = client.get(reverse("catalog:search"), {"q": words})
    assert response.status_code == 400
    assert 'id="id_q_error"' in response.content.decode()


@pytest.mark.parametrize(
    "words", ["%", "_", "\\", "'; DROP TABLE catalog_product; --", "<script>alert(1)</script>", "  ", "é日本"]
)
def test_it_takes_any_words(client, words):
    on_sale(title="Slow Weather")
    response = client.get(reverse("catalog:search"), {"q": words})
    assert response.status_code == 200
    assert titles(response) == []
    assert "<script>alert" not in response.content.decode()


# -- One product ---------------------------------------------------------------------------------------------------------


def two_editions():
    made = factories.product(title="Slow Weather", description="<p>How.</p><script>alert(1)</script>")
    Option.objects.create(product=made, name="Size")
    small = factories.variant(product=made, option_values={"Size": "A4"}, on_hand=0)
    large = factories.variant(
        product=made, option_values={"Size": "A3"}, on_hand=2, image=factories.picture(product=made, position=9)
    )
    factories.picture(product=made, position=1)
    return made, small, large


def radio(response, variant):
    return re.search(rf'<input type="radio"[^>]*value="{variant.pk}"[^>]*>', response.content.decode())[0]


def test_it_offers_what_is_left_and_preselects_it(client):
    made, small, large = two_editions()
    page = client.get(made.get_absolute_url())
    assert " checked" not in radio(page, small)
    assert " checked" in radio(page, large)
    assert "Only 2 left" in page.content.decode()


def test_it_follows_the_variant_in_the_address(client):
    made, _small, large = two_editions()
    pictures = [image.pk for image in client.get(made.get_absolute_url()).context["pictures"]]
    chosen = [image.pk for image in client.get(made.get_absolute_url(), {"variant": large.pk}).context["pictures"]]
    assert chosen == pictures[::-1] == [large.image_id, pictures[0]]


def test_it_shows_the_sold_out_edition_that_is_asked_for(client):
    """Its price and stock, as the feed and the structured data say; not those of another."""
    made, small, large = two_editions()
    page = client.get(made.get_absolute_url(), {"variant": small.pk})
    assert " checked" in radio(page, small)
    assert " disabled" not in radio(page, small)
    assert " checked" not in radio(page, large)
    assert re.search(r"<button[^>]*>Add to cart", page.content.decode()), "the other can be chosen, without scripts too"


@pytest.mark.parametrize("variant", ["x", "0", "-1", "9" * 50, "\0", "1; DROP TABLE"])
def test_it_ignores_a_variant_that_is_none_of_its_own(client, variant):
    made, _small, large = two_editions()
    page = client.get(made.get_absolute_url(), {"variant": variant})
    assert page.status_code == 200
    assert " checked" in radio(page, large)


def test_it_sells_nothing_where_nothing_is_left_or_on_sale(client):
    gone = factories.variant(product=factories.product(), on_hand=0)
    for asked in ({}, {"variant": gone.pk}):
        page = client.get(gone.product.get_absolute_url(), asked).content.decode()
        assert re.search(r"<button[^>]* disabled>Sold out", page)
        assert "Add to cart" not in page
    assert "not on sale at the moment" in client.get(factories.product().get_absolute_url()).content.decode()


def test_it_does_not_offer_other_currencies_or_inactive_variants(client):
    made = factories.product()
    factories.variant(product=made, currency="USD")
    factories.variant(product=made, is_active=False)
    assert "not on sale at the moment" in client.get(made.get_absolute_url()).content.decode()


def test_it_shows_the_description_without_its_scripts(client):
    made, *_variants = two_editions()
    page = client.get(made.get_absolute_url()).content.decode()
    assert "<p>How.</p>" in page
    assert "alert(1)" not in page


def test_it_escapes_what_staff_typed_into_titles(client):
    made = on_sale(title="<b>\"Bold\" & 'sons'</b>", summary="<i>", categories=[factories.category(name="<u>")])
    factories.picture(product=made, alt='" onerror="alert(1)')
    for address in (made.get_absolute_url(), reverse("catalog:products"), reverse("catalog:home")):
        page = client.get(address).content.decode()
        assert "<b>" not in page
        assert "<u>" not in page
        assert '" onerror' not in page


# -- Cost ----------------------------------------------------------------------------------------------------------------


LIMITS = [
    ("catalog:home", [], 2),
    ("catalog:products", [], 3),
    ("catalog:category", ["flow"], 3),
    ("catalog:search", ["flow"], 3),
]


@pytest.mark.parametrize(("name", "about", "most"), LIMITS)
@pytest.mark.parametrize("products", [1, 12])
def test_it_lists_with_few_queries_however_much_there_is(client, django_assert_max_num_queries, name, about, most, products):
    a_shop(products, pictures=2 * products // 3, variants=1 + products // 4)
    address = f"{reverse(name)}?q={about[0]}" if name == "catalog:search" else reverse(name, args=about)
    with django_assert_max_num_queries(most):
        assert titles(client.get(address))


@pytest.mark.parametrize("size", [1, 9])
def test_it_shows_a_product_with_few_queries_however_much_there_is(client, django_assert_max_num_queries, size):
    made = factories.product(categories=[factories.category() for _each in range(size)])
    for place in range(size):
        Option.objects.create(product=made, name=f"Option {place}")
        factories.variant(product=made, image=factories.picture(product=made))
    with django_assert_max_num_queries(5):
        assert client.get(made.get_absolute_url()).status_code == 200


def test_it_makes_no_session_for_those_who_only_look(client):
    flow, _curl = a_shop(1)
    made = flow.products.get()
    for address in ("/", "/products/", "/search/?q=flow", flow.get_absolute_url(), made.get_absolute_url(), "/nope/"):
        client.get(address)
    assert not Session.objects.exists()
    assert set(client.cookies) <= {"csrftoken"}


# -- The frame -----------------------------------------------------------------------------------------------------------


@override_settings(SHOP_NAME="Other Name", SITE_URL="https://shop.example")
def test_it_has_the_landmarks_and_its_own_address(client):
    flow, _curl = a_shop(1)
    for address in ("/", "/products/", flow.get_absolute_url(), flow.products.get().get_absolute_url()):
        page = client.get(address).content.decode()
        assert page.count("<h1") == 1
        assert '<html lang="en">' in page
        assert f'<link rel="canonical" href="https://shop.example{address}">' in page
        assert re.search(r'<meta name="description" content="[^"]{5,}">', page)
        assert '<a class="skip-link" href="#content">' in page
        assert "Other Name" in page
        for landmark in ("<header", "<main", "<footer", "<nav"):
            assert landmark in page
