"""The pages for what went wrong."""

from __future__ import annotations

import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError, connection
from django.template.loader import get_template
from django.test import Client, RequestFactory
from django.views import defaults


def test_it_has_a_500_page_that_needs_nothing():
    """No request, no context, no database: this test may use none."""
    response = defaults.server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    page = response.content.decode()
    assert "Something broke on our side" in page
    assert "/static/css/components.css" in page


def answer_while_statements_raise(client, error):
    def fail(*_statement):
        raise error

    client.raise_request_exception = False
    with connection.execute_wrapper(fail):
        return client.get("/")


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError("database is locked"), InterfaceError("connection already closed")])
def test_it_asks_to_try_again_when_the_database_is_away(client, error):
    response = answer_while_statements_raise(client, error)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "try again in a few seconds" in response.content.decode()


@pytest.mark.django_db
def test_it_does_not_promise_that_a_fault_of_its_own_goes_away(client):
    response = answer_while_statements_raise(client, ProgrammingError("no such column"))
    assert (response.status_code, response.has_header("Retry-After")) == (500, False)


@pytest.mark.parametrize(
    ("template", "words"), [("400.html", "not right"), ("403.html", "not open to you"), ("403_csrf.html", "go back")]
)
def test_it_has_plain_pages_for_refusals(template, words):
    assert words in get_template(template).render()


@pytest.mark.django_db
def test_it_says_what_to_do_when_the_form_was_too_old():
    response = Client(enforce_csrf_checks=True).post("/cart/add/", {"variant": "1", "quantity": "1"})
    assert response.status_code == 403
    assert "Please go back and try again" in response.content.decode()


@pytest.mark.django_db
def test_it_offers_a_search_on_the_404_page(client):
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert 'name="q"' in response.content.decode()
