"""What runs low, and the mail that tells staff once each time something does.

Low is what is on hand, not what is free: a hold that comes and goes is no news. The worker looks every few minutes, so a
checkout pays nothing for it; several workers may look at once.
"""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Case, ExpressionWrapper, F, FloatField, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from catalog.models import LowStockMail, LowStockNotice, StockMovement, Variant

log = logging.getLogger(__name__)

SALES_DAYS = 30
SHOWN = 100  # variants in one mail; the list in the admin has them all
LEASE = timedelta(minutes=2)
TIME_TO_SEND = timedelta(minutes=1)
PAUSE = timedelta(minutes=10)  # after a failure, for as long as it fails
NO_END = 1e9  # days


class TooLate(Exception):
    """The mail server took so long that another worker may send this mail now."""


def threshold() -> Coalesce:
    """At how many units a variant is low: its own number, or the shop's."""
    return Coalesce("low_stock_at", Value(settings.LOW_STOCK_UNITS))


def running_low(variants: QuerySet[Variant] | None = None) -> QuerySet[Variant]:
    """Those on sale that are low on hand."""
    rows = Variant.objects.all() if variants is None else variants
    on_sale = Q(stock_tracked=True, is_active=True, product__is_published=True)
    return rows.filter(on_sale, stock_on_hand__lte=threshold())


def with_sales(variants: QuerySet[Variant]) -> QuerySet[Variant]:
    """With `sold`, units of the last 30 days, and `days_left` until what is free is gone at that pace."""
    since = timezone.now() - timedelta(days=SALES_DAYS)
    sales = StockMovement.objects.filter(variant=OuterRef("pk"), kind=StockMovement.Kind.SALE, at__gte=since).order_by()
    sums = Subquery(sales.values("variant").annotate(sum=-Sum("delta")).values("sum"))
    free = F("stock_on_hand") - F("stock_reserved")
    return variants.annotate(sold=Coalesce(sums, 0)).annotate(
        days_left=Case(
            When(stock_on_hand__lte=F("stock_reserved"), then=ExpressionWrapper(free, output_field=FloatField())),
            When(sold__gt=0, then=ExpressionWrapper(free * float(SALES_DAYS) / F("sold"), output_field=FloatField())),
            default=Value(NO_END),
            output_field=FloatField(),
        )
    )


def tell_of_low_stock() -> int:
    """One turn of the worker: notice, write, send. Returns how many mails went out; does nothing without STOCK_MAIL_TO."""
    if not settings.STOCK_MAIL_TO:
        return 0
    notice()
    write_mail()
    return send_due()


def notice() -> None:
    """Write a row for each variant that became low, and end those that are not any more. Once, whoever looks as well."""
    low = running_low()
    open_ = LowStockNotice.objects.filter(ended_at=None)
    open_.exclude(variant__in=low.values("pk")).update(ended_at=timezone.now())
    new = low.exclude(pk__in=open_.values("variant")).values_list("pk", "stock_on_hand")
    rows = [LowStockNotice(variant_id=pk, on_hand=on_hand) for pk, on_hand in new]
    LowStockNotice.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)


@transaction.atomic
def write_mail() -> LowStockMail | None:
    """Write this hour's mail with all that is low and was not told, if there is any and no mail of this hour."""
    now = timezone.now()
    untold = LowStockNotice.objects.filter(mail=None, ended_at=None)
    if not untold.exists():
        return None
    hour = now.replace(minute=0, second=0, microsecond=0)
    mail, is_new = LowStockMail.objects.get_or_create(hour=hour, defaults={"next_try_at": now})
    if not is_new:
        return None
    if not untold.update(mail=mail):  # the mail of the hour before was written this moment
        mail.delete()
        return None
    return mail


def send_due() -> int:
    """Send what is due. Safe to run at the same time as itself: one conditional UPDATE claims a mail."""
    return sum(_send(mail) for pk in list(_due().values_list("pk", flat=True)) if (mail := claim(pk)))


def claim(pk: int) -> LowStockMail | None:
    """Take a due mail for `LEASE`. None: another worker has it."""
    until = timezone.now() + LEASE
    if not _due().filter(pk=pk).update(claimed_until=until, attempts=F("attempts") + 1):
        return None
    return LowStockMail.objects.get(pk=pk)


def render(mail: LowStockMail) -> EmailMessage:
    """The same at every attempt: what was low when it was noticed."""
    notices = list(mail.notices.select_related("variant__product").order_by("on_hand", "id"))
    context = {
        "notices": notices[:SHOWN],
        "more": len(notices) - SHOWN,
        "link": settings.SITE_URL + reverse("admin:catalog_lowstock_changelist"),
        "shop": settings.SHOP_NAME,
        "count": len(notices),
    }
    with translation.override(settings.LANGUAGE_CODE):
        subject = " ".join(render_to_string("catalog/email/low_stock_subject.txt", context).split())
        body = render_to_string("catalog/email/low_stock_body.txt", context).strip() + "\n"
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    headers = {"Message-ID": f"<low-stock-{mail.hour:%Y%m%d%H}@{host}>", "Auto-Submitted": "auto-generated"}
    return EmailMessage(subject, body, to=settings.STOCK_MAIL_TO, headers=headers)


def _due() -> QuerySet[LowStockMail]:
    now = timezone.now()
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    return LowStockMail.objects.filter(free, sent_at=None, next_try_at__lte=now)


def _send(mail: LowStockMail) -> bool:
    row = LowStockMail.objects.filter(pk=mail.pk, claimed_until=mail.claimed_until, sent_at=None)
    try:
        with closing(get_connection()) as server:
            server.open()
            if mail.claimed_until is None or timezone.now() + TIME_TO_SEND > mail.claimed_until:
                raise TooLate
            server.send_messages([render(mail)])
    except Exception as error:
        log.warning("The mail about low stock of %s was not sent: %s", mail, error)
        said = f"{type(error).__name__}: {error}"[:500]
        row.update(claimed_until=None, next_try_at=timezone.now() + PAUSE, last_error=said)
        return False
    LowStockMail.objects.filter(pk=mail.pk).update(sent_at=timezone.now(), last_error="")
    return True
