"""A short run against the real shop; a long one is made by hand (docs/chaos.md)."""

from __future__ import annotations

import subprocess
import sys

import pytest

from chaos.__main__ import command_line, read_arguments
from chaos.plan import Options
from tools.demo import ROOT

ORDERS, KILLS = 30, 4


def test_every_invariant_holds_after_faults_and_kills(db: None, pytestconfig: pytest.Config):
    """`db`: run on both kinds of database. The run has one of its own."""
    asked = ["--seed", "5", "--orders", str(ORDERS), "--kills", str(KILLS), "--database", pytestconfig.getoption("database")]
    command = [sys.executable, "-m", "chaos", *asked, "--shoppers", "5", "--quiet"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    told = dict(line.rsplit(None, 1) for line in done.stdout.splitlines() if line.startswith("  "))
    counts = {name.strip(): int(number) for name, number in told.items()}
    assert counts["orders paid"] >= ORDERS
    assert counts["kills"] == KILLS
    assert counts["requests cut off"] > 0
    assert all(counts[way] for way in ("hosted", "embedded", "element"))


@pytest.mark.same_on_both
def test_the_line_that_it_prints_repeats_the_plan():
    options = Options(seed=9, orders=70, kills=3, database="postgres", ways=("element",), reconcile_every=2.0)
    assert read_arguments(command_line(options).split())[0] == options


@pytest.mark.same_on_both
@pytest.mark.parametrize("wrong", [["--ways", "cash"], ["--ways", ""], ["--places", "nowhere"]])
def test_it_refuses_what_it_cannot_do(wrong: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        read_arguments(wrong)
    assert wrong[0] in capsys.readouterr().err
