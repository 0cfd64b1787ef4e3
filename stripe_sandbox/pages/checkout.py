"""The payment page, by itself or in a frame of the shop, and the 3-D Secure step"""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from ..cards import ACCOUNTS, CARDS
from ..errors import ApiError
from ..flows import attempt, checkout, discounts, sessions, taxes, totals
from ..flows.checkout import Outcome
from ..parameters.locales import COUNTRIES
from ..runtime import Sandbox
from ..store import Item
from . import frames
from .countries import NAMES
from .redirect import after_payment, after_url, back_with, own_page

KEPT = (
    "email", "phone", "ship_name", "ship_line1", "ship_line2", "ship_city", "ship_postal_code", "ship_state",
    "ship_country", "bill_country", "method", "account_name", "card_name",
)  # fmt: skip


class SeeOther(HttpResponseRedirect):
    """303: go on with a GET."""

    status_code = 303


def pay(request: HttpRequest, session_id: str) -> HttpResponse:
    """Show the payment page of a session, or take what was typed on it."""
    box: Sandbox = request.sandbox  # type: ignore[attr-defined]
    try:
        session = sessions.load(box, session_id)
    except ApiError:
        return render(request, "notice.html", {"title": "No such payment page", "kind": "unknown"}, status=404)
    if session.body["ui_mode"] != "hosted_page":
        return render(request, "notice.html", {"title": "Not a hosted page", "kind": "embedded"}, status=404)
    return payment_page(request, box, session)


def embedded(request: HttpRequest, secret: str) -> HttpResponse:
    """The same in a frame of the shop's page, for who knows the client secret."""
    box: Sandbox = request.sandbox  # type: ignore[attr-defined]
    try:
        session = frames.session_of(box, secret)
    except ApiError:
        return frames.framed(request, "notice.html", {"title": "No such payment page", "kind": "unknown"}, status=404)
    return payment_page(request, box, session)


def show(request: HttpRequest, template: str, context: dict[str, Any], session: dict[str, Any]) -> HttpResponse:
    """A page of the session, in a frame where it belongs there."""
    in_frame = session["ui_mode"] != "hosted_page"
    return frames.framed(request, template, context) if in_frame else render(request, template, context)


def payment_page(request: HttpRequest, box: Sandbox, session: Item) -> HttpResponse:
    """Show it, or take what was typed on it."""
    if request.method == "POST":
        return posted(request, box, session)
    if session.body["status"] != "open":
        return closed(request, session.body)
    return form_page(request, box, session, failure=last_failure(box, session) if "failed" in request.GET else None)


def last_failure(box: Sandbox, session: Item) -> str | None:
    """Why the last attempt did not work, after a step on another page."""
    intent = box.store.find("payment_intent", session.extra.get("intent") or "")
    return ((intent.body["last_payment_error"] or {}) if intent else {}).get("message")


def posted(request: HttpRequest, box: Sandbox, session: Item) -> HttpResponse:
    """A button was pressed: pay, or use or drop a promotion code."""
    typed = request.POST.dict()
    action = typed.get("action", "pay")
    if action in ("promotion", "no_promotion"):
        return use_code(request, box, session, typed if action == "promotion" else typed | {"promotion_code": ""})
    if session.body["status"] != "open":
        return again(request, box, session.body)
    if action.startswith("fill:"):
        return form_page(request, box, session, kept(typed) | attempt.fill_in(action.removeprefix("fill:")))
    try:
        wanted = attempt.read(session.body, typed)
        outcome = checkout.pay(box, session.id, wanted)
    except attempt.BadFields as error:
        return form_page(request, box, session, kept(typed), errors=error.errors)
    except discounts.UnknownCode:
        return use_code(request, box, session, typed | {"promotion_code": ""}, failure="The promotion code is used up.")
    except ApiError as error:
        return form_page(request, box, session, kept(typed), errors={"number": error.message})
    return after(request, box, outcome, kept(typed))


def kept(typed: dict[str, str]) -> dict[str, str]:
    """What the form shows again: never the card."""
    return {key: typed[key] for key in KEPT if key in typed} | {"choice": typed.get("shipping_option", "")}


