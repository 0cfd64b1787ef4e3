"""Imports point down only (docs: the layers of the shop), also inside functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
LAYERS = ("shop", "api", "payments", "orders", "cart", "promotions", "catalog", "accounts", "money")  # upper ones first
PARTS = (*LAYERS, "stripe_sandbox")
FILES = sorted(file for part in PARTS for file in (ROOT / part).rglob("*.py"))


def imported(source: str, package: str) -> Iterator[str]:
    """Every module that `source`, a module of `package`, imports anywhere, by its absolute name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            yield ".".join([*above, *filter(None, [node.module])])
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (str(each.value) for each in node.args if isinstance(each, ast.Constant))


def forbidden(importer: str, target: str) -> bool:
    """May a file below the folder `importer` not import `target`?"""
    there = target.partition(".")[0]
    if importer == there or there not in PARTS:
        return False
    if "stripe_sandbox" in (importer, there):
        return True
    return LAYERS.index(there) < LAYERS.index(importer)


def wrong_imports(file: Path, source: str) -> list[str]:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return [target for target in imported(source, ".".join(parts[:-1])) if forbidden(parts[0], target)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_it_imports_only_from_its_own_layer_and_those_below(file):
    assert wrong_imports(file, file.read_text()) == []


def test_it_lets_only_one_module_import_stripe():
    speakers = {
        str(file.relative_to(ROOT))
        for file in FILES
        for target in imported(file.read_text(), "")
        if target.partition(".")[0] == "stripe"
    }
    assert speakers == {"payments/stripe_client.py"}


@pytest.mark.parametrize(
    "source",
    [
        "import payments",
        "from payments.settle import settle",
        "def late():\n    from orders import models",
        "import importlib\nimportlib.import_module('shop.health')",
        "from stripe_sandbox import store",
    ],
)
def test_it_notices_an_upward_import(source):
    assert wrong_imports(ROOT / "catalog" / "models.py", source)


def test_it_notices_an_upward_import_that_is_relative():
    assert wrong_imports(ROOT / "catalog" / "views.py", "from ..payments import settle")
