"""/v1/webhook_endpoints: the one address of the settings, to look at"""

import hashlib
from typing import Any

from ..api import Call
from ..errors import missing
from ..listing import page_of

URL = "/v1/webhook_endpoints"


def endpoints(call: Call) -> list[dict[str, Any]]:
    """What an account with these settings would have. The secret is shown at creation only."""
    config = call.box.config
    if not config.webhook_url:
        return []
    return [
        {
            "id": f"we_1{hashlib.sha256(config.webhook_url.encode()).hexdigest()[:23]}",
            "object": "webhook_endpoint",
            "api_version": config.webhook_api_version or None,
            "application": None,
            "created": call.box.started,
            "description": None,
            "enabled_events": config.webhook_events,
            "livemode": False,
            "metadata": {},
            "status": "enabled" if config.delivery != "drop" else "disabled",
            "url": config.webhook_url,
        }
    ]


def listed(call: Call) -> dict[str, Any]:
    """All of them: one, or none."""
    return page_of(endpoints(call), URL, call.params)


def retrieve(call: Call) -> dict[str, Any]:
    """One webhook endpoint. Raises ApiError."""
    found = [entry for entry in endpoints(call) if entry["id"] == call.ids["id"]]
    if not found:
        raise missing("webhook endpoint", call.ids["id"], param="webhook_endpoint")
    return found[0]
