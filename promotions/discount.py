"""How much a promotion takes off, and which line bears how much of it: whole minor units that the currency has, exactly."""

from __future__ import annotations

from collections.abc import Sequence

from money import Money
from money.currencies import currency


def percent_of(goods: Money, percent: int) -> Money:
    """`percent` of `goods`, a half rounded up, to the smallest amount that the currency has."""
    step = _step(goods.currency, [goods.minor])
    steps = (goods.minor // step * percent * 2 + 100) // 200
    return Money(steps * step, goods.currency)


def spread(discount: Money, amounts: Sequence[int]) -> list[int]:
    """Share `discount` out over lines of these amounts (minor units), in proportion; the shares add up to it.

    By largest remainder: what is left after rounding down goes to those who lost most by it, earlier lines first. No share
    is larger than its amount, as long as the discount is not larger than their sum.
    """
    whole = sum(amounts)
    if not whole:
        return [0] * len(amounts)
    step = _step(discount.currency, [discount.minor, *amounts])
    steps = discount.minor // step
    shares = [steps * amount // whole for amount in amounts]
    lost = sorted(range(len(amounts)), key=lambda line: (-(steps * amounts[line] % whole), line))
    for line in lost[: steps - sum(shares)]:
        shares[line] += 1
    return [share * step for share in shares]


def _step(code: str, amounts: Sequence[int]) -> int:
    """What amounts of the currency are multiples of; 1 where one of these is not."""
    step = currency(code).step
    return 1 if any(amount % step for amount in amounts) else step
