"""The demo's own environment: production settings on loopback addresses, with secrets made once per machine.

Everything lives in `.run/` and nothing else is touched, whatever `.env` or the terminal's environment name: a demo must
never write to the database, the storage or the Stripe account of a real shop.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tools.services import azurite_connection_string

ROOT = Path(__file__).resolve().parent.parent
STAFF_EMAIL = "staff@shop.test"
KEPT = ("SHOP_NAME", "SHOP_CURRENCY", "ORDER_HOLD_MINUTES", "LOG_LEVEL")  # may be set for a demo too


class Refused(Exception):
    """The demo cannot start as asked. The text says why and what to do."""


@dataclass(frozen=True)
class Demo:
    """What `make run` was asked for. Ports are those of 127.0.0.1."""

    port: int
    sandbox_port: int
    azurite_port: int
    pictures_in_azurite: bool
    folder: Path
    reload: bool

    @classmethod
    def from_environment(cls, *, reload: bool) -> Demo:
        images = os.environ.get("IMAGES", "")
        if images not in ("", "azurite", "disk"):
            raise Refused(f"IMAGES={images} is not known. Use IMAGES=azurite, or leave it out: pictures on the local disk.")
        return cls(
            port=_port("PORT", 8000),
            sandbox_port=_port("SANDBOX_PORT", 12111),
            azurite_port=_port("AZURITE_PORT", 10000),
            pictures_in_azurite=images == "azurite",
            folder=Path(os.environ.get("RUN_DIR") or ROOT / ".run").resolve(),
            reload=reload,
        )

    @property
    def ports(self) -> dict[str, int]:
        ports = {"PORT": self.port, "SANDBOX_PORT": self.sandbox_port}
        return ports | ({"AZURITE_PORT": self.azurite_port} if self.pictures_in_azurite else {})

    @property
    def shop_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def suffix(self) -> str:
        """Pictures in Azurite have other addresses, and those are stored: such a demo has a database of its own."""
        return "-azurite" if self.pictures_in_azurite else ""

    @property
    def sandbox_database(self) -> Path:
        return self.folder / f"sandbox{self.suffix}.sqlite3"

    @property
    def mail_folder(self) -> Path:
        return self.folder / "mail"

    def secrets(self) -> dict[str, str]:
        """The demo's secrets, made at its first start and kept for the next ones."""
        file = self.folder / "secrets.json"
        if not file.exists():
            made = {
                "SECRET_KEY": secrets.token_urlsafe(60),
                "STRIPE_SECRET_KEY": f"sk_test_{secrets.token_hex(16)}",
                "STRIPE_PUBLISHABLE_KEY": f"pk_test_{secrets.token_hex(16)}",
                "STRIPE_WEBHOOK_SECRETS": f"whsec_{secrets.token_hex(16)}",
                "DEMO_STAFF_PASSWORD": secrets.token_urlsafe(9),
            }
            file.touch(mode=0o600)
            file.write_text(json.dumps(made, indent=1))
        return json.loads(file.read_text())

    def environment(self) -> dict[str, str]:
        """The whole environment of the demo's processes."""
        database = self.folder / f"shop{self.suffix}.sqlite3"
        chosen = {
            "DEBUG": "1" if self.reload else "0",
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "SITE_URL": self.shop_url,
            "TRUSTED_PROXY": "0",
            "DATABASE_URL": os.environ.get("DEMO_DATABASE_URL") or f"sqlite:///{quote(str(database))}",
            "EMAIL_URL": f"filemail:///{quote(str(self.mail_folder))}",
            "DEFAULT_FROM_EMAIL": "shop@shop.test",
            "STRIPE_API_BASE": self.sandbox_url,
            "STRIPE_JS_URL": f"{self.sandbox_url}/stripe.js",
            "PAYMENT_WAYS": "hosted,embedded,element",
            "AZURE_STORAGE_CONNECTION_STRING": azurite_connection_string(self.azurite_port) if self.pictures_in_azurite else "",
            "AZURE_STORAGE_ACCOUNT": "",
            "AZURE_STORAGE_CONTAINER": "media",
            "AZURE_CDN_BASE_URL": "",
            "MEDIA_ROOT": str(self.folder / "media"),
            "DEMO_STAFF_EMAIL": STAFF_EMAIL,
            "PYTHONUNBUFFERED": "1",
            "PORT": str(self.port),
        }
        system = {name: value for name, value in os.environ.items() if name not in _schema() or name in KEPT}
        return {**system, **chosen, **self.secrets()}


def _port(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise Refused(f"{name}={text} is not a port: use a number from 1 to 65535.")
    return int(text)


def _schema() -> set[str]:
    """The names of the shop's variables, as .env.example lists them."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    return {line.lstrip("# ").partition("=")[0] for line in lines if "=" in line}
