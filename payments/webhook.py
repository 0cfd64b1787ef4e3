"""Where Stripe delivers events: verify the raw body, then hand over to the inbox."""

from __future__ import annotations

import logging

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from payments import gateway
from payments.inbox import receive

log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """2xx: the effect is stored (or there is none). 400: not signed by Stripe. 500: not done, Stripe sends it again."""
    try:
        event = gateway.read_event(request.body, request.headers.get("Stripe-Signature", ""))
    except RequestDataTooBig:
        return HttpResponse("The body is too large", status=413, content_type="text/plain")
    except gateway.BadSignature as error:
        log.warning("Webhook refused: %s", error)
        return HttpResponse("No valid signature", status=400, content_type="text/plain")
    try:
        row = receive(event)
    except Exception:
        log.exception("Webhook %s %s was not processed", event.type, event.id)
        return HttpResponse("Not processed, send it again", status=500, content_type="text/plain")
    return HttpResponse(row.outcome or "ok", content_type="text/plain")
