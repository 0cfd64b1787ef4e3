"""LOG_FORMAT=json: every line of the web and of the worker is one object, gunicorn's own lines included."""

from __future__ import annotations

import json

import pytest

from tests.trust.http_client import HttpClient
from tests.trust.programs import ShopProgram


def objects(shop: ShopProgram) -> list[dict]:
    return [json.loads(line) for line in shop.text.splitlines()]


@pytest.mark.same_on_both
def test_every_line_of_every_program_is_an_object(transactional_db):
    with ShopProgram(web_processes=1, threads=4, LOG_FORMAT="json", LOG_LEVEL="INFO") as shop:
        answer = HttpClient(shop.url).get("/nowhere/", headers={"X-Request-ID": "from-the-proxy"})
        worker = shop.start_worker("--once", STRIPE_API_BASE="http://127.0.0.1:9")
        assert worker.wait(60) == 0
        web = [line for line in objects(shop) if "request_id" in line]
    lines = objects(shop)
    assert (answer.status_code, answer.headers["X-Request-ID"]) == (404, "from-the-proxy")
    assert [(line["request_id"], line["status"]) for line in web if line["message"] == "Not Found: /nowhere/"] == [
        ("from-the-proxy", 404)
    ]
    assert {"gunicorn.error", "django.request", "payments.stripe_client"} <= {line["logger"] for line in lines}
    (failed,) = [line for line in lines if line["logger"].endswith("commands.worker")]
    assert failed["message"].startswith("Reconciliation failed")
    assert "GatewayDown" in failed["traceback"]
    runs = {line["run_id"] for line in lines if line["logger"] == "payments.stripe_client"}
    assert runs == {failed["run_id"]}
    assert failed["run_id"].startswith("reconciliation-")
