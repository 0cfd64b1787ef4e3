"""The page of the admin that draws how payments and webhooks went."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.counts import write_counts
from payments.charts import charts

NEEDED = ("payments.view_payment", "payments.view_webhookevent")


@require_safe
def charts_page(request: HttpRequest) -> HttpResponse:
    """For staff who may see payments and events. Four statements, by an index each."""
    if not request.user.has_perms(NEEDED):
        raise PermissionDenied
    write_counts()
    about = {"title": _("Payments and webhooks over time"), "zone": timezone.get_current_timezone_name()}
    context = {**admin.site.each_context(request), **about, "charts": charts(timezone.now())}
    return TemplateResponse(request, "admin/payments/charts.html", context)
