"""/v1/disputes"""

import copy
from typing import Any

from ..api import Call
from ..errors import ApiError
from ..flows import disputes
from ..listing import Filter, page
from .metadata import merged


def retrieve(call: Call) -> dict[str, Any]:
    """One dispute."""
    return disputes.load(call.box, call.ids["dispute"]).body


def listed(call: Call) -> dict[str, Any]:
    """Disputes, newest first."""
    return page(call.box.store, "/v1/disputes", call.params, Filter("dispute", call.params, ("charge", "payment_intent")))


def update(call: Call) -> dict[str, Any]:
    """Answer a dispute; evidence goes to the bank unless `submit` is false. Metadata can be changed at any time."""
    params = call.params
    only_metadata = set(params) <= {"metadata"}
    found = (disputes.load if only_metadata else disputes.load_open)(call.box, call.ids["dispute"])
    if params.get("evidence", {}).get("enhanced_evidence") or params.get("evidence", {}).get("appeal"):
        raise ApiError("This stand-in does not play `enhanced_evidence` and `appeal`.", param="evidence")
    before = copy.deepcopy({key: found.body[key] for key in disputes.WATCHED})
    if "metadata" in params:
        found.body["metadata"] = merged(before["metadata"], params["metadata"])
    if "intended_submission_method" in params:
        found.body["intended_submission_method"] = params["intended_submission_method"]
    if not only_metadata:
        disputes.answer(call.box, found, params.get("evidence", {}), submit=params.get("submit", True))
    call.box.store.save(found)
    disputes.tell_update(call.box, found, before)
    return found.body


def close(call: Call) -> dict[str, Any]:
    """Give in: the dispute is lost, an inquiry closed."""
    found = disputes.load_open(call.box, call.ids["dispute"])
    return disputes.close(call.box, found, "warning_closed" if found.body["status"].startswith("warning_") else "lost")
