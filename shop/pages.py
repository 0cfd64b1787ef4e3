"""Addresses of the shop's own: is it alive, is it ready; pictures on the local disk; what robots are told."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import path, re_path, reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from shop import health, media, metrics

# Below these lie pages of one person, of the staff, or made of what others show.
NOTHING_TO_FIND = ("account", "admin", "cart", "checkout", "orders", "search", "viewed", "webhooks")


@require_safe
@cache_control(max_age=86400)
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask here for pages that name no icon: a picture, an answer in JSON."""
    return redirect(static("img/favicon.ico"))


@require_safe
@cache_control(public=True, max_age=86400)
def robots(request: HttpRequest) -> HttpResponse:
    """Where search engines have nothing to look for, and where the map is."""
    home = reverse("catalog:home")
    lines = ["User-agent: *", *(f"Disallow: {home}{name}/" for name in NOTHING_TO_FIND)]
    lines += ["", f"Sitemap: {settings.SITE_URL}{reverse('catalog:sitemap')}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


urlpatterns = [
    path("robots.txt", robots, name="robots"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("favicon.ico", favicon, name="favicon"),
    re_path(media.ADDRESS, media.picture),
]
