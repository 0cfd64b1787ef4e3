from __future__ import annotations

import re

import pytest
from django.template import Context, Template

from tests import factories

pytestmark = pytest.mark.django_db


def shown(image, arguments=""):
    return Template("{% load pictures %}{% picture image " + arguments + " %}").render(Context({"image": image}))


def test_it_names_the_size_so_that_nothing_jumps():
    image = factories.picture(product=factories.product(), width=1200, height=900, alt="Blue lines")
    page = shown(image)
    assert f'<img src="{image.url}" width="1200" height="900" alt="Blue lines" loading="lazy"' in page


def test_it_offers_the_smaller_copies_by_format():
    copies = [
        {"url": "/media/l.webp", "width": 640, "height": 480, "type": "image/webp"},
        {"url": "/media/s.webp", "width": 320, "height": 240, "type": "image/webp"},
        {"url": "/media/s.avif", "width": 320, "height": 240, "type": "image/avif"},
    ]
    page = shown(factories.picture(product=factories.product(), renditions=copies), 'sizes="50vw"')
    assert re.findall(r'<source type="([^"]+)" srcset="([^"]+)" sizes="50vw">', page) == [
        ("image/avif", "/media/s.avif 320w"),
        ("image/webp", "/media/s.webp 320w, /media/l.webp 640w"),
    ]


def test_it_loads_the_main_picture_first():
    page = shown(factories.picture(product=factories.product()), "priority=True")
    assert 'fetchpriority="high"' in page
    assert "lazy" not in page


def test_it_shows_the_colour_of_a_picture_while_it_loads():
    image = factories.picture(product=factories.product(), width=1200, height=900, colour="#f4ecdc")
    assert '<svg width="1200" height="900" viewBox="0 0 1200 900" fill="#f4ecdc" aria-hidden="true">' in shown(image)


def test_it_knows_no_colour_of_old_pictures():
    assert "<svg" not in shown(factories.picture(product=factories.product()))


def test_it_has_a_place_holder_for_a_picture_that_is_lost():
    lost = factories.picture(product=factories.product(), url="", renditions=[{"url": "/a", "width": 9, "type": "image/webp"}])
    assert shown(lost) == shown(None)
    assert lost.thumbnail_url == ""


def test_it_has_a_place_holder_and_an_empty_description_for_decoration():
    assert "no-picture" in shown(None)
    assert 'alt=""' in shown(factories.picture(product=factories.product(), alt="Lines"), 'alt=""')


def test_it_asks_no_storage(django_assert_num_queries, settings):
    image = factories.picture(product=factories.product())
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "nowhere.Storage"}}
    with django_assert_num_queries(0):
        assert image.url in shown(image)
