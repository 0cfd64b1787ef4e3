from __future__ import annotations

import time
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from bench import inside
from bench.__main__ import check_all_paid
from bench.buying import Buyers
from bench.catalogue import load
from bench.sites import Site


class ThisProcess(Site):
    """The shop of the tests, which is no gunicorn."""

    def cpu(self):
        return time.process_time()


@pytest.mark.django_db(transaction=True)
def test_it_measures_orders_that_are_paid_in_the_end(live_server, sandbox):
    load(50, quiet=True)
    port = urlsplit(live_server.url).port
    site = ThisProcess("shop", port, None, secret=settings.STRIPE_WEBHOOK_SECRETS[0], found=inside.addresses())
    buyers = Buyers(site, sandbox)
    buyers.buy(2)
    assert buyers.checkout.summary()["requests"] == buyers.fulfilled.summary()["requests"] == 2
    assert inside.orders() == {"paid": 2}
    check_all_paid(inside.orders(), buyers.bought)
    with pytest.raises(SystemExit, match="worth nothing"):
        check_all_paid({"paid": 1, "pending": 1}, buyers.bought)
