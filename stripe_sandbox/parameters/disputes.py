"""Parameters of the dispute calls."""

from ..objects.dispute import FILES, TEXTS
from .checks import anything, flag, hash_of, metadata, one_of, or_empty, text
from .lists import DATED, EXPAND

EVIDENCE = hash_of(
    {name: or_empty(text(20_000)) for name in TEXTS + FILES} | {"appeal": anything, "enhanced_evidence": anything}
)
UPDATE = EXPAND | {
    "evidence": EVIDENCE, "metadata": metadata, "submit": flag,
    "intended_submission_method": one_of("manual", "prefer_manual", "prefer_smart_disputes", "smart_disputes"),
}  # fmt: skip
LIST = DATED | {"charge": text(), "payment_intent": text()}
