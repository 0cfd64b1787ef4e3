"""Chaos finds what is broken on purpose: without these the harness could be one that finds nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chaos.broken import BROKEN, Edit, Gone, copy, run_broken


def finds(name: str, *arguments: str) -> None:
    done = run_broken(name, arguments)
    assert done.returncode == 1, done.stdout
    assert re.search(rf"^  ({BROKEN[name].finds}): ", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.same_on_both
@pytest.mark.parametrize("name", BROKEN)
def test_its_edits_still_fit_the_shop(name: str, tmp_path: Path):
    tree = copy(tmp_path, BROKEN[name].edits)
    for edit in BROKEN[name].edits:
        compile((tree / edit.file).read_text(), edit.file, "exec")


@pytest.mark.same_on_both
def test_an_edit_of_text_that_is_gone_is_refused(tmp_path: Path):
    with pytest.raises(Gone, match=r"payments/settle\.py has 0 times"):
        copy(tmp_path, [Edit("payments/settle.py", "what is not there", "")])


@pytest.mark.same_on_both
def test_it_finds_an_order_that_is_fulfilled_twice():
    finds("blind", "--orders", "6", "--shoppers", "4", "--staff", "1")


@pytest.mark.long
@pytest.mark.same_on_both
@pytest.mark.parametrize("name", BROKEN)
def test_it_finds_every_broken_copy(name: str):
    finds(name)
