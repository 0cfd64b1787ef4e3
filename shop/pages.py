"""Addresses of the shop's own: is it alive, is it ready; pictures on the local disk."""

urlpatterns: list = []
