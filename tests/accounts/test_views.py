from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

import pytest
from django.contrib.auth import get_user
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.history import PAGE_SIZE
from accounts.models import User
from orders.status import Status
from tests import factories
from tests.mail_server import REFUSE, MailServer
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db

HOME, LOGIN, LOGOUT = "/account/", "/account/login/", "/account/logout/"
SIGN_UP, RESET, CHANGE = "/account/sign-up/", "/account/reset/", "/account/password/"
NEW_PASSWORD = "a new and much longer one"
PRIVATE = [HOME, LOGIN, LOGOUT, SIGN_UP, "/account/sign-up/sent/", "/account/sign-up/x/", RESET, CHANGE, "/account/reset/x/y/"]


def log_in(client: Client, email: str = "ada@shop.test", password: str = PASSWORD, **more: str):
    return client.post(LOGIN, {"username": email, "password": password, **more})


def link_in_mail() -> str:
    """The path of the link in the last mail; it must begin with the shop's own address."""
    found = re.search(r"^(http://[^/\s]+)(/\S+)$", mail.outbox[-1].body, re.MULTILINE)
    assert found
    return found[2]


def passwords(first: str = NEW_PASSWORD, second: str = NEW_PASSWORD) -> dict[str, str]:
    return {"password1": first, "password2": second, "new_password1": first, "new_password2": second}


# -- In and out


@pytest.mark.parametrize("email", ["ada@shop.test", "ADA@Shop.Test", "  ada@shop.test "])
def test_it_signs_in_by_address_in_any_case(client, ada, email):
    answer = log_in(client, email)
    assert answer.status_code == 302
    assert answer["Location"] == HOME
    assert get_user(client) == ada


def test_it_keeps_the_cart_when_somebody_signs_in_and_forgets_it_when_they_leave(client, ada):
    variant = factories.variant()
    client.post(reverse("cart:add"), {"variant": variant.pk, "quantity": 2})
    before = client.session.session_key
    log_in(client)
    assert client.session["cart"]["lines"]
    assert client.session.session_key != before
    client.post(LOGOUT)
    assert "cart" not in client.session


@pytest.mark.parametrize(("email", "password"), [("ada@shop.test", "wrong"), ("nobody@shop.test", PASSWORD)])
def test_it_answers_the_same_to_a_wrong_password_and_an_unknown_address(client, ada, email, password):
    answer = log_in(client, email, password)
    assert answer.status_code == 422
    assert answer.context["form"].non_field_errors() == ["This e-mail address and password do not go together."]


def test_it_does_not_sign_in_who_was_switched_off(client, ada):
    User.objects.update(is_active=False)
    assert log_in(client).status_code == 422


@pytest.mark.parametrize("field", ["username", "password"])
@pytest.mark.parametrize("value", ["", "\x00", "x" * 10_000, "ключ"])
def test_it_names_what_is_wrong_instead_of_failing(client, ada, field, value):
    answer = client.post(LOGIN, {"username": "ada@shop.test", "password": PASSWORD, field: value})
    assert answer.status_code == 422
    assert answer.context["form"].errors


@pytest.mark.parametrize(
    "target",
    ["//evil.test", "/\\evil.test", "\\evil.test", "https:evil.test", "https://evil.test", "javascript:alert(1)",
     "///evil.test", "http://testserver@evil.test", "/\t/evil.test", "/\n/evil.test", "\x00", "ht\ntp://evil.test"],
)  # fmt: skip
def test_it_leads_nowhere_but_to_this_shop(client, ada, target):
    answer = log_in(client, next=target)
    assert answer.status_code == 302
    assert urlsplit(urljoin(f"http://testserver{LOGIN}", answer["Location"])).netloc == "testserver"


def test_it_leads_to_where_one_wanted_to_go(client, ada):
    assert client.get(HOME)["Location"] == f"{LOGIN}?next={HOME}"
    assert log_in(client, next="/cart/")["Location"] == "/cart/"


def test_it_signs_out_by_post_only(ada_client):
    assert ada_client.get(LOGOUT).status_code == 405
    assert ada_client.post(LOGOUT).status_code == 302
    assert not get_user(ada_client).is_authenticated


@pytest.mark.parametrize("address", [LOGIN, LOGOUT, SIGN_UP, RESET, CHANGE])
def test_it_refuses_posts_from_elsewhere(ada, address):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    assert client.post(address, {"username": "ada@shop.test", "email": "ada@shop.test"}).status_code == 403


@pytest.mark.parametrize("address", PRIVATE)
def test_it_is_stored_by_no_cache(client, address):
    answer = client.get(address)
    assert "no-store" in answer["Cache-Control"]
    assert "Cookie" in answer["Vary"]
    assert answer["Referrer-Policy"] == "same-origin"


def test_it_lets_shared_caches_keep_no_page_of_a_visitor_with_a_cookie(ada_client):
    assert "private" in ada_client.get("/account/x.css")["Cache-Control"]


