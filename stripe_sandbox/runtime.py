"""The parts of one running stand-in, handed to whatever needs them."""

import time

from .config import Config
from .deliveries import Deliveries
from .faults import Faults
from .store import Store


class Sandbox:
    """State, settings, webhooks and faults of this process."""

    def __init__(self, *, db: str, config: Config, public_url: str) -> None:
        self.public_url = public_url.rstrip("/")
        self.store = Store(db)
        self.config = self._start_config = config
        self.deliveries = Deliveries(self.store, lambda: self.config)
        self.faults = Faults()
        self.started = int(time.time())

    def reset(self) -> None:
        """Forget all objects, deliveries, keys and faults; settings go back to those of the start."""
        self.config = self._start_config
        self.faults.reset()
        self.store.forget_everything()
        self.deliveries.notice()
