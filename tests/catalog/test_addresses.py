from __future__ import annotations

import pytest
from django.urls import reverse, set_script_prefix

from catalog.addresses import address


@pytest.mark.parametrize(
    ("name", "word"),
    [("catalog:product", "slow-weather_7"), ("catalog:category", "flow"), ("catalog:category", "flow/curl/deep")],
)
@pytest.mark.parametrize("prefix", ["/", "/below/"])
def test_it_answers_what_reverse_answers(name, word, prefix):
    set_script_prefix(prefix)
    try:
        assert address(name, word) == reverse(name, args=[word])
        assert address(name, word).startswith(prefix)
    finally:
        set_script_prefix("/")


def test_it_quotes_what_is_no_slug():
    assert address("catalog:product", "é ü") == "/products/%C3%A9%20%C3%BC/"