# -- Guessing


def test_it_stops_guessing_at_one_account(client, ada, settings):
    answers = [log_in(client, password=f"guess {each}").status_code for each in range(11)]
    assert answers == [422] * 10 + [429]
    assert log_in(client).status_code == 429  # the right one does not help now
    User.objects.create_user("eve@shop.test", PASSWORD)
    assert log_in(client, "eve@shop.test").status_code == 302


def test_it_stops_guessing_at_many_accounts_from_one_address(client, ada):
    for each in range(40):
        log_in(client, f"victim{each}@shop.test")
    assert log_in(client).status_code == 429


def test_it_does_not_count_what_went_well(client, ada):
    assert [log_in(client).status_code for _unused in range(12)] == [302] * 12


@pytest.mark.parametrize(("trusted", "status"), [(False, 429), (True, 302)])
def test_it_believes_forwarded_addresses_only_from_its_own_proxy(client, ada, settings, trusted, status):
    settings.TRUSTED_PROXY = trusted
    for each in range(40):
        data = {"username": f"victim{each}@shop.test", "password": "guess"}
        client.post(LOGIN, data, headers={"X-Forwarded-For": "198.51.100.7"})
    good = {"username": "ada@shop.test", "password": PASSWORD}
    assert client.post(LOGIN, good, headers={"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}).status_code == status


def test_it_limits_the_log_in_of_staff_too(client, grace):
    data = {"username": "grace@shop.test", "password": "guess"}
    for _unused in range(10):
        client.post("/admin/login/", data)
    page = client.post("/admin/login/", {**data, "password": PASSWORD})
    assert "Too many attempts" in page.content.decode()
    assert not get_user(client).is_authenticated


# -- Signing up


def test_it_opens_an_account_by_a_link_in_a_mail(client, settings):
    assert client.post(SIGN_UP, {"email": "New@Shop.Test"}).status_code == 302
    assert not User.objects.exists()
    assert mail.outbox[0].to == ["new@shop.test"]
    assert f"{settings.SITE_URL}/account/sign-up/" in mail.outbox[0].body
    answer = client.post(link_in_mail(), {"name": "Newton", **passwords()})
    assert answer.status_code == 302
    user = User.objects.get()
    assert (user.email, user.name, user.is_staff, user.is_superuser) == ("new@shop.test", "Newton", False, False)
    assert get_user(client) == user


def test_it_answers_the_same_for_an_address_that_has_an_account(client, ada):
    fresh, taken = (client.post(SIGN_UP, {"email": email}) for email in ("new@shop.test", "Ada@shop.test"))
    assert (fresh.status_code, fresh["Location"]) == (taken.status_code, taken["Location"])
    assert [message.to for message in mail.outbox] == [["new@shop.test"], ["ada@shop.test"]]
    assert mail.outbox[0].subject == mail.outbox[1].subject
    assert "has an account already" in mail.outbox[1].body


def test_it_takes_no_powers_from_the_form(client):
    client.post(SIGN_UP, {"email": "new@shop.test"})
    powers = {"is_staff": "on", "is_superuser": "on", "email": "grace@shop.test"}
    client.post(link_in_mail(), {**passwords(), **powers})
    user = User.objects.get()
    assert (user.email, user.is_staff, user.is_superuser) == ("new@shop.test", False, False)


def test_it_uses_a_sign_up_link_once(client):
    client.post(SIGN_UP, {"email": "new@shop.test"})
    link = link_in_mail()
    client.post(link, passwords())
    other = Client()
    assert other.post(link, passwords("another long password 1", "another long password 1"))["Location"] == LOGIN
    assert not get_user(other).is_authenticated
    assert User.objects.get().check_password(NEW_PASSWORD)


@pytest.mark.parametrize("token", ["x", "%00", "a:b:c", "x" * 5000, "[]"])
def test_it_says_that_a_link_does_not_work(client, token):
    answer = client.get(f"/account/sign-up/{token}/")
    assert answer.status_code == 404
    assert "ask for a new one" in answer.content.decode()


@pytest.mark.parametrize(
    "choice", [passwords("short", "short"), passwords("12345678901", "12345678901"), passwords("a" * 12, "b" * 12), {}]
)
def test_it_refuses_bad_passwords_beside_the_field(client, choice):
    client.post(SIGN_UP, {"email": "new@shop.test"})
    answer = client.post(link_in_mail(), choice)
    assert answer.status_code == 422
    assert {"password1", "password2"} & set(answer.context["form"].errors)
    assert not User.objects.exists()


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "x" * 300 + "@shop.test", "a\r\nBcc: b@shop.test", "\x00@shop.test"])
@pytest.mark.parametrize("address", [SIGN_UP, RESET])
def test_it_refuses_what_is_no_address(client, address, email):
    answer = client.post(address, {"email": email})
    assert answer.status_code == 422
    assert answer.context["form"].errors["email"]
    assert mail.outbox == []


