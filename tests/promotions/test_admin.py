from __future__ import annotations

from threading import Barrier

import pytest
from django.db import transaction

from promotions.models import Promotion, Use
from promotions.uses import take
from tests import factories
from tests.catalog.waiting import somebody_waits_for_us
from tests.sandbox_process import wait_for

pytestmark = pytest.mark.django_db

LIST, ADD = "/admin/promotions/promotion/", "/admin/promotions/promotion/add/"
NOTHING = {
    "starts_at_0": "",
    "starts_at_1": "",
    "ends_at_0": "",
    "ends_at_1": "",
    "most_uses": "",
    "most_uses_per_customer": "",
}
SPRING = {
    **NOTHING,
    "code": " spring-10 ",
    "percent": "10",
    "amount_minor": "",
    "minimum_minor": "",
    "is_active": "on",
    "note": "",
}


def page_of(promotion: Promotion, what: str = "change") -> str:
    return f"{LIST}{promotion.pk}/{what}/"


def test_it_makes_a_code_in_its_one_spelling(grace_client):
    assert grace_client.post(ADD, SPRING).status_code == 302
    promotion = Promotion.objects.get()
    assert (promotion.code, promotion.percent, promotion.amount_minor, promotion.currency) == ("SPRING-10", 10, None, "EUR")
    assert (promotion.minimum_minor, promotion.most_uses, promotion.most_uses_per_customer) == (0, None, None)


def test_it_takes_amounts_in_whole_units(grace_client, settings):
    settings.SHOP_CURRENCY = "KWD"
    amounts = {"percent": "", "amount_minor": "1.250", "minimum_minor": "20", "most_uses": "5", "ends_at_0": "2099-01-01"}
    assert grace_client.post(ADD, SPRING | amounts | {"ends_at_1": "12:00"}).status_code == 302
    promotion = Promotion.objects.get()
    assert (promotion.amount_minor, promotion.minimum_minor, promotion.currency) == (1250, 20_000, "KWD")
    assert "1.250" in grace_client.get(page_of(promotion)).text


WRONG = {
    "a code of another script": ({"code": "ЅРRІNG"}, "code", "Only letters A to Z"),
    "a space in the code": ({"code": "SPRING 10"}, "code", "Only letters A to Z"),
    "a code that is there": ({"code": "ｔａｋｅｎ"}, "code", "already exists"),
    "nothing off": ({"percent": ""}, "percent", "Type a percentage here, or an amount below."),
    "both": ({"amount_minor": "5"}, "amount_minor", "Either a percentage or an amount, not both."),
    "0 percent": ({"percent": "0"}, "percent", "greater than or equal to 1"),
    "101 percent": ({"percent": "101"}, "percent", "less than or equal to 100"),
    "half a percent": ({"percent": "0.5"}, "percent", "whole number"),
    "half a cent": ({"percent": "", "amount_minor": "0.005"}, "amount_minor", "no such small amounts"),
    "nothing": ({"percent": "", "amount_minor": "0"}, "amount_minor", "At least €0.01."),
    "less than nothing": ({"percent": "", "amount_minor": "-5"}, "amount_minor", "At least €0.01."),
    "a huge number of uses": ({"most_uses": "9" * 30}, "most_uses", "less than or equal to"),
    "an end before its start": (
        {"starts_at_0": "2099-01-02", "starts_at_1": "00:00", "ends_at_0": "2099-01-01", "ends_at_1": "00:00"},
        "ends_at",
        "Later than it starts.",
    ),
}


@pytest.mark.parametrize(("fields", "field", "words"), WRONG.values(), ids=WRONG.keys())
def test_it_says_beside_the_field_what_is_wrong(grace_client, fields, field, words):
    factories.promotion(code="TAKEN")
    page = grace_client.post(ADD, SPRING | fields)
    assert page.status_code == 200
    errors = page.context["adminform"].form.errors
    assert list(errors) == [field]
    assert words in errors[field][0]
    assert Promotion.objects.count() == 1


