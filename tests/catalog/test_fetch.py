from __future__ import annotations

import io
import ipaddress
import socket
import subprocess
import time
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from catalog.exchange import fetch as fetching
from catalog.exchange import pictures
from catalog.exchange.fetch import FetchFailed, fetch, may_be_asked
from catalog.exchange.models import PictureToFetch
from catalog.exchange.shelf import full_address
from catalog.models import Product, ProductImage
from catalog.tries import PAUSES
from tests.catalog.picture_server import PictureServer, png
from tests.catalog.product_files import LINE, imported, outcomes, written


@pytest.fixture
def server(settings, media):
    """A server on this machine that counts as a merchant's own."""
    with PictureServer() as server:
        settings.IMPORT_PICTURE_HOSTS = [server.host]
        yield server


def failure(url: str, **limits: float) -> FetchFailed:
    with pytest.raises(FetchFailed) as error:
        fetch(url, **limits)
    return error.value


# -- Where it asks and where it does not --------------------------------------------------------------------------------


@pytest.mark.same_on_both
@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "240.0.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:8.8.8.8", "2002:7f00:1::", "2001:0:7f00:1::", "64:ff9b::7f00:1", "2001:db8::1",
    ],
)  # fmt: skip
def test_it_asks_no_machine_that_is_not_public(address):
    assert not may_be_asked(ipaddress.ip_address(address))


@pytest.mark.same_on_both
@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_it_asks_public_machines(address):
    assert may_be_asked(ipaddress.ip_address(address))


@pytest.mark.same_on_both
@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("file:///etc/passwd", "Only http"),
        ("gopher://example.com/", "Only http"),
        ("http://", "Only http"),
        ("http://user:pw@example.com/a.png", "user name"),
        ("http://example.com:22/", "Port 22"),
        ("http://example.com:99999/", "no address"),
        ("http://127.0.0.1/a.png", "not on the public internet"),
        ("http://2130706433/a.png", "not on the public internet"),
        ("http://0x7f.1/a.png", "not on the public internet"),
        ("http://[::ffff:127.0.0.1]/a.png", "not on the public internet"),
        ("https://localhost/a.png", "not on the public internet"),
    ],
)
def test_it_refuses_addresses_that_lead_inside(url, says):
    assert says in str(failure(url))


@pytest.mark.same_on_both
def test_it_refuses_a_redirect_that_leads_inside(server):
    with PictureServer() as inner:
        error = failure(f"{server.address}/to?place=http://127.0.0.1:80/secret")
        assert "not on the public internet" in str(error)
        assert "Port" in str(failure(f"{server.address}/to?place={inner.address}/teal"))
        assert not inner.asked
    assert "Only http" in str(failure(f"{server.address}/to?place=file:///etc/passwd"))


@pytest.mark.same_on_both
def test_it_connects_to_the_address_that_it_checked(server, settings, monkeypatch):
    """A name that answers differently the second time: were it asked again, the connection would go inside."""
    settings.IMPORT_PICTURE_HOSTS = []
    answers = ["8.8.8.8", "127.0.0.1"]
    asked, connected = [], []

    def changing(host, port, **_more):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers[len(asked) - 1], port))]

    def connect(address, timeout):
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(fetching.socket, "getaddrinfo", changing)
    monkeypatch.setattr(fetching.socket, "create_connection", connect)
    failure("http://changing.example/teal.png")
    assert (asked, connected) == (["changing.example"], [("8.8.8.8", 80)])


@pytest.mark.same_on_both
def test_it_asks_no_name_that_has_an_inner_address_among_others(monkeypatch):
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(fetching.socket, "getaddrinfo", lambda *_all, **_more: both)
    assert "not on the public internet" in str(failure("http://two.example/"))


# -- What comes back ----------------------------------------------------------------------------------------------------


@pytest.mark.same_on_both
def test_it_brings_a_file_also_after_redirects(server):
    assert fetch(f"{server.address}/teal.png") == png("teal")
    assert fetch(f"{server.address}/to?place=/to?place=/to?place=/teal.png") == png("teal")


