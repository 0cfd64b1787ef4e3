"""Errors in the shape of Stripe's API."""

from typing import Any

DOC_URL = "https://docs.stripe.com/error-codes#{}"


class ApiError(Exception):
    """An answer of 400 or more, as Stripe words it.

    `saved` says whether an idempotency key remembers it: Stripe forgets what validation refused.
    `kept` says that what was done before it was raised stays done (a decline leaves a failed charge).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        saved: bool = False,
        kept: bool = False,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        self.message, self.status, self.kind = message, status, kind
        self.code, self.param, self.extra = code, param, extra
        self.saved, self.kept = saved, kept
        self.headers: dict[str, str] = {}

    def body(self, request_id: str) -> dict[str, Any]:
        """The JSON answer; fields without a value are left out, as Stripe does."""
        error: dict[str, Any] = {"message": self.message, "type": self.kind}
        if self.code:
            error |= {"code": self.code, "doc_url": DOC_URL.format(self.code.replace("_", "-"))}
        if self.param:
            error["param"] = self.param
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": error | self.extra}


def missing(kind: str, object_id: str, *, param: str = "id", status: int = 404) -> ApiError:
    """The error for an object that does not exist; `kind` as in Stripe's sentence ("checkout.session")."""
    return ApiError(f"No such {kind}: '{object_id}'", status=status, code="resource_missing", param=param)


def unexpected_state(message: str, *, code: str | None = None, **extra: Any) -> ApiError:
    """The object is in a state that forbids the call. Remembered under the idempotency key."""
    return ApiError(message, code=code, saved=True, **extra)
