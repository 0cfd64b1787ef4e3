"""What the shop says when something breaks, and what it must never say: no settings, no code, no secrets."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings

from tests import people
from tests.site.test_conventions import SECRETS
from tests.trust.addresses import addresses
from tests.trust.every_page import places
from tests.trust.furnished import FurnishedShop
from tests.trust.programs import ShopProgram
from tests.trust.visitors import visitor

ROOT = Path(settings.BASE_DIR)
HERE = "tests/trust/test_leaks.py"  # is about the forms of secrets
SECRET_KEY = "kept-from-everybody-0Zr7tQw2YxVbNmKj5HgFdSaP9oIuL3eRcT6"
GIVEN = {
    "SECRET_KEY": SECRET_KEY,
    "STRIPE_SECRET_KEY": "sk_test_keptFromEverybody0123",
    "STRIPE_WEBHOOK_SECRETS": "whsec_keptFromEverybody0123",
    "EMAIL_URL": "smtp://postman:keptFromEverybody0123@127.0.0.1:1",
}
HIDDEN = ("keptFromEverybody0123", SECRET_KEY)
# What only a page for developers shows.
INSIDES = re.compile(
    r"Traceback|site-packages|\.py\b|DJANGO_|SECRET_KEY|DATABASES|INSTALLED_APPS|sqlite3?\.|psycopg|OperationalError|"
    r"django\.|gunicorn|Exception|/static/admin/debug|" + re.escape(str(ROOT)),
)
# Strings of the forms that secrets and addresses with passwords have.
SHAPES = re.compile(
    r"\b(?:[sr]k_(?:live|test)|whsec)_(?=\w*\d)(?=[\w+/]*[A-Z])(?=\w*[a-z])\w{12,}|\b(?:postgres(?:ql)?|mysql|redis|smtp(?:\+tls|\+ssl)?|amqp)://[^\s/:@\"']+:[^\s@\"']+@"
    r"|AccountKey=|SharedAccessSignature=|[?&]sig=[\w%]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY"
)
# Names that people invent for examples, and the emulator's key, which Microsoft publishes (tools/services.py).
EXAMPLES = re.compile(
    r"(?i)only_for_tests|keptfromeverybody|secret|password|changeme|example|placeholder|0123456|876543210|user:|a:b@|x{4}|demo|lint|tost|hunter2@db\.int"
    r"|AccountKey=(?:$|[…{}\[\"'\\]|Eby8vdM0|abc==)"
)


def of(environment: dict[str, str] = {}) -> ShopProgram:  # noqa: B006 (read only)
    return ShopProgram(web_processes=2, **{**GIVEN, **environment})


# -- Errors


@pytest.fixture(scope="module")
def broken_shop(django_db_setup, tmp_path_factory):
    """A shop whose database is not there: whatever needs it breaks."""
    with of({"DATABASE_URL": f"sqlite:///{tmp_path_factory.mktemp('nothing')}/gone/keptFromEverybody0123.sqlite3"}) as shop:
        yield shop


def assert_tells_nothing(answer, path):
    found = INSIDES.findall(re.sub(r'(?:href|src)="[^"]*"', "", answer.text))
    assert (found, [word for word in HIDDEN if word in answer.text]) == ([], []), path


@pytest.mark.case("A65")
def test_no_address_explains_itself_when_the_database_is_gone(broken_shop):
    statuses: Counter[int] = Counter()
    for path in addresses().values():
        client = visitor(broken_shop.url)
        client.cookies.set("sessionid", "x" * 32, domain="127.0.0.1", path="/")
        for answer in (client.get(path), client.post(path, {"email": "ada@shop.test", "username": "ada@shop.test"})):
            statuses[answer.status_code] += 1
            assert_tells_nothing(answer, path)
    assert statuses[500] + statuses[503] > 20, statuses
    assert "Traceback" in broken_shop.text  # the log has what the page has not


@pytest.mark.case("A65")
def test_no_refusal_explains_itself(world):
    client = visitor(world.shop.url, user=people.ada())
    seen = set()
    for answer in [
        client.get("/nowhere/"),
        client.get("/products/%ff/"),
        client.get("/", headers={"Host": "evil.test"}),
        client.get("/search/", params={"q": "x" * 7000}),
        client.get("/products/?page=%00"),
        client.post("/cart/add/", {"variant": "1"}, csrf=False),
        visitor(world.shop.url).post("/cart/add/", b"x" * 3_000_000, content_type="application/x-www-form-urlencoded"),
        client.post("/cart/add/", b"--x", content_type="multipart/form-data; boundary=x"),
        client.post("/cart/add/", b"{", content_type="application/json"),
        client.post("/webhooks/stripe/", b"{}", csrf=False),
        client.post("/", {}),
        client.get("/admin/orders/order/1/change/"),
        client.get("/orders/" + "x" * 5000 + "/"),
        client.get("/.env"),
        client.get("/.git/config"),
        client.get("/static/../shop/settings.py"),
        client.get("/static/%2e%2e/shop/settings.py"),
        client.get("/media/pictures/../../shop.sqlite3"),
        client.get("/__debug__/"),
        client.get("/metrics"),
    ]:
        seen.add(answer.status_code)
        assert answer.status_code < 500, answer
        assert_tells_nothing(answer, answer)
    assert {400, 403, 404, 405} <= seen


# -- Secrets


@pytest.mark.same_on_both
@pytest.mark.case("A68")
def test_no_page_script_or_log_holds_a_secret(world):
    """A furnished shop, with secrets of its own, seen by everybody; with the most talkative log."""
    furnished = FurnishedShop.of(world)
    with of({"LOG_LEVEL": "DEBUG"}) as shop:
        for client in (visitor(shop.url), visitor(shop.url, user=people.mallory()), visitor(shop.url, user=people.grace())):
            for place in places():
                text = client.get(furnished.at(place)).text
                assert [word for word in HIDDEN if word in text] == [], place.pattern
                assert unknown(text) == [], place.pattern
        guessed = {"username": "grace@shop.test", "password": "keptFromEverybody0123"}
        visitor(shop.url).post("/account/login/", guessed)
        visitor(shop.url).post("/admin/login/", guessed)
        visitor(shop.url).post("/account/reset/", {"email": "mallory@shop.test"})  # the mail server is not there
        visitor(shop.url, variant=furnished.variant).post("/checkout/", {})
        worker = shop.start_worker("--once", LOG_LEVEL="DEBUG")
        assert worker.wait(120) == 0
        log = shop.text
    assert len(log) > 1000
    assert [line for line in log.splitlines() if any(word in line for word in HIDDEN)] == []
    assert unknown(log) == []


@pytest.mark.case("A68")
def test_no_static_file_holds_a_secret_or_a_map_of_the_sources():
    files = [file for file in Path(settings.STATIC_ROOT).rglob("*") if file.is_file()]
    assert len(files) > 50
    assert [file.name for file in files if file.suffix == ".map"] == []
    texts = {
        file: file.read_text(errors="replace") for file in files if file.suffix in (".js", ".css", ".svg", ".json", ".txt")
    }
    assert {file.name: found for file, text in texts.items() if (found := unknown(text))} == {}


@pytest.mark.case("A68")
def test_no_version_of_any_file_held_a_secret():
    """Every blob that git knows of, in whatever commit."""
    listed = subprocess.run(
        ["git", "rev-list", "--objects", "--all"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    names = dict(line.split(" ", 1) for line in listed if " " in line)
    asked = "\n".join(names).encode()
    read = subprocess.run(["git", "cat-file", "--batch"], cwd=ROOT, input=asked, capture_output=True, check=True).stdout
    assert len(read) > 1_000_000
    found, at = {}, 0
    while at < len(read):
        head, _, _ = read[at : at + 200].partition(b"\n")
        name, kind, size = head.decode().split()
        at += len(head) + 1
        text = read[at : at + int(size)].decode(errors="replace") if kind == "blob" else ""
        at += int(size) + 1
        if names.get(name) != HERE and (secrets := [each.group() for each in SECRETS.finditer(text)] + unknown(text)):
            found[names[name]] = secrets
    assert found == {}


def unknown(text: str) -> list[str]:
    """What has the form of a secret and is none of the invented ones."""
    return [each.group() for each in SHAPES.finditer(text) if not EXAMPLES.search(text[each.start() : each.end() + 12])]


@pytest.mark.case("A68")
@pytest.mark.parametrize(
    "secret",
    ["sk_" + "live_51H8xYzAbCdEfGh", "rk_" + "test_51H8xYzAbCdEfGh", "whsec_" + "Zk93hfUe82jKdq",
     "postgres://sh" + "op:hunter2@db/x", "AccountKey=" + "q83hfU/82jKdqq==", "?sv=1&sig=" + "aGVsbG8gd29ybGQgaGVsbG8",
     "-----BEGIN RSA " + "PRIVATE KEY-----"],
)  # fmt: skip
def test_it_knows_a_secret_when_it_sees_one(secret):
    assert unknown(f"key: {secret}, and more text")