def test_it_does_not_lower_limits_below_what_is_used(grace_client, ada):
    promotion = factories.promotion(code="SPRING-10")
    for number in "AB":
        take(promotion, order_number=number, user=ada)
    take(promotion, order_number="C", user=None)
    page = grace_client.post(page_of(promotion), SPRING | {"most_uses": "2", "most_uses_per_customer": "1"})
    assert page.context["adminform"].form.errors == {
        "most_uses": ["It is used 3 times already. To end it, untick “active”."],
        "most_uses_per_customer": ["Somebody has used it 2 times already. To end it, untick “active”."],
    }
    fits = SPRING | {"most_uses": "3", "most_uses_per_customer": "2"}
    assert grace_client.post(page_of(promotion), fits).status_code == 302
    promotion.refresh_from_db()
    assert (promotion.uses, promotion.most_uses) == (3, 3)


def test_it_does_not_take_the_count_of_uses_from_the_form(grace_client):
    promotion = factories.promotion(code="SPRING-10")
    take(promotion, order_number="A", user=None)
    assert grace_client.post(page_of(promotion), SPRING | {"uses": "0", "uses_link": "0", "currency": "USD"}).status_code == 302
    promotion.refresh_from_db()
    assert (promotion.uses, promotion.currency) == (1, "EUR")


def test_it_keeps_a_code_that_was_used_and_deletes_one_that_was_not(grace_client):
    used, unused = factories.promotion(code="USED"), factories.promotion(code="UNUSED")
    take(used, order_number="A", user=None)
    assert grace_client.post(page_of(used, "delete"), {"post": "yes"}).status_code == 403
    assert grace_client.post(page_of(unused, "delete"), {"post": "yes"}).status_code == 302
    grace_client.post(LIST, {"action": "delete_selected", "_selected_action": [used.pk], "post": "yes"})
    assert Promotion.objects.get() == used
    assert "Delete" not in grace_client.get(page_of(used)).text


@pytest.mark.only_on("postgres")
@pytest.mark.django_db(transaction=True)
def test_it_waits_for_the_first_use_before_it_deletes(race, grace_client):
    promotion = factories.promotion()
    is_taken = Barrier(2)

    def use_it() -> None:
        with transaction.atomic():
            take(promotion, order_number="A", user=None)
            is_taken.wait(20)
            wait_for(somebody_waits_for_us, seconds=20, what="staff, who delete")

    def delete() -> int:
        is_taken.wait(20)
        return grace_client.post(page_of(promotion, "delete"), {"post": "yes"}).status_code

    assert race(use_it, delete) == [None, 403]
    assert Use.objects.get().promotion == promotion


def test_it_lists_codes_with_their_uses_and_finds_them(grace_client):
    promotion = factories.promotion(most_uses=5, minimum_minor=2000)
    factories.promotion(code="SUMMER", amount_minor=500)
    take(promotion, order_number="AAAA-BBBB", user=None)
    page = grace_client.get(LIST).text
    assert all(words in page for words in ("SPRING", "10 %", "€20.00", "1 / 5", "SUMMER", "€5.00"))
    assert "SUMMER" not in grace_client.get(LIST, {"q": "spr"}).text
    assert f'href="/admin/promotions/use/?promotion__exact={promotion.pk}"' in grace_client.get(page_of(promotion)).text


def test_it_shows_uses_and_lets_nobody_change_them(grace_client, ada):
    promotion, other = factories.promotion(), factories.promotion(code="OTHER")
    take(promotion, order_number="AAAA-BBBB", user=ada)
    take(other, order_number="CCCC-DDDD", user=None)
    page = grace_client.get(f"/admin/promotions/use/?promotion__exact={promotion.pk}").text
    assert ("AAAA-BBBB" in page, "ada@shop.test" in page, "CCCC-DDDD" in page) == (True, True, False)
    use = Use.objects.get(promotion=promotion)
    assert grace_client.get(f"/admin/promotions/use/{use.pk}/change/").status_code == 200
    for address in ("add/", f"{use.pk}/change/", f"{use.pk}/delete/"):
        assert grace_client.post(f"/admin/promotions/use/{address}", {"order_number": "X"}).status_code == 403