@pytest.mark.same_on_both
@pytest.mark.parametrize(
    ("path", "says", "again"),
    [
        ("missing", "answers 404", False),
        ("broken", "answers 503", True),
        ("short", "broke off", True),
        ("round", "More than 3 redirects", False),
        ("to?place=http://[::1", "redirect to nowhere", False),
        ("to?place=http://[v1.x]:99999/", "no address", False),
        ("to?place=http://.example.com/", "not known", True),
        ("promises-much", "larger than 15 MB", False),
        ("endless", "larger than 15 MB", False),
        ("drip", "too long", True),
        ("dripping-headers", "too long", True),
    ],
)
def test_it_gives_up_on_servers_that_misbehave(server, path, says, again):
    began = time.monotonic()
    error = failure(f"{server.address}/{path}", seconds=1 if "drip" in path else 20)
    assert (says in str(error), error.again) == (True, again), str(error)
    assert time.monotonic() - began < 15


@pytest.mark.same_on_both
def test_it_says_that_nobody_answers(settings):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    settings.IMPORT_PICTURE_HOSTS = [f"127.0.0.1:{port}"]
    assert str(failure(f"http://127.0.0.1:{port}/")) == "Nobody answers there."


@pytest.mark.same_on_both
def test_it_speaks_tls_and_checks_whose_certificate_it_is(settings, tmp_path, monkeypatch):
    """A server with a certificate of its own making: refused, until the machine trusts that certificate."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*make, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    with PictureServer(certificate=certificate, key=key) as server:
        port = server.server.server_port
        settings.IMPORT_PICTURE_HOSTS = [f"localhost:{port}", f"127.0.0.1:{port}"]
        assert "certificate" in str(failure(f"https://localhost:{port}/teal.png"))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert fetch(f"https://localhost:{port}/teal.png") == png("teal")
        assert "certificate" in str(failure(f"https://127.0.0.1:{port}/teal.png")), "it is another name's"


# -- From a file to the product -------------------------------------------------------------------------------------------


def pot_with(server: PictureServer, *paths: str) -> Product:
    """An imported product with these pictures; its variant shows the first."""
    urls = [f"{server.address}/{path}" for path in paths]
    first = LINE | {"Image Src": urls[0], "Image Position": "1", "Image Alt Text": "A pot", "Variant Image": urls[0]}
    rest = [{"Handle": "pot", "Image Src": url, "Image Position": str(number)} for number, url in enumerate(urls[1:], 2)]
    imported(written(first, *rest))
    return Product.objects.get(slug="pot")


@pytest.mark.django_db
def test_it_gives_an_imported_product_its_pictures(server):
    product = pot_with(server, "teal.png", "red.png")
    assert pictures.fetch_due_pictures() == 2
    teal, red = product.images.all()
    assert (teal.alt, teal.position, teal.width, red.position) == ("A pot", 0, 40, 1)
    assert product.variants.get().image == teal
    assert pictures.fetch_due_pictures() == 0
    pot_with(server, "teal.png", "red.png")
    assert not pictures.due().exists(), "nothing is fetched twice"
    first = LINE | {"Image Src": f"{server.address}/teal.png", "Image Position": "1", "Image Alt Text": "A pot"}
    assert outcomes(written(first)) == {"unchanged": 1}


@pytest.mark.django_db
def test_it_gives_a_variant_another_picture_once_that_is_here(server):
    """Until then it keeps the one it has; the file that is imported once more says nothing new."""
    product = pot_with(server, "teal.png")
    pictures.fetch_due_pictures()
    variant = product.variants.get()
    named = {"Handle": "pot", "Variant SKU": variant.sku, "Variant Image": f"{server.address}/broken.png"}
    imported(written(named))
    (told,) = imported(written(named | {"Variant Image": f"{server.address}/red.png"}))
    assert [line for line in told.details if "Variant Image" in line] == [
        f"{variant.sku}: Variant Image {full_address(variant.image.url)} → {server.address}/red.png"
    ]
    assert product.variants.get().image == variant.image
    server.healed = True  # the one that was named before comes too
    assert pictures.fetch_due_pictures() == 2
    red = PictureToFetch.objects.get(url__endswith="red.png").image
    assert red
    assert product.variants.get().image == red
    assert outcomes(written(named | {"Variant Image": f"{server.address}/red.png"})) == {"unchanged": 1}


@pytest.mark.django_db
def test_it_keeps_a_product_whose_picture_does_not_come(server):
    product = pot_with(server, "missing.png", "page.png", "teal.png", "broken.png")
    pictures.fetch_due_pictures()
    assert [image.name for image in product.images.all()] == [ProductImage.objects.get().name]
    errors = list(PictureToFetch.objects.filter(image=None).order_by("position").values_list("error", "due_at"))
    assert [("404" in text, due is None) for text, due in errors] == [(True, True), (False, True), (False, False)]
    assert "not a JPEG, PNG or WebP picture" in errors[1][0]
    assert product.is_published


@pytest.mark.django_db
def test_it_tries_again_later_and_in_the_end_gives_up(server):
    pot_with(server, "broken.png")
    for tries in range(1, len(PAUSES) + 2):
        PictureToFetch.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
        assert pictures.fetch_due_pictures() == 1
        assert PictureToFetch.objects.get().tries == tries
    assert PictureToFetch.objects.get().due_at is None
    assert pictures.fetch_due_pictures() == 0
    server.healed = True
    assert pictures.try_again(pictures.missing()) == 1
    assert pictures.fetch_due_pictures() == 1
    assert ProductImage.objects.count() == 1


@pytest.mark.django_db
def test_it_goes_on_after_a_worker_that_was_killed(server, monkeypatch):
    pot_with(server, "teal.png", "red.png")

    def killed(_url):
        raise KeyboardInterrupt

    monkeypatch.setattr(pictures, "fetch", killed)
    with pytest.raises(KeyboardInterrupt):
        pictures.fetch_due_pictures()
    monkeypatch.undo()
    assert pictures.fetch_due_pictures() == 1, "the one that was being fetched is left alone for a while"
    PictureToFetch.objects.filter(image=None).update(due_at=timezone.now() - timedelta(seconds=1))
    assert pictures.fetch_due_pictures() == 1
    assert ProductImage.objects.count() == 2


@pytest.mark.django_db
def test_it_does_not_mind_a_product_that_went_meanwhile(server, monkeypatch):
    product = pot_with(server, "teal.png")

    def slow(url):
        product.delete()
        return fetch(url)

    monkeypatch.setattr(pictures, "fetch", slow)
    assert pictures.fetch_due_pictures() == 1
    assert not ProductImage.objects.exists()
    assert not PictureToFetch.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_it_fetches_each_picture_once_with_two_workers(server, race):
    pot_with(server, "teal.png", "red.png")
    assert sum(race(pictures.fetch_due_pictures, pictures.fetch_due_pictures)) == 2
    assert server.asked == {"/teal.png": 1, "/red.png": 1}
    assert ProductImage.objects.count() == 2


@pytest.mark.django_db
def test_it_fetches_from_the_command_line(server):
    pot_with(server, "teal.png", "missing.png")
    out, err = io.StringIO(), io.StringIO()
    call_command("fetch_pictures", stdout=out, stderr=err)
    assert "1 fetched, 1 failed, 1 still missing." in out.getvalue()
    assert "answers 404" in err.getvalue()
    call_command("fetch_pictures", "--again", stdout=out, stderr=err)
    assert server.asked["/missing.png"] == 2


@pytest.mark.django_db
def test_it_shows_staff_what_is_missing_and_tries_again(server, grace_client):
    pot_with(server, "missing.png", "teal.png")
    pictures.fetch_due_pictures()
    page = grace_client.get("/admin/catalog/picturetofetch/?state=missing").content.decode()
    assert "answers 404" in page
    assert "teal.png" not in page
    ids = list(PictureToFetch.objects.values_list("pk", flat=True))
    grace_client.post("/admin/catalog/picturetofetch/", {"action": "try_again", "_selected_action": ids})
    assert pictures.due().count() == 1
