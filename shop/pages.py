"""Addresses of the shop's own: is it alive, is it ready; pictures on the local disk."""

from django.urls import path, re_path

from shop import health, media

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    re_path(media.ADDRESS, media.picture),
]
