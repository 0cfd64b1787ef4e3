from __future__ import annotations

import pytest

from tests.payments.shopping import Shopper
from tests.sandbox_process import Sandbox


@pytest.fixture
def shopper(transactional_db: None, sandbox: Sandbox) -> Shopper:
    """Ada, at the real stand-in, with webhooks going nowhere unless the test delivers them."""
    return Shopper(sandbox)