def use_code(
    request: HttpRequest, box: Sandbox, session: Item, typed: dict[str, str], *, failure: str | None = None
) -> HttpResponse:
    """Apply a promotion code and show the new total."""
    errors = {}
    with box.store.transaction():
        session = sessions.load(box, session.id)
        if session.body["status"] == "open" and session.body["allow_promotion_codes"]:
            try:
                discounts.apply_code(box, session, typed.get("promotion_code", "")[:100])
                box.store.save(session)
            except discounts.UnknownCode:
                errors = {"promotion_code": "This code is invalid."}
    if session.body["status"] != "open":
        return closed(request, session.body)
    return form_page(request, box, session, kept(typed), errors=errors, failure=failure)


def after(request: HttpRequest, box: Sandbox, outcome: Outcome, values: dict[str, str]) -> HttpResponse:
    """Where an attempt leads."""
    if outcome.kind == "requires_action":
        return SeeOther(f"/c/authenticate/{outcome.intent_id}")
    if outcome.done or outcome.kind == "complete":
        address = after_payment(box, outcome, wait=True)
        in_frame = outcome.session["ui_mode"] != "hosted_page"  # which Stripe.js leads on, once it shows that all is done
        return SeeOther(own_page(outcome.session) if in_frame or not address else address)
    if outcome.kind == "expired":
        return closed(request, outcome.session)
    session = sessions.load(box, outcome.session["id"])
    return form_page(request, box, session, values, failure=(outcome.error or {}).get("message"))


def again(request: HttpRequest, box: Sandbox, session: dict[str, Any]) -> HttpResponse:
    """A second press on Pay after the payment: on to the shop, nothing is charged."""
    if session["status"] == "complete":
        return after(request, box, Outcome("complete", session), {})
    return closed(request, session)


def closed(request: HttpRequest, session: dict[str, Any]) -> HttpResponse:
    """The page of a session that is paid or expired."""
    titles = {"complete": "You have paid already", "expired": "This payment page has expired"}
    context = {"title": titles[session["status"]], "kind": session["status"], "session": session}
    if session["status"] == "complete" and session["ui_mode"] == "embedded_page":
        context["tell"] = frames.completed(session, after_url(session))
    return show(request, "notice.html", context, session)


def form_page(
    request: HttpRequest,
    box: Sandbox,
    session: Item,
    values: dict[str, Any] | None = None,
    *,
    errors: dict[str, str] | None = None,
    failure: str | None = None,
) -> HttpResponse:
    """The payment form. It answers 200 also with errors: a browser reports anything else as a broken page."""
    values, errors = {"method": "card"} | known(box, session) | (values or {}), errors or {}
    choice = str(values.get("choice", ""))
    options = shipping_options(box, session, int(choice) if choice.isascii() and choice.isdigit() else 0)
    body, asks_country = session.body, attempt.asks_country(session.body)
    allowed = COUNTRIES if asks_country else (body["shipping_address_collection"] or {}).get("allowed_countries", [])
    context = {
        "here": own_page(body),
        "session": body,
        "lines": [line | product_words(box, line) for line in session.extra["lines"]],
        "values": values,
        "errors": errors,
        "failure": failure,
        "options": options,
        "sums": sums(box, session, options, allowed),
        "asks_country": asks_country,
        "countries": sorted(((code, NAMES.get(code, code)) for code in allowed), key=lambda entry: entry[1]),
        "cards": CARDS,
        "accounts": ACCOUNTS,
        "code": (session.extra.get("discount") or {}).get("promotion_code") and code_of(box, session),
        "nothing_due": body["amount_total"] == 0,
    }
    return show(request, "pay.html", context, body)


def known(box: Sandbox, session: Item) -> dict[str, str]:
    """What need not be typed: the customer's e-mail, or what was typed at an earlier attempt."""
    details = session.extra.get("details")
    if not details:
        customer = box.store.find("customer", session.body["customer"] or "")
        return {"email": (customer.body.get("email") if customer else None) or ""}
    buyer = details["customer"]
    values = {"email": buyer["email"], "phone": buyer["phone"] or "", "bill_country": buyer["address"]["country"] or ""}
    if details["shipping"]:
        address = details["shipping"]["address"]
        values |= {"ship_name": details["shipping"]["name"]} | {f"ship_{key}": value or "" for key, value in address.items()}
    return values | {"choice": str(session.extra.get("shipping_choice", 0))}


