"""Answering one API call: key, version, faults, idempotency, parameters, work, answer."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse

from . import API_VERSION, auth, idempotency
from .connection import hang_up
from .emit import CAUSE
from .errors import ApiError
from .expand import expand
from .faults import Fault
from .form import decode
from .ids import new_id
from .parameters.checks import Check, check_fields
from .requestlog import note
from .runtime import Sandbox

log = logging.getLogger(__name__)


class Abandoned(Exception):
    """The stand-in was reset while the request waited."""


@dataclass(frozen=True)
class Call:
    """One request that has passed all checks; `ids` are those of its path."""

    box: Sandbox
    params: dict[str, Any]
    path: str
    ids: Mapping[str, str]
    public: bool = False  # called by a browser, with a publishable key


@dataclass(frozen=True)
class Operation:
    """One endpoint with one method: what it does, what it takes, and what is checked between parameters."""

    run: Callable[[Call], dict[str, Any]]
    params: Mapping[str, Check]
    required: tuple[str, ...] = ()
    rules: Callable[[dict[str, Any]], None] | None = None
    public: bool = False  # a browser may call it, with the object's client secret


@dataclass
class Reply:
    """An answer on its way out."""

    status: int
    body: str
    replayed_from: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def endpoint(**operations: Operation) -> Callable[..., HttpResponse]:
    """A Django view of one path: `endpoint(GET=..., POST=...)`."""

    def view(request: HttpRequest, **ids: str) -> HttpResponse:
        return answer(request, operations.get(request.method or ""), ids)

    return view


def not_found(request: HttpRequest, **_: str) -> HttpResponse:
    """Every other path below /v1."""
    return answer(request, None, {})


def answer(request: HttpRequest, operation: Operation | None, ids: Mapping[str, str]) -> HttpResponse:
    """The answer to a request, logged; errors in Stripe's shape."""
    box: Sandbox = request.sandbox  # type: ignore[attr-defined]
    request_id = new_id("request")
    key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
    token = CAUSE.set({"id": request_id, "idempotency_key": key})
    try:
        reply = reply_to(request, operation, ids, box, request_id, key)
    except Abandoned:
        return hang_up(request)
    except ApiError as error:
        reply = Reply(error.status, dump(error.body(request_id)), headers=error.headers)
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        broken = ApiError("The stand-in failed; see its log.", status=500, kind="api_error")
        reply = Reply(500, dump(broken.body(request_id)))
    finally:
        CAUSE.reset(token)
    note(box, request, request_id=request_id, key=key, status=reply.status, replayed=bool(reply.replayed_from))
    return http(reply, request_id, key)


def reply_to(
    request: HttpRequest,
    operation: Operation | None,
    ids: Mapping[str, str],
    box: Sandbox,
    request_id: str,
    key: str | None,
) -> Reply:
    """Check the request, do the work once per idempotency key. Raises ApiError."""
    caller = auth.caller(authorization(request), request.method or "")
    account = caller.account
    check_version(request.headers.get("Stripe-Version"))
    fault: Fault | None = getattr(request, "fault", None)
    failing = told_to_fail(fault) if fault and fault.action == "status" else None
    if failing and not failing.saved:
        raise failing
    if operation is None:
        message = f"Unrecognized request URL ({request.method}: {request.path}). See https://docs.stripe.com/api."
        raise ApiError(message, status=404)
    given = parameters(request)
    if caller.public:
        given.pop("key", None)
        auth.check_public(operation.public, given)

    def work() -> Reply:
        if failing:
            raise failing
        return perform(operation, Call(box, given, request.path, ids, public=caller.public), request_id)

    if key is None:
        pause(box, fault)
        return work()
    mark = idempotency.fingerprint(request.method or "", request.path, given)
    old = idempotency.claim(box.store, account, key, mark, request_id)
    pause(box, fault)
    if old:
        return Reply(old.status, old.body, replayed_from=old.request_id)
    return first_reply(work, box, account, key, request_id)


def pause(box: Sandbox, fault: Fault | None) -> None:
    """Wait where a slow or holding fault says so. The work is done afterwards even if the client has gone, as at Stripe."""
    if fault and fault.action in ("slow", "hold_before") and not box.faults.hold(fault, seconds=fault.longest):
        raise Abandoned


