"""The verbs of catalog/stock.py for one variant, named by its id: most tests have only one."""

from __future__ import annotations

from catalog import stock


def reserve(variant_id: int, quantity: int, *, reference: str = "ORDER") -> bool:
    return stock.reserve([(variant_id, quantity)], reference=reference, by="shopper")[variant_id]


def release(variant_id: int, quantity: int) -> None:
    stock.release([(variant_id, quantity)], reference="ORDER", by="expiry")


def sell(variant_id: int, quantity: int, *, reference: str = "ORDER") -> dict[int, int]:
    return stock.sell([(variant_id, quantity)], reference=reference, by="webhook")


def put_back(variant_id: int, quantity: int, *, reference: str = "ORDER") -> None:
    stock.put_back([(variant_id, quantity)], reference=reference, by="grace@shop.test")
