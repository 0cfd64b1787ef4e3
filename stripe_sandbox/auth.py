"""Who may call: any test key of the right shape. A publishable one does only what a browser may."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from .errors import ApiError

KEY = re.compile(r"(sk|rk|pk)_test_\w{8,}", re.ASCII)
NOT_PUBLIC = (
    "This API call cannot be made with a publishable API key. Please use a secret API key. "
    "You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys."
)


@dataclass(frozen=True)
class Caller:
    """Idempotency keys belong to the `account`, which names the key without giving it away. `public`: a browser's key."""

    account: str
    public: bool


def caller(authorization: str | None, method: str) -> Caller:
    """Whose key it is. Raises ApiError (401, 403)."""
    scheme, _, key = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise refused(
            "You did not provide an API key. You need to provide your API key in the Authorization header, "
            "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    key = key.strip()
    if key.startswith(("sk_live_", "rk_live_", "pk_live_")):
        raise refused("This is a stand-in for Stripe: it takes no live keys. Use a key that begins with sk_test_.")
    if not KEY.fullmatch(key):
        raise refused(f"Invalid API Key provided: {hidden(key)}")
    if key.startswith(("sk_test_revoked", "rk_test_revoked")):
        raise refused(f"Expired API Key provided: {hidden(key)}", code="api_key_expired")
    if key.startswith("rk_test_readonly") and method != "GET":
        raise ApiError(
            f"The provided key '{hidden(key)}' does not have the required permissions for this endpoint.",
            status=403,
            code="more_permissions_required_for_application",
        )
    return Caller(hashlib.sha256(key.encode()).hexdigest()[:16], public=key.startswith("pk_"))


def check_public(allowed: bool, params: dict[str, Any]) -> None:
    """Refuse a publishable key for what only the shop's server may do. Raises ApiError (401)."""
    if not allowed or not params.get("client_secret"):
        raise refused(NOT_PUBLIC, code="secret_key_required")


def refused(message: str, *, code: str | None = None) -> ApiError:
    """A 401."""
    return ApiError(message, status=401, code=code)


def hidden(key: str) -> str:
    """The key with its middle replaced, as Stripe shows it."""
    return key[:8] + "*" * 8 + key[-4:] if len(key) > 16 else "*" * 8