def first_reply(work: Callable[[], Reply], box: Sandbox, account: str, key: str, request_id: str) -> Reply:
    """Do the work and remember its answer under the key; what validation refuses is forgotten.

    Work and memory are one transaction: an end of the process leaves both or neither.
    """
    try:
        with box.store.transaction():
            reply = work()
            idempotency.remember(box.store, account, key, status=reply.status, body=reply.body)
            return reply
    except ApiError as error:
        body = dump(error.body(request_id))
        if error.saved:
            idempotency.remember(box.store, account, key, status=error.status, body=body)
        else:
            idempotency.forget(box.store, account, key)
        return Reply(error.status, body, headers=error.headers)
    except Exception:
        idempotency.forget(box.store, account, key)
        raise


def perform(operation: Operation, call: Call, request_id: str) -> Reply:
    """Check the parameters and do the work in one transaction. Raises ApiError."""
    params = check_fields(call.params, operation.params, operation.required)
    if operation.rules:
        operation.rules(params)
    paths = params.pop("expand", [])
    with call.box.store.transaction():
        try:
            body = operation.run(replace(call, params=params))
        except ApiError as error:
            if not error.kept:
                raise
            return Reply(error.status, dump(error.body(request_id)))
        return Reply(200, dump(expand(call.box.store, body, paths)))


def told_to_fail(fault: Fault) -> ApiError:
    """The error that a `status` fault asks for."""
    kind = "api_error" if fault.status >= 500 else "card_error" if fault.status == 402 else "invalid_request_error"
    code = fault.code or {402: "card_declined", 429: "rate_limit"}.get(fault.status)
    error = ApiError(fault.message, status=fault.status, kind=kind, code=code, saved=fault.remembered)
    error.headers = fault.headers
    return error


def authorization(request: HttpRequest) -> str | None:
    """The header, or the publishable key among the parameters, where browsers may put it."""
    if "Authorization" in request.headers:
        return request.headers["Authorization"]
    try:
        key = parameters(request).get("key")
    except ApiError:
        return None
    return f"Bearer {key}" if isinstance(key, str) and key.startswith("pk_") else None


def parameters(request: HttpRequest) -> dict[str, Any]:
    """Decoded parameters: the body of a POST, the query of anything else. Raises ApiError."""
    if request.method != "POST":
        return decode(request.META.get("QUERY_STRING", ""))
    if request.META.get("QUERY_STRING"):
        raise ApiError("Parameters of a POST request belong in the body.", param=request.META["QUERY_STRING"].split("=")[0])
    try:
        raw = request.body
    except RequestDataTooBig as error:
        raise ApiError("The request is too large.") from error
    kind = request.headers.get("Content-Type", "").split(";")[0].strip()
    if raw and kind != "application/x-www-form-urlencoded":
        message = f"Invalid request: the Content-Type must be application/x-www-form-urlencoded, not {kind or 'missing'}."
        raise ApiError(message)
    return decode(raw)


def check_version(version: str | None) -> None:
    """Refuse a version of the API other than the one that is played. Raises ApiError."""
    if version not in (None, API_VERSION):
        raise ApiError(f"Invalid Stripe API version: {version}. This stand-in plays {API_VERSION} only.")


def dump(body: dict[str, Any]) -> str:
    """Pretty-printed JSON, as Stripe answers."""
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def http(reply: Reply, request_id: str, key: str | None) -> HttpResponse:
    """The answer with Stripe's headers."""
    response = HttpResponse(reply.body, status=reply.status, content_type="application/json")
    response["Request-Id"] = request_id
    response["Stripe-Version"] = API_VERSION
    response["Cache-Control"] = "no-cache, no-store"
    if key is not None:
        response["Idempotency-Key"] = quote(key, safe=" !#$%&'()*+,-./:;<=>?@[]^_`{|}~")
        response["Original-Request"] = reply.replayed_from or request_id
    if reply.replayed_from:
        response["Idempotent-Replayed"] = "true"
    for name, value in reply.headers.items():
        response[name] = str(value)
    return response
