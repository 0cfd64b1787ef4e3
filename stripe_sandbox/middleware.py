"""What stands before every view: the running parts on the request, faults, headers, and a door shut to other sites."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from .connection import client_gone, hang_up
from .faults import Fault
from .ids import new_id
from .requestlog import note
from .runtime import Sandbox

# A form answers with a redirect to the shop, which is another origin, and the shop's pictures are shown.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data: http: https:; form-action 'self' http: https:; "
    "base-uri 'none'; frame-ancestors 'none'"
)
FAULTY = ("/v1/", "/c/")
# Browsers call the API from the pages of any shop. Nothing is known by cookies: who calls says who he is.
ANY_ORIGIN = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Request-Id"}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Stripe-Version",
    "Access-Control-Max-Age": "300",
}
Next = Callable[[HttpRequest], HttpResponse]
RUNNING: list[Sandbox] = []  # the one of this process, put here by the server before the first request


def with_sandbox(get_response: Next) -> Next:
    """Hand the running parts to the views; refuse forms that another site posts in a browser."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.sandbox = RUNNING[0]  # type: ignore[attr-defined]
        is_api = request.path.startswith("/v1/")
        if is_api and request.method == "OPTIONS":
            return HttpResponse(status=204, headers=ANY_ORIGIN | PREFLIGHT)
        if not is_api and request.method not in ("GET", "HEAD") and request.headers.get("Sec-Fetch-Site") == "cross-site":
            return HttpResponse("Refused: this form was sent by another site.", status=403, content_type="text/plain")
        response = get_response(request)
        for name, value in ANY_ORIGIN.items() if is_api else ():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def with_faults(get_response: Next) -> Next:
    """Play the fault that hits the request, if there is one."""

    def middleware(request: HttpRequest) -> HttpResponse:
        box: Sandbox = request.sandbox  # type: ignore[attr-defined]
        path = request.path
        fault = box.faults.match(request.method or "", path) if path.startswith(FAULTY) else None
        if fault is None:
            return get_response(request)
        return play(fault, request, get_response, box)

    return middleware


def play(fault: Fault, request: HttpRequest, get_response: Next, box: Sandbox) -> HttpResponse:
    """The answer to a request that a fault has hit; for some faults there is none."""
    if fault.action in ("status", "slow", "hold_before") and request.path.startswith("/v1/"):
        request.fault = fault  # type: ignore[attr-defined]  # the API plays it itself, once the idempotency key is taken
        return get_response(request)
    if fault.action == "status":
        return plain_failure(fault)
    if fault.action in ("slow", "hold_before"):
        return get_response(request) if box.faults.hold(fault, seconds=fault.longest) else hang_up(request)
    if fault.action in ("silent", "drop_before"):
        if request.path.startswith("/v1/"):
            key = request.headers.get("Idempotency-Key")
            note(box, request, request_id=new_id("request"), key=key, status=None)
        if fault.action == "silent":
            box.faults.hold(fault, gone=lambda: client_gone(request))
        return hang_up(request)
    response = get_response(request)  # drop_after, hold_after
    if fault.action == "drop_after":
        return hang_up(request)
    box.faults.hold(fault, gone=lambda: client_gone(request))
    return response


def plain_failure(fault: Fault) -> HttpResponse:
    """A failing page."""
    return HttpResponse(fault.message, status=fault.status, content_type="text/plain", headers=fault.headers)
