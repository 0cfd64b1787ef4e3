from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User

pytestmark = pytest.mark.django_db

USERS = "/admin/accounts/user/"
PASSWORD = "a long and odd password"


def clerk() -> Client:
    """Staff who may change users but are no superuser."""
    user = User.objects.create_user("clerk@shop.test", None, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    client = Client()
    client.force_login(user)
    return client


def test_it_adds_people_by_address(grace_client):
    data = {"email": "New@Shop.Test", "name": "New", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    assert grace_client.post(f"{USERS}add/", data).status_code == 302
    user = User.objects.get(email="new@shop.test")
    assert user.check_password(PASSWORD)
    assert not user.is_staff


def test_it_says_that_an_address_is_taken_in_any_case(grace_client, ada):
    data = {"email": "ADA@shop.test", "name": "", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    answer = grace_client.post(f"{USERS}add/", data)
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors


@pytest.mark.parametrize("path", ["", "add/", "{pk}/change/", "{pk}/password/", "?q=ada", "?is_staff__exact=1"])
def test_it_shows_its_pages(grace_client, ada, path):
    assert grace_client.get(f"{USERS}{path.format(pk=ada.pk)}").status_code == 200


def test_it_lets_only_superusers_give_powers(ada):
    client = clerk()
    data = {"email": ada.email, "name": "Ada L.", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    assert client.post(f"{USERS}{ada.pk}/change/", data).status_code == 302
    ada.refresh_from_db()
    assert (ada.name, ada.is_staff, ada.is_superuser) == ("Ada L.", False, False)


def test_it_keeps_superusers_out_of_the_reach_of_others(grace):
    client = clerk()
    assert client.post(f"{USERS}{grace.pk}/change/", {"email": "clerk2@shop.test"}).status_code == 403
    assert client.get(f"{USERS}{grace.pk}/password/").status_code == 403
    assert client.post(f"{USERS}{grace.pk}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=grace.pk, email=grace.email).exists()