def code_of(box: Sandbox, session: Item) -> str:
    """The word of the promotion code in use."""
    found = box.store.find("promotion_code", session.extra["discount"]["promotion_code"])
    return found.body["code"] if found else ""


def product_words(box: Sandbox, line: dict[str, Any]) -> dict[str, str]:
    """What a line shows of its product beside the name: the description, and the first picture if there is one."""
    product = box.store.find("product", line["price"]["product"])
    body = product.body if product else {"description": None, "images": []}
    return {"detail": body["description"] or "", "image": next(iter(body["images"]), "")}


def shipping_options(box: Sandbox, session: Item, chosen: int) -> list[dict[str, Any]]:
    """The shipping choices, each with the total it leads to."""
    body = session.body
    if not body["shipping_options"]:
        return []
    chosen = chosen if chosen < len(body["shipping_options"]) else 0
    entries = []
    for index, option in enumerate(body["shipping_options"]):
        rate = box.store.find("shipping_rate", option["shipping_rate"])
        amount = option["shipping_amount"]
        entries.append(
            {"index": index, "name": rate.body["display_name"] if rate else "", "amount": amount,
             "chosen": index == chosen, "estimate": estimate(rate.body if rate else {})}
        )  # fmt: skip
    return entries


def sums(box: Sandbox, session: Item, options: list[dict[str, Any]], countries: list[str]) -> list[dict[str, Any]]:
    """Tax and total for each shipping choice and each country with a tax of its own; the style sheet shows what is chosen.

    Nothing when there is only one sum.
    """
    taxed = taxes.is_on(session.body)
    if not options and not taxed:
        return []
    found = []
    for place in range(len(options) or 1):
        for country in taxes.groups(countries) if taxed else [""]:
            body = totals.preview(box.store, session, shipping_choice=place, country=country)
            classes = (f"choice choice-{place} " if options else "") + (f"tax tax-{country}" if taxed else "")
            found.append({"classes": classes, "total": body["amount_total"], "tax": body["total_details"]["amount_tax"]})
    return found


def estimate(rate: dict[str, Any]) -> str:
    """How long delivery takes, in words."""
    span = rate.get("delivery_estimate")
    if not span:
        return ""
    ends = [span[key] for key in ("minimum", "maximum") if span[key]]
    if not ends:
        return ""
    unit = ends[-1]["unit"].replace("_", " ") + ("s" if ends[-1]["value"] > 1 else "")
    return " – ".join(str(end["value"]) for end in ends) + f" {unit}"


def authenticate(request: HttpRequest, intent_id: str) -> HttpResponse:
    """The bank's page that asks whether the buyer is the card's owner."""
    box: Sandbox = request.sandbox  # type: ignore[attr-defined]
    intent = box.store.find("payment_intent", intent_id)
    if not intent:
        return render(request, "notice.html", {"title": "No such payment", "kind": "unknown"}, status=404)
    if request.method == "POST":
        outcome = checkout.authenticate(box, intent_id, passed=request.POST.get("answer") == "pass")
        if outcome.kind == "declined" and outcome.session:
            return SeeOther(f"{own_page(outcome.session)}?failed=1")
        if outcome.session:
            return after(request, box, outcome, {})
        intent = box.store.find("payment_intent", intent_id) or intent
    session = box.store.find("checkout.session", intent.extra.get("session", ""))
    in_frame = session.body["ui_mode"] != "hosted_page" if session else intent.extra.get("in_page", False)
    if intent.body["status"] == "requires_action":
        return (frames.framed if in_frame else render)(request, "authenticate.html", {"intent": intent.body})
    if session:
        return SeeOther(own_page(session.body))
    back = intent.extra.get("return_url")
    done = {"title": "Done", "kind": "done", "tell": '{"event": "authenticated"}'}
    if in_frame:
        return frames.framed(request, "notice.html", done)
    return SeeOther(back_with(intent.body, back)) if back else render(request, "notice.html", done)
