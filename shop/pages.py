"""Addresses of the shop's own: is it alive, is it ready; pictures on the local disk."""

from django.urls import re_path

from shop import media

urlpatterns = [
    re_path(media.ADDRESS, media.picture),
]
