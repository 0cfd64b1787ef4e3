"""The page that draws how payments and webhooks went."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from accounts import counts
from accounts.models import HourlyCount
from payments import charts
from payments.charts import last_days, last_hours, payment_chart, webhook_chart
from payments.models import Payment, WebhookEvent
from tests import factories

NOW = datetime(2026, 11, 21, 20, 40, tzinfo=UTC)
PAGE = "/admin/payments/charts/"


@pytest.fixture(autouse=True)
def nothing_waits():
    counts._waiting.clear()


def payment(status: str, *, at: datetime, **fields: str) -> None:
    order = factories.order()
    Payment.objects.create(order=order, amount_minor=order.total_minor, currency="EUR", status=status, settled_at=at, **fields)


def event(name: str, *, at: datetime, deliveries: int = 1) -> None:
    WebhookEvent.objects.create(stripe_id=name, type="x", created_at=at, deliveries=deliveries)
    WebhookEvent.objects.filter(stripe_id=name).update(received_at=at)


def drawn(page: str) -> list[ElementTree.Element]:
    """The drawings, which are XML by themselves."""
    return [ElementTree.fromstring(each) for each in re.findall(r'<svg class="chart.*?</svg>', page, re.DOTALL)]  # noqa: S314 (our own)


@pytest.mark.django_db
class TestWhatItCounts:
    def test_payments_by_the_hour_in_which_they_ended(self):
        for status, minutes in (("succeeded", 0), ("succeeded", 41), ("failed", 50), ("expired", 55), ("mismatch", 24 * 60)):
            payment(status, at=NOW - timedelta(minutes=minutes))
        chart = payment_chart(last_hours(NOW))
        assert chart.rows[-2:] == [["19:00", "1", "1", "1", "50 %"], ["20:00", "1", "0", "0", "100 %"]]
        assert len(chart.rows) == 24
        assert [sum(bar[kind] for bar in chart.bars) for kind in ("paid", "failed", "quiet")] == [2, 1, 1]

    def test_who_left_after_a_decline_has_tried(self):
        payment("expired", at=NOW, last_error="Your card was declined.")
        payment("succeeded", at=NOW)
        assert payment_chart(last_hours(NOW)).rows[-1] == ["20:00", "1", "1", "0", "50 %"]

    def test_payments_by_the_day(self):
        payment("succeeded", at=NOW - timedelta(days=29))
        payment("succeeded", at=NOW - timedelta(days=30))
        payment("mismatch", at=NOW)
        rows = payment_chart(last_days(NOW)).rows
        assert (rows[0], rows[1], rows[-1]) == (
            ["23 Oct", "1", "0", "0", "100 %"],
            ["24 Oct", "0", "0", "0", "–"],
            ["21 Nov", "0", "1", "0", "0 %"],
        )

    def test_webhooks_by_cause(self):
        event("evt_1", at=NOW)
        event("evt_2", at=NOW)  # of a type that is not acted on
        event("evt_3", at=NOW, deliveries=0)  # the reconciler found it
        hour = NOW.replace(minute=0)
        for cause, times in (("unknown", 1), ("signature", 2), ("handler", 3), ("unsigned", 4)):
            HourlyCount.objects.create(name=f"webhook:{cause}", hour=hour, times=times)
        HourlyCount.objects.create(name="webhook:handler", hour=hour - timedelta(hours=24), times=9)
        chart = webhook_chart(last_hours(NOW))
        assert dict(chart.bars[-1]) == {"paid": 1, "failed": 5, "quiet": 5}
        told = dict(zip(map(str, chart.columns), chart.rows[-1], strict=True))
        assert (told["Received"], told["Wrong signature"], told["Failed in the shop"]) == ("2", "2", "3")
        assert sum(bar.total() for bar in chart.bars) == 11


def test_its_days_are_those_of_the_shop_also_when_clocks_change():
    with timezone.override("Europe/Berlin"):
        spans = last_days(datetime(2026, 10, 26, 12, tzinfo=UTC), 3)
        assert spans.names() == ["24 Oct", "25 Oct", "26 Oct"]
        stamps = [edge.timestamp() for edge in spans.edges]
    assert [(end - start) / 3600 for start, end in pairwise(stamps)] == [24, 25, 24]


AXES = [(0, 2), (1, 2), (3, 4), (5, 6), (9, 10), (11, 20), (61, 100), (101, 200), (999, 1000)]


@pytest.mark.parametrize(("most", "axis"), AXES)
def test_its_axis_ends_at_a_round_number(most, axis):
    spans = last_hours(NOW, 1)
    chart = charts.Chart("", {"paid": "Paid"}, spans, [charts.Counter(paid=most)], [], [], "")
    assert chart.most == axis
    tops = [float(part.y) for part in chart.parts]
    assert all(charts.TOP <= top < charts.HEIGHT - charts.BOTTOM for top in tops)


@pytest.mark.django_db
class TestThePage:
    def test_says_that_nothing_happened(self, grace_client):
        page = grace_client.get(PAGE).content.decode()
        assert page.count("No attempt to pay has ended in this time.") == 2
        assert page.count("Nothing came to the webhook in this time.") == 2
        assert drawn(page) == []
        assert "of the time zone UTC;" in page

    def test_draws_bars_that_add_up_beside_a_table(self, grace_client):
        payment("succeeded", at=timezone.now())
        payment("failed", at=timezone.now())
        event("evt_1", at=timezone.now())
        page = grace_client.get(PAGE).content.decode()
        drawings = drawn(page)
        assert len(drawings) == page.count('class="chart-table"') == 4
        first = [part.attrib for part in drawings[0] if part.tag == "rect"]
        assert [part["class"] for part in first] == ["chart-paid", "chart-failed"]
        assert float(first[1]["y"]) + float(first[1]["height"]) == pytest.approx(float(first[0]["y"]))
        assert all(drawing.attrib["role"] == "img" and drawing.attrib["aria-label"] for drawing in drawings)
        assert "style=" not in page[page.index("charts") :]

    def test_asks_little(self, grace_client, django_assert_max_num_queries):
        payment("succeeded", at=timezone.now())
        with django_assert_max_num_queries(8):  # who asks, and four
            grace_client.get(PAGE)

    def test_is_linked_from_the_index(self, grace_client):
        assert f'href="{PAGE}"' in grace_client.get("/admin/").content.decode()

    def test_is_not_for_everybody(self, client, ada):
        assert client.get(PAGE).status_code == 302
        ada.is_staff = True
        ada.save()
        client = Client()
        client.force_login(ada)
        assert client.get(PAGE).status_code == 403
        assert PAGE not in client.get("/admin/").content.decode()
        ada.user_permissions.set(Permission.objects.filter(codename__in=["view_payment", "view_webhookevent"]))
        assert client.get(PAGE).status_code == 200
        assert client.post(PAGE).status_code == 405
