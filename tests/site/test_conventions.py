"""Rules that hold for the whole project, whoever writes the next file."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

ROOT = Path(settings.BASE_DIR)
DRAWERS_WITHOUT_A_LABEL = {"services", "utils", "helpers", "common"}
LONGEST_FILE, LONGEST_TEST = 300, 400
# The Azure emulator's key is published by Microsoft and kept in one place.
SECRETS = re.compile(
    r"(sk|rk)_live_[A-Za-z0-9]{20}|sk_test_[A-Za-z0-9]{24}|whsec_[A-Za-z0-9+/]{32}|AKIA[0-9A-Z]{16}|ghp_[A-Za-z0-9]{36}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|AccountKey=[A-Za-z0-9+/]{40}"
)
ELSEWHERE = re.compile(r"/work/|/home/\w+/|/Users/\w+/|pypi\.org/simple|registry\.npmjs")
INLINE = re.compile(r"<style\b|<script(?![^>]*\bsrc=)[^>]*>(?!\s*</script>)|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)


def tracked(*patterns: str) -> list[Path]:
    """The project's files as git knows them, new ones included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def texts(*patterns: str) -> Iterator[tuple[str, str]]:
    for file in tracked(*patterns):
        try:
            yield str(file.relative_to(ROOT)), file.read_text()
        except UnicodeDecodeError:
            continue


def test_it_lists_exactly_the_variables_of_the_schema_in_the_example():
    example = set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    from shop.settings import env

    assert example == set(env.scheme)


def test_it_has_no_drawers_without_a_label():
    named = [file for file in tracked("*.py") if {file.stem, file.parent.name} & DRAWERS_WITHOUT_A_LABEL]
    # tools/services.py holds services in the literal sense: a database server and a storage server.
    assert [str(file.relative_to(ROOT)) for file in named] == ["tools/services.py"]


def test_it_keeps_files_short():
    lengths = {name: text.count("\n") for name, text in texts("*.py") if "/migrations/" not in name}
    limits = {name: LONGEST_TEST if name.startswith("tests/") else LONGEST_FILE for name in lengths}
    assert {name: lines for name, lines in lengths.items() if lines > limits[name]} == {}


def test_it_holds_no_secrets():
    assert [name for name, text in texts() if SECRETS.search(text)] == []


def test_it_names_no_folders_of_the_machine_it_was_written_on():
    here = "tests/site/test_conventions.py"
    assert [name for name, text in texts() if name != here and ELSEWHERE.search(text)] == []


def pages() -> list[str]:
    """The templates of pages. Those of mails are no pages: mail programs know inline styles only."""
    return [name for name, _text in texts("templates/*.html", "*/templates/*.html") if "/email/" not in name]


@pytest.mark.parametrize("name", pages())
def test_it_has_no_inline_scripts_or_styles_in_the_template(name):
    assert INLINE.findall((ROOT / name).read_text()) == []


@pytest.mark.django_db
def test_it_has_a_migration_for_every_change_of_a_model():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


LOCKS = [("requirements.in", "requirements.txt"), ("requirements-dev.in", "requirements-dev.txt")]


def pins(name: str) -> dict[str, str]:
    """The packages that a file names, with their versions."""
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([\w.]+)", (ROOT / name).read_text(), re.MULTILINE)
    return {package.lower().replace("_", "-"): version for package, version in found}


@pytest.mark.parametrize(("wanted", "lock"), LOCKS)
def test_it_says_what_every_requirement_is_for(wanted, lock):
    lines = [line for line in (ROOT / wanted).read_text().splitlines() if line and not line.startswith(("#", "-r"))]
    assert [line for line in lines if "==" not in line or "  # " not in line] == []


@pytest.mark.parametrize(("wanted", "lock"), LOCKS)
def test_it_pins_every_package_by_hash(wanted, lock):
    """`make lock` was run after the last change, and nothing was written into its work by hand."""
    assert pins(wanted).items() <= pins(lock).items()
    packages = re.split(r"^(?=[a-zA-Z0-9])", (ROOT / lock).read_text(), flags=re.MULTILINE)[1:]
    assert len(packages) == len(pins(lock))
    assert [each for each in packages if not re.search(r" \\\n +--hash=sha256:[0-9a-f]{64}\b", each)] == []
    assert not re.search(r"://|--(?:extra-)?index-url|--find-links", (ROOT / lock).read_text())


def test_it_tests_with_the_versions_that_it_runs_with():
    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items()
