"""The rules for alerts name only what /metrics has, and say what to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from prometheus_client.core import Metric

from shop.metrics import registry

DOCS = Path(settings.BASE_DIR) / "docs"
RULES = yaml.safe_load((DOCS / "alerts.yml").read_text())["groups"][0]["rules"]
GUIDE = (DOCS / "watching.md").read_text()
MATCHER = re.compile(r'(\w+)\s*(=~|!=|=)\s*"([^"]*)"')
WORDS = {"absent", "and", "by", "delta", "histogram_quantile", "increase", "le", "on", "sum", "time", "way", "kind", "h", "m"}


@pytest.fixture
def shown(db) -> dict[str, list[dict[str, str]]]:
    """Labels of each series, by its name."""
    series: dict[str, list[dict[str, str]]] = {}
    for metric in registry.collect():
        for sample in metric.samples:
            series.setdefault(sample.name, []).append(sample.labels)
    return series | {"shop_payment_success_ratio": [{"way": "hosted"}]}  # there is none before anybody tried


def named(expression: str) -> list[tuple[str, str]]:
    """(series, what stands in its braces)."""
    return re.findall(r"\b(shop_\w+)(?:\{([^}]*)\})?", expression)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_it_names_series_and_labels_that_are_there(shown, rule: dict[str, Any]):
    assert named(rule["expr"])
    for name, braces in named(rule["expr"]):
        assert name in shown
        for label, how, values in MATCHER.findall(braces):
            known = {labels.get(label) for labels in shown[name]}
            assert set(values.split("|") if how == "=~" else [values]) <= known


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_it_is_written_as_prometheus_reads_it(rule: dict[str, Any]):
    """As far as that can be told without Prometheus: parts, brackets, words."""
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"[A-Z]\w+", rule["alert"])
    assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))
    expression = re.sub(r'"[^"]*"', "", rule["expr"])
    for pair in ("()", "[]", "{}"):
        assert expression.count(pair[0]) == expression.count(pair[1])
    outside = re.sub(r"\{[^}]*\}", "", expression)
    assert {word for word in re.findall(r"[a-z_]+", outside) if not word.startswith("shop_")} <= WORDS
    assert bool(re.search(r"\[\d+[mh]\]", expression)) == bool(re.search(r"\b(increase|delta)\(", expression))
    assert "increase(" in expression or "_total" not in expression


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_it_says_what_it_means_and_what_to_do(rule: dict[str, Any]):
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert set(rule["annotations"]) == {"summary", "do"}
    assert f"`{rule['alert']}`" in GUIDE


def test_the_guide_names_exactly_the_series_that_are_there(db):
    metrics: list[Metric] = list(registry.collect())
    names = {one.name + {"counter": "_total", "info": "_info"}.get(one.type, "") for one in metrics}
    assert set(re.findall(r"`(shop_\w+)", GUIDE)) == names
