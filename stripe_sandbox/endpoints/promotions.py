"""/v1/coupons and /v1/promotion_codes"""

from typing import Any

from ..api import Call
from ..emit import emit
from ..errors import ApiError, missing
from ..flows.discounts import is_over, is_valid
from ..listing import Filter, page
from ..objects import promotion as shapes
from ..store import Item
from .metadata import merged


def load_coupon(call: Call, coupon_id: str, *, param: str = "coupon", status: int = 404) -> Item:
    """A coupon that is not deleted. Raises ApiError."""
    found = call.box.store.find("coupon", coupon_id)
    if not found or found.body.get("deleted"):
        raise missing("coupon", coupon_id, param=param, status=status)
    return found


def shown(body: dict[str, Any]) -> dict[str, Any]:
    """A coupon as it is now: its time may be over."""
    return body | {"valid": is_valid(body)}


def create_coupon(call: Call) -> dict[str, Any]:
    """A new coupon."""
    if "id" in call.params and call.box.store.find_any(call.params["id"]):
        raise ApiError("Coupon already exists.", code="resource_already_exists", param="id")
    coupon = call.box.store.add(shapes.coupon(call.params))
    emit(call.box, "coupon.created", coupon.body)
    return coupon.body


def retrieve_coupon(call: Call) -> dict[str, Any]:
    """One coupon."""
    return shown(load_coupon(call, call.ids["coupon"]).body)


def list_coupons(call: Call) -> dict[str, Any]:
    """Coupons, newest first."""
    found = page(call.box.store, "/v1/coupons", call.params, Filter("coupon", call.params))
    return found | {"data": [shown(body) for body in found["data"]]}


def update_coupon(call: Call) -> dict[str, Any]:
    """Change the name or the metadata of a coupon; what it takes off never changes."""
    coupon = load_coupon(call, call.ids["coupon"])
    change(call, coupon, "coupon.updated", ("name", "currency_options"))
    return shown(coupon.body)


def change(call: Call, found: Item, event: str, keys: tuple[str, ...]) -> None:
    """Set the given keys and merge the metadata, with the event about it."""
    before = dict(found.body)
    found.body |= {key: call.params[key] for key in keys if key in call.params}
    if "metadata" in call.params:
        found.body["metadata"] = merged(before["metadata"], call.params["metadata"])
    call.box.store.save(found)
    previous = {key: value for key, value in before.items() if found.body[key] != value}
    if previous:
        emit(call.box, event, found.body, previous)


def delete_coupon(call: Call) -> dict[str, Any]:
    """Nobody can use it any more; who has used it keeps the discount."""
    coupon = load_coupon(call, call.ids["coupon"])
    emit(call.box, "coupon.deleted", coupon.body)
    coupon.body |= {"deleted": True, "valid": False}
    call.box.store.save(coupon)
    return {"id": coupon.id, "object": "coupon", "deleted": True}


def create_code(call: Call) -> dict[str, Any]:
    """A word for a coupon, which no other active code has."""
    params = call.params
    coupon = load_coupon(call, params["promotion"].get("coupon", ""), param="promotion[coupon]", status=400)
    body = shapes.promotion_code(params, coupon.id)
    same = "kind = 'promotion_code' AND upper(json_extract(body, '$.code')) = ? AND json_extract(body, '$.active')"
    if body["active"] and call.box.store.select(same, (body["code"].upper(),), limit=1):
        message = f"An active promotion code with `code: {body['code']}` already exists."
        raise ApiError(message, code="resource_already_exists", param="code")
    code = call.box.store.add(body)
    emit(call.box, "promotion_code.created", code.body)
    return code.body


def load_code(call: Call) -> Item:
    """The promotion code that the path names. Raises ApiError."""
    found = call.box.store.find("promotion_code", call.ids["promotion_code"])
    if not found:
        raise missing("promotion code", call.ids["promotion_code"], param="promotion_code")
    return found


def still(body: dict[str, Any]) -> dict[str, Any]:
    """A code as it is now: one whose time is over is not active."""
    return body | {"active": body["active"] and not is_over(body["expires_at"], body)}


def retrieve_code(call: Call) -> dict[str, Any]:
    """One promotion code."""
    return still(load_code(call).body)


def list_codes(call: Call) -> dict[str, Any]:
    """Promotion codes, newest first."""
    rows = Filter("promotion_code", call.params, ("customer",))
    if "code" in call.params:
        rows.add("upper(json_extract(body, '$.code')) = ?", call.params["code"].upper())
    if "coupon" in call.params:
        rows.add("json_extract(body, '$.promotion.coupon') = ?", call.params["coupon"])
    if "active" in call.params:
        rows.add("json_extract(body, '$.active') = ?", call.params["active"])
    found = page(call.box.store, "/v1/promotion_codes", call.params, rows)
    return found | {"data": [still(body) for body in found["data"]]}


def update_code(call: Call) -> dict[str, Any]:
    """Switch a promotion code on or off, or change its metadata."""
    code = load_code(call)
    change(call, code, "promotion_code.updated", ("active",))
    return still(code.body)
