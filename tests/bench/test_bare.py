"""The yardstick must be served as the shop is, or the ratios say nothing."""

from __future__ import annotations

from itertools import cycle

import pytest
from django.conf import settings

from bench.__main__ import bare_site
from bench.bare import settings as bare
from bench.client import WrongAnswer, get, run
from bench.pages import bare_pages
from bench.sites import split_cores


def test_it_talks_to_the_database_as_the_shop_does():
    for name in ("ENGINE", "OPTIONS", "CONN_MAX_AGE", "CONN_HEALTH_CHECKS"):
        assert bare.DATABASES["default"].get(name) == _of_the_shop(name)


def _of_the_shop(name):
    """Django fills in what the settings leave out."""
    missing = {"OPTIONS": None, "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": None}
    value = settings.DATABASES["default"].get(name)
    return missing.get(name) if value in ({}, 0, False) else value


def test_it_answers_every_bare_page(tmp_path):
    with bare_site(f"sqlite:///{tmp_path}/bare.sqlite3", tmp_path, core=split_cores()[0]) as site:
        for page in bare_pages(site):
            page.measure(0.05)
            figures = page.tally.summary()
            assert figures["requests"] >= 4
            assert figures["per_second"] > 0
        assert site.memory().rss > site.memory().own > 1
        with pytest.raises(WrongAnswer, match="404 where 200 should be"):
            run(site.port, cycle([get("/nowhere/")]), expect=200, seconds=5)
