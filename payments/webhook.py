"""Where Stripe delivers events: verify the raw body, then hand over to the inbox."""

from __future__ import annotations

import logging

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.counts import count
from accounts.log_fields import add_log_fields
from payments import gateway
from payments.inbox import receive
from payments.patience import at_most

log = logging.getLogger(__name__)

LARGEST_BODY = 1_000_000  # Stripe's events are far smaller
SECONDS = 4.5  # to wait for Stripe, which itself waits ten for our answer before it sends the shopper back


@csrf_exempt
@require_POST
@at_most(SECONDS)
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """2xx: the effect is stored (or there is none). 400: not signed by Stripe. 500: not done, Stripe sends it again."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > LARGEST_BODY:
        count("webhook:size")
        return HttpResponse("The body is too large", status=413, content_type="text/plain")
    try:
        event = gateway.read_event(request.body, request.headers.get("Stripe-Signature", ""))
    except gateway.BadSignature as error:
        log.warning("Webhook refused: %s", error)
        count("webhook:signature" if "Stripe-Signature" in request.headers else "webhook:unsigned")
        return HttpResponse("No valid signature", status=400, content_type="text/plain")
    add_log_fields(event=event.id)
    try:
        row = receive(event)
    except gateway.GatewayError as error:  # Stripe's failure, or no time was left to ask: nothing to mend here
        log.warning("Webhook %s %s was not processed: %s", event.type, event.id, error)
        count("webhook:stripe")
    except Exception as error:
        log.exception("Webhook %s %s was not processed", event.type, event.id)
        count("webhook:handler", write=not isinstance(error, DatabaseError))  # it would wait for the database once more
    else:
        return HttpResponse(row.outcome or "ok", content_type="text/plain")
    return HttpResponse("Not processed, send it again", status=500, content_type="text/plain")
