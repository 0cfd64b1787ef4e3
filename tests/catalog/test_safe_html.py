from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from catalog.templatetags.safe_html import safe_html

HARMFUL = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    '<img src=x onerror="alert(1)">',
    '<p onclick="alert(1)">x</p>',
    '<a href="javascript:alert(1)">x</a>',
    '<a href="JaVa\tScRiPt:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="vbscript:x">x</a>',
    '<p style="background:url(javascript:alert(1))">x</p>',
    "<style>@import url(//evil.example)</style>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<svg><script>alert(1)</script></svg>",
    "<svg/onload=alert(1)>",
    "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
    "<form action=//evil.example><input name=q><button>x</button></form>",
    "<base href=//evil.example>",
    '<meta http-equiv="refresh" content="0;url=//evil.example">',
    "<p>never closed <script",
    "<<script>script>alert(1)<</script>/script>",
    "<a href='https://ok.example' target=_blank onmouseover=alert(1)>x</a>",
]


TAGS = ["<script", "<svg", "<style", "<iframe", "<form", "<input", "<img", "<base", "<meta"]
ADDRESSES = ["javascript:", "vbscript:", "data:"]
ATTRIBUTES = ["onerror=", "onclick=", "onload=", "onmouseover=", "style=", "srcdoc="]


@pytest.mark.parametrize("text", HARMFUL)
def test_it_lets_nothing_run(text):
    shown = safe_html(text).lower()
    assert [part for part in TAGS + ADDRESSES + ATTRIBUTES if part in shown] == []


@pytest.mark.parametrize(
    "text",
    [
        "<h3>Paper</h3><h4>Rag</h4><p>Thick <strong>and</strong> <em>white</em>.<br>Heavy.</p>",
        "<ul><li>One</li></ul><ol><li>Two</li></ol><blockquote>So.</blockquote>",
    ],
)
def test_it_keeps_simple_html(text):
    assert safe_html(text) == text


def test_it_gives_links_no_credit_and_no_window():
    shown = safe_html('<a href="https://paper.example/?a=1&amp;b=2" target="_blank">Paper</a>')
    assert shown == '<a href="https://paper.example/?a=1&amp;b=2" rel="nofollow noopener">Paper</a>'


def test_it_makes_paragraphs_of_text_without_tags():
    assert safe_html("One & two\n\nThree") == "<p>One &amp; two</p>\n\n<p>Three</p>"


def test_it_is_the_only_place_that_calls_text_safe():
    root = Path(settings.BASE_DIR)
    code = [file for app in root.iterdir() if (app / "apps.py").exists() for file in app.rglob("*.py")]
    pages = list((root / "templates").rglob("*.html"))
    assert len(code) > 20
    assert len(pages) > 20
    marking = [file for file in code if re.search(r"\bmark_safe\(|\bSafeString\(|__html__", file.read_text())]
    unescaped = [page for page in pages if re.search(r"\|\s*safe\b|autoescape\s+off", page.read_text())]
    assert [file.name for file in marking] == ["safe_html.py"]
    assert unescaped == []
