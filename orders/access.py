"""Who may see an order: its owner, the browser that placed it, whoever holds its signed link, and staff who may view orders."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import Http404, HttpRequest, HttpResponse

from accounts.throttle import Limit, TooOften, client_address, too_often_page
from orders.models import Order

SESSION_KEY = "orders"
MOST_REMEMBERED = 20
LONGEST = 100  # characters of a number or a key worth looking at
GUESSES_FROM_ADDRESS = Limit("guesses-from-address", times=30, seconds=600)


def order_key(order: Order) -> str:
    """The secret part of an order's link, made from its number with SECRET_KEY."""
    return _signer().signature(order.number)


def order_link(order: Order) -> str:
    """The absolute address that opens an order for whoever holds it: for mails, and for guests after paying."""
    return f"{settings.SITE_URL}{order.get_absolute_url()}?{urlencode({'key': order_key(order)})}"


def key_opens(number: str, key: str) -> bool:
    """Say whether `key` belongs to `number`; compared in constant time, old keys of SECRET_KEY_FALLBACKS included."""
    if not _readable(key):
        return False
    try:
        return _signer().unsign(f"{number}:{key}") == number
    except BadSignature:
        return False


def get_order_for(request: HttpRequest, number: str) -> Order:
    """Find an order for someone who may see it. Raises Http404 for everyone else, whether the order exists or not."""
    if not _readable(number):
        raise Http404
    orders = Order.objects.filter(number=number)
    if not (_placed_here(request, number) or key_opens(number, request.GET.get("key", "")) or _may_see_all(request)):
        orders = orders.filter(user_id=request.user.pk) if request.user.is_authenticated else orders.none()
    order = orders.prefetch_related("lines", "events").first()
    if order is None:
        raise Http404
    return order


def guessing_is_limited(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Count what a view does not find, per network address; past the limit it answers 429 instead of 404.

    Who may see an order sees it all the same. Nobody else learns from the answer whether there is one.
    """

    @wraps(view)
    def limited(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Http404:
            try:
                GUESSES_FROM_ADDRESS.count(client_address(request))
            except TooOften as error:
                return too_often_page(request, error)
            raise

    return limited


def remember_placed(request: HttpRequest, order: Order) -> None:
    """Let this browser session see the order it placed, until the visitor logs out."""
    numbers = [number for number in request.session.get(SESSION_KEY, []) if number != order.number]
    request.session[SESSION_KEY] = [*numbers, order.number][-MOST_REMEMBERED:]


def last_placed(request: HttpRequest) -> Order | None:
    """Find the order that this browser session placed last."""
    numbers = request.session.get(SESSION_KEY, [])
    return Order.objects.filter(number=numbers[-1]).first() if numbers else None


def _placed_here(request: HttpRequest, number: str) -> bool:
    return number in request.session.get(SESSION_KEY, [])


def _may_see_all(request: HttpRequest) -> bool:
    return request.user.is_staff and request.user.has_perm("orders.view_order")


def _signer() -> Signer:
    return Signer(salt="orders.access")


def _readable(text: str) -> bool:
    """Refuse at the door what no number or key ever holds: nothing, NUL, other scripts, ten kilobytes."""
    return 0 < len(text) <= LONGEST and text.isascii() and text.isprintable()
