"""Lists: newest first, a page at a time, by cursor."""

from collections.abc import Sequence
from typing import Any

from .errors import ApiError, missing
from .store import Store

DEFAULT_LIMIT = 10
COMPARED = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def list_object(data: list[Any], url: str, *, has_more: bool) -> dict[str, Any]:
    """Stripe's list."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


class Filter:
    """Conditions on the rows of one kind, collected from the parameters of a list call."""

    def __init__(self, kind: str, params: dict[str, Any], columns: Sequence[str] = ()) -> None:
        self.kind = kind
        self.where, self.args = ["kind = ?", "deleted IS NULL"], [kind]
        for column in columns:
            if column in params:
                self.add(f"{column} = ?", params[column])
        for word, moment in params.get("created", {}).items():
            self.add(f"created {COMPARED[word]} ?", moment)

    def add(self, condition: str, *args: Any) -> "Filter":
        """One more condition, written in this program."""
        self.where.append(condition)
        self.args.extend(args)
        return self


def page(store: Store, url: str, params: dict[str, Any], rows: Filter) -> dict[str, Any]:
    """One page of stored objects. Raises ApiError for a cursor that does not exist."""
    limit, backwards = params.get("limit", DEFAULT_LIMIT), "ending_before" in params
    check_cursors(params)
    for word, sign in (("starting_after", "<"), ("ending_before", ">")):
        if word in params:
            rows.add(f"seq {sign} ?", position(store, rows.kind, params[word], word))
    order = "seq ASC" if backwards else "seq DESC"
    found = store.select(" AND ".join(rows.where), rows.args, order=order, limit=limit + 1)
    data = [item.body for item in found[:limit]]
    return list_object(data[::-1] if backwards else data, url, has_more=len(found) > limit)


def check_cursors(params: dict[str, Any]) -> None:
    """One cursor at most."""
    if "starting_after" in params and "ending_before" in params:
        message = "You may only specify one of these parameters: ending_before, starting_after."
        raise ApiError(message, code="parameters_exclusive", param="ending_before")


def position(store: Store, kind: str, object_id: str, param: str) -> int:
    """Where the object stands in the order of creation. Raises ApiError."""
    rows = store.query("SELECT seq FROM objects WHERE id = ? AND kind = ?", (object_id, kind))
    if not rows:
        raise missing(kind, object_id, param=param, status=400)
    return rows[0]["seq"]


def page_of(entries: list[dict[str, Any]], url: str, params: dict[str, Any]) -> dict[str, Any]:
    """One page of a short list that is at hand whole, in its own order. Raises ApiError for an unknown cursor."""
    check_cursors(params)
    limit = params.get("limit", DEFAULT_LIMIT)
    places = {entry["id"]: place for place, entry in enumerate(entries)}
    for word in ("starting_after", "ending_before"):
        if word in params and params[word] not in places:
            raise missing("item", params[word], param=word, status=400)
    if "ending_before" in params:
        end = places[params["ending_before"]]
        return list_object(entries[max(end - limit, 0) : end], url, has_more=end > limit)
    begin = places[params["starting_after"]] + 1 if "starting_after" in params else 0
    return list_object(entries[begin : begin + limit], url, has_more=len(entries) > begin + limit)