@pytest.mark.parametrize("address", [SIGN_UP, RESET])
def test_it_sends_a_bounded_number_of_mails(client, ada, address):
    answers = [client.post(address, {"email": "ada@shop.test"}).status_code for _unused in range(4)]
    assert answers == [302, 302, 302, 429]
    assert len(mail.outbox) == 3


@pytest.mark.parametrize("address", [SIGN_UP, RESET])
def test_it_says_so_when_the_mail_server_is_down(client, ada, settings, address):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_HOST_USER, settings.EMAIL_USE_TLS = "127.0.0.1", "", False
    with MailServer() as server:
        settings.EMAIL_PORT, server.mode = server.port, REFUSE
        assert client.post(address, {"email": "ada@shop.test"}).status_code == 503
    assert client.post(address, {"email": "ada@shop.test"}).status_code == 503


# -- Passwords


def test_it_gives_a_new_password_by_a_link_that_works_once(client, ada):
    assert client.post(RESET, {"email": "ADA@shop.test"}).status_code == 302
    link = link_in_mail()
    form = client.get(link)
    assert client.post(form["Location"], passwords()).status_code == 302
    assert log_in(client, password=NEW_PASSWORD).status_code == 302
    assert not Client().get(link).has_header("Location")  # no form any more
    assert log_in(Client()).status_code == 422


def test_it_answers_the_same_to_whoever_asks_for_a_new_password(client, ada):
    known, unknown = (client.post(RESET, {"email": email}) for email in ("ada@shop.test", "nobody@shop.test"))
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [message.to for message in mail.outbox] == [["ada@shop.test"], ["nobody@shop.test"]]
    assert "There is no account" in mail.outbox[1].body


def test_it_builds_links_from_its_own_address_whatever_the_request_says(client, ada, settings):
    headers = {"Host": "localhost", "X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "https"}
    client.post(RESET, {"email": "ada@shop.test"}, headers=headers)
    assert f"\n{settings.SITE_URL}/account/reset/" in mail.outbox[0].body
    assert "evil" not in mail.outbox[0].body
    assert "localhost" not in mail.outbox[0].body


@pytest.mark.parametrize("code", ["x/y", "MQ/set-password", "%00/%00", "MQ/" + "x" * 3000])
def test_it_explains_a_reset_link_that_does_not_work(client, ada, code):
    answer = client.get(f"/account/reset/{code}/")
    assert answer.status_code == 404
    assert not answer.context["validlink"]


def test_it_changes_the_password_and_ends_every_other_session(ada, ada_client):
    elsewhere = Client()
    elsewhere.force_login(ada)
    answer = ada_client.post(CHANGE, {"old_password": PASSWORD, **passwords()})
    assert answer.status_code == 302
    assert get_user(ada_client).is_authenticated
    assert elsewhere.get(HOME).status_code == 302


def test_it_wants_the_old_password(ada, ada_client):
    answer = ada_client.post(CHANGE, {"old_password": "wrong", **passwords()})
    assert answer.status_code == 422
    assert answer.context["form"].errors["old_password"]


# -- One's orders


def test_it_lists_my_orders_and_nobody_elses(ada, mallory, ada_client):
    mine = factories.order(user=ada, status=Status.PAID)
    factories.order(user=mallory, status=Status.PAID)
    factories.order(user=None, status=Status.PAID)
    assert ada_client.get(HOME).context["orders"] == [mine]


def test_it_leaves_out_holds_that_ended(ada, ada_client):
    shown = [factories.order(user=ada, status=status) for status in (Status.REFUNDED, Status.CONFIRMING, Status.PENDING)]
    for status in (Status.EXPIRED, Status.CANCELLED):
        factories.order(user=ada, status=status)
    assert ada_client.get(HOME).context["orders"] == shown[::-1]


def test_it_says_so_when_there_are_none(ada_client):
    assert "No orders yet" in ada_client.get(HOME).content.decode()


def test_it_pages_by_key_and_asks_a_bounded_number_of_queries(ada, ada_client, django_assert_max_num_queries):
    variant = factories.variant()
    made = [factories.order(user=ada, variants=[(variant, 1)], status=Status.PAID) for _unused in range(PAGE_SIZE + 3)]
    with django_assert_max_num_queries(6):
        first = ada_client.get(HOME)
    second = ada_client.get(HOME, {"before": first.context["older"]})
    assert [*first.context["orders"], *second.context["orders"]] == made[::-1]
    assert second.context["older"] == ""


@pytest.mark.parametrize("before", ["nothing", "%00", "x" * 3000, "[]", "%ED%A0%80", "%FF"])
def test_it_finds_no_page_at_odd_places(ada_client, before):
    assert ada_client.get(f"{HOME}?before={before}").status_code == 404


def test_it_does_not_page_from_an_order_of_someone_else(mallory, ada_client):
    assert ada_client.get(HOME, {"before": factories.order(user=mallory).number}).status_code == 404
