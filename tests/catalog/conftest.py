from __future__ import annotations

import socket
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.models import Variant
from shop import settings as shop_settings
from tests import factories
from tests.shelf import reserve


@pytest.fixture
def media(settings: Any, tmp_path: Path) -> Path:
    """The folder that pictures of this test go to."""
    settings.MEDIA_ROOT = str(tmp_path)
    return tmp_path


@pytest.fixture
def stocked(db: None) -> Variant:
    """A variant with five units, two of them promised to an order."""
    variant = factories.variant(on_hand=5, price_minor=4900, option_values={"Size": "A3"})
    reserve(variant.pk, 2)
    return variant


@pytest.fixture
def in_azure(settings: Any) -> Callable[[str], str]:
    """`in_azure(connection_string)`: from here on pictures go there, with the options of production."""

    def use(connection_string: str, **changes: Any) -> str:
        container = f"test-{uuid.uuid4()}"
        options = shop_settings._azure["OPTIONS"] | {"connection_string": connection_string, "azure_container": container}
        settings.PICTURES_IN_AZURE = True
        settings.STORAGES = {**settings.STORAGES, "default": {**shop_settings._azure, "OPTIONS": options | changes}}
        return container

    return use


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        yield server
