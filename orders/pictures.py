"""The pictures that orders froze: who still shows them, and where they are when the shop's pictures move."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.core.files.storage import default_storage

from catalog.picture_check import name_in
from orders.models import OrderLine


def shown_by_orders() -> Iterator[str]:
    """The addresses of all pictures on order lines, each once."""
    return OrderLine.objects.exclude(image_url="").order_by().values_list("image_url", flat=True).distinct().iterator()


def refresh_order_pictures(*, write: bool, progress: Callable[[int], object] = lambda _count: None) -> int:
    """Rewrite frozen addresses of our own pictures to what the storage says now. Returns how many addresses differ.

    One statement for each address, which may stand on many lines; no network. Safe to repeat.
    """
    differ = 0
    for old in list(shown_by_orders()):
        name = name_in(old)
        new = default_storage.url(name) if name else old
        if new != old:
            differ += 1
            if write:
                OrderLine.objects.filter(image_url=old).update(image_url=new)
        progress(1)
    return differ
