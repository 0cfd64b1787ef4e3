"""What the clock does by itself."""

from ..timers import Action
from . import checkout, refund_ends, sessions
from .intents import FINISH as FINISH_PAYMENT

ACTIONS: dict[str, Action] = {
    sessions.EXPIRE: sessions.expire_if_open,
    FINISH_PAYMENT: checkout.finish_when_due,
    refund_ends.FINISH: refund_ends.finish_when_due,
}
