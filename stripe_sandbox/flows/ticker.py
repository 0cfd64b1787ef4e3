"""What the clock does by itself."""

from ..timers import Action
from . import checkout, refunds, sessions
from .intents import FINISH as FINISH_PAYMENT

ACTIONS: dict[str, Action] = {
    sessions.EXPIRE: sessions.expire_if_open,
    FINISH_PAYMENT: checkout.finish_when_due,
    refunds.FINISH: refunds.finish_when_due,
}
