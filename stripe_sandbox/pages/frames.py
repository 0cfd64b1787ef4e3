"""What the stand-in's Stripe.js shows in frames of the shop's page: the embedded page, the fields, the bank's question."""

import json
import secrets
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from .. import cards
from ..errors import ApiError
from ..flows import attempt, sessions
from ..runtime import Sandbox

# Any shop may show them, as with Stripe; their own scripts speak to this program only.
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data: http: https:; "
    "form-action 'self' http: https:; base-uri 'none'; frame-ancestors http: https:"
)
FIELDS = ("number", "expiry", "cvc", "card_name", "iban", "account_name")
# What Stripe.js calls a field that is not right yet.
CODES = {
    "incorrect_number": "invalid_number", "invalid_number": "incomplete_number", "invalid_expiry": "incomplete_expiry",
    "expired": "invalid_expiry_year_past", "invalid_cvc": "incomplete_cvc", "invalid_iban": "invalid_iban",
}  # fmt: skip


def framed(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """A page that a shop may show in a frame."""
    answer = render(request, template, context | {"inside": True}, status=status)
    answer["Content-Security-Policy"] = POLICY
    return answer


def session_of(box: Sandbox, secret: str) -> Any:
    """The session with that client secret. Raises ApiError (404)."""
    session = sessions.load(box, secret.partition("_secret_")[0])
    known = session.body["client_secret"] or ""
    if session.body["ui_mode"] != "embedded_page" or not secrets.compare_digest(known.encode(), secret.encode()):
        raise ApiError("No such embedded page", status=404)
    return session


def completed(session: dict[str, Any], address: str | None) -> str:
    """What Stripe.js is told when the session is complete: where the page goes, or nothing when it stays."""
    stays = session["redirect_on_completion"] != "always"  # no way to pay that is played here leaves the page
    return json.dumps({"event": "complete", "address": None if stays else address})


def fields(request: HttpRequest) -> HttpResponse:
    """The fields of the Payment Element. POST: check what was typed, or fill in a test card."""
    if request.method != "POST":
        methods = ["card", "sepa_debit"]
        context = {"methods": methods, "cards": cards.CARDS, "accounts": cards.ACCOUNTS, "values": {}, "errors": {}}
        return framed(request, "fields.html", context)
    typed = {name: value.strip() for name, value in request.POST.dict().items()}
    action = typed.get("action", "")
    if action.startswith("fill:"):
        return JsonResponse({"values": attempt.fill_in(action.removeprefix("fill:"))})
    errors: dict[str, str] = {}
    attempt.read_means(typed, errors)
    return JsonResponse({"errors": errors, "error": first_of(errors)})


def first_of(errors: dict[str, str]) -> dict[str, str] | None:
    """The first error in the shape of Stripe.js."""
    wrong = [name for name in FIELDS if name in errors]
    if not wrong:
        return None
    message = errors[wrong[0]]
    known = next((code for code, words in cards.MESSAGES.items() if words == message), "")
    return {"type": "validation_error", "code": CODES.get(known, "incomplete_name"), "message": message}
