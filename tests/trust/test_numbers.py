"""What people and programs type instead of a number, in every form that takes one: told why, and nothing is changed."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from payments.models import Refund
from tests import factories
from tests.catalog.admin_forms import filled_in, page_of
from tests.trust.table_rows import rows

NO_NUMBERS = ["1.5", "1e9", "[1]", "1\x00"]
TOO_LARGE = ["2147483648", "9" * 30]
QUANTITIES = ["-1", *NO_NUMBERS, *TOO_LARGE, "1,5", "NaN", "1" * 5000, str(2**63), "null", "-", "", " ", "９", "٣", "²", "+1"]
WHY = [
    "Enter a whole number",
    "At most 99 pieces",
    "This field is required",
    "Choose at least one",
    "at most 40 characters",
    "Null characters are not allowed",
]


def telling(shop):
    return shop.tracebacks(), rows()


class TestTheCart:
    @pytest.fixture
    def print_(self, world):
        return factories.variant(requires_shipping=False, on_hand=7, price_minor=1200)

    @pytest.mark.case("F72", "A13")
    @pytest.mark.parametrize(("address", "also"), [("/cart/add/", ["0"]), ("/cart/update/", [])])
    def test_it_says_why_and_stays_as_it_is(self, world, ada, print_, address, also):
        ada.put(print_, 3)
        before = telling(world.shop)
        for quantity in [*QUANTITIES, *also]:
            answer = ada.client.post(address, {"variant": print_.pk, "quantity": quantity})
            assert answer.status_code == 422, quantity
            assert why_beside_the_line(answer.text), quantity
        assert telling(world.shop) == before
        assert ada.checkout().amount_minor == 3600
        world.quiesce()
        world.check()

    @pytest.mark.case("F72", "A13")
    def test_lists_and_thousands_of_fields_are_no_way_around(self, world, ada, print_):
        ada.put(print_, 3)
        before = rows()
        for fields in (
            {"variant[]": [print_.pk], "quantity[]": ["1", "-3"]},
            {"variant": print_.pk, "quantity": ["99", "-1"]},
            {f"quantity[{number}]": "1" for number in range(10_000)} | {"variant": print_.pk},
            [("variant", print_.pk), ("quantity", 1)] * 5_000,
        ):
            for address in ("/cart/add/", "/cart/update/"):
                assert ada.client.post(address, fields).status_code in (400, 422)
        body = json.dumps([{"variant": print_.pk, "quantity": 1}] * 10_000)
        assert ada.client.post("/cart/add/", body, content_type="application/json").status_code == 422
        assert rows() == before

    @pytest.mark.case("F72")
    def test_more_than_there_are_is_told_and_never_sold(self, world, ada, print_):
        ada.put(print_, 99)
        assert "Only 7 left: we changed the quantity." in ada.client.get("/cart/").text
        assert ada.checkout().amount_minor == 7 * 1200
        for _again in range(2):
            ada.client.post("/cart/add/", {"variant": print_.pk, "quantity": 99})
        print_.refresh_from_db()
        assert (print_.stock_on_hand, print_.stock_reserved) == (7, 7)
        world.quiesce()
        world.check()


def why_beside_the_line(page):
    return any(sentence in page for sentence in WHY)


class TestFormsOfTheStaff:
    @pytest.fixture
    def staff(self, world):
        return world.staff()

    @pytest.fixture
    def print_(self, world):
        print_ = factories.variant(on_hand=7, price_minor=1200)
        world.shopper().put(print_, 2)
        factories.order(variants=[(print_, 2)])  # two are promised
        return print_

    def refuses(self, world, staff, address, field, texts):
        """Each text is told to be wrong beside the field, and no row is written."""
        sent, before = filled_in(staff, address), telling(world.shop)
        assert field in sent
        for text in texts:
            answer = staff.post(address, {**sent, field: text})
            assert answer.status_code == 200, f"{text[:30]}: {answer}"
            assert 'class="errorlist' in answer.text, f"{text[:30]} was taken"
        assert telling(world.shop) == before

    @pytest.mark.case("F72")
    @pytest.mark.parametrize("where", ["product", "variant"])
    def test_units(self, world, staff, print_, where):
        row, prefix = (print_.product, "variants-0-") if where == "product" else (print_, "")
        self.refuses(world, staff, page_of(row), f"{prefix}units", [*NO_NUMBERS, *TOO_LARGE, "1000001", "-6", "-1000000"])

    @pytest.mark.case("F72")
    def test_units_that_would_not_fit_any_more(self, world, staff, print_):
        factories.stock.adjust(print_.pk, 2_147_000_000, by="test")
        self.refuses(world, staff, page_of(print_), "units", ["1000000"])

    @pytest.mark.case("F72")
    @pytest.mark.parametrize("where", [pytest.param("product", marks=pytest.mark.long), "variant"])
    def test_prices(self, world, staff, print_, where):
        row, prefix = (print_.product, "variants-0-") if where == "product" else (print_, "")
        texts = ["-1", "1.005", "1e9", "1,5", "1\x00", "９", "1000000", *TOO_LARGE]
        self.refuses(world, staff, page_of(row), f"{prefix}price_minor", texts)
        self.refuses(world, staff, page_of(row), f"{prefix}compare_at_minor", ["-1", "1.005", "1000000"])

    @pytest.mark.case("F72")
    def test_positions_and_numbers_of_rows(self, world, staff, print_):
        address = page_of(print_.product)
        for field in ("position", "variants-0-position"):
            self.refuses(world, staff, address, field, ["-1", *NO_NUMBERS, "9" * 30])
        for field in ("variants-TOTAL_FORMS", "images-TOTAL_FORMS"):
            self.refuses(world, staff, address, field, ["x", "1.5", "1e9"])

    @pytest.mark.case("F72")
    def test_shipping(self, world, staff):
        rate = factories.shipping_rate()
        address = reverse("admin:orders_shippingrate_change", args=[rate.pk])
        for field in ("price_minor", "min_days", "max_days", "position"):
            self.refuses(world, staff, address, field, ["-1", "1e9", "", "9" * 30])
        for field in ("min_days", "max_days"):
            self.refuses(world, staff, address, field, ["366", "2147483648"])

    @pytest.mark.case("F72", "F68")
    def test_what_is_given_back(self, world, ada, staff):
        """It is the amount that was shown, or none."""
        payment = ada.buy(factories.variant(requires_shipping=False, price_minor=1200))
        world.quiesce()
        button = reverse("admin:orders_order_do", args=[payment.order_id, "refund"])
        sent = {**filled_in(staff, button), "reason": "test"}
        before = world.shop.tracebacks()
        for text in [*NO_NUMBERS, ""]:
            answer = staff.post(button, {**sent, "amount_minor": text})
            assert (answer.status_code, "errorlist" in answer.text) == (422, True), text[:30]
        for text in ["0", "-1", "-1200", "1199", "1201", *TOO_LARGE]:
            answer = staff.post(button, {**sent, "amount_minor": text})
            assert answer.status_code in (302, 422), text
            page = staff.get(answer["Location"]) if answer.status_code == 302 else answer
            assert "Meanwhile €12.00 is left to refund." in page.text or "errorlist" in page.text
        assert (world.shop.tracebacks(), Refund.objects.count()) == (before, 0)
        assert staff.post(button, {**sent, "amount_minor": "1200"}).status_code == 302
        assert Refund.objects.get().amount_minor == 1200
        world.quiesce()
        world.check()
