"""JSON in and out for the control calls."""

import functools
import json
from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, JsonResponse

from ..config import BadSetting
from ..errors import ApiError
from ..faults import BadFault
from ..runtime import Sandbox


class BadRequest(ValueError):
    """The call makes no sense; the message names the field."""


def control(*methods: str) -> Callable[[Callable[..., Any]], Callable[..., JsonResponse]]:
    """Make a view of a function of (sandbox, given JSON, ids of the path); what it returns is the answer.

    The function may ask for the method by a keyword argument `method`, when there are several.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., JsonResponse]:
        @functools.wraps(function)
        def view(request: HttpRequest, **ids: Any) -> JsonResponse:
            box: Sandbox = request.sandbox  # type: ignore[attr-defined]
            if request.method not in methods:
                return failure(f"{request.method}: this address takes {', '.join(methods)}", 405)
            if len(methods) > 1:
                ids["method"] = request.method
            try:
                return JsonResponse(function(box, given(request), **ids))
            except ApiError as error:
                return failure(error.message, 404 if error.status == 404 else 400, code=error.code, param=error.param)
            except (BadSetting, BadFault, BadRequest) as error:
                return failure(str(error), 400)

        return view

    return decorate


def failure(message: str, status: int, **more: Any) -> JsonResponse:
    """An error as JSON."""
    return JsonResponse({"error": message} | {key: value for key, value in more.items() if value}, status=status)


def given(request: HttpRequest) -> dict[str, Any]:
    """The JSON object in the body, or the query of a GET. Raises BadRequest."""
    if request.method == "GET":
        return request.GET.dict()
    try:
        value = json.loads(request.body or b"{}")
        json.dumps(value, ensure_ascii=False).encode()  # half a character ("\ud800" alone) could never be sent on
    except (ValueError, RecursionError, RequestDataTooBig) as error:
        raise BadRequest(f"body: JSON is needed ({error})") from error
    if not isinstance(value, dict):
        raise BadRequest("body: a JSON object is needed")
    return value


def take(values: dict[str, Any], **kinds: Any) -> dict[str, Any]:
    """The known values, each of the given type (or null). Raises BadRequest for others."""
    for name, value in values.items():
        if name not in kinds:
            raise BadRequest(f"{name}: unknown; there are {', '.join(kinds) or 'none'}")
        kind = kinds[name]
        wrong_bool = isinstance(value, bool) and kind is not bool
        if value is not None and (wrong_bool or not isinstance(value, kind)):
            raise BadRequest(f"{name}: {value!r} is not possible")
    return {name: value for name, value in values.items() if value is not None}


def number_in(values: dict[str, Any], name: str, default: float, most: float) -> float:
    """A number from 0 to `most`, also when it came as text. Raises BadRequest."""
    value = values.get(name, default)
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise BadRequest(f"{name}: a number is needed, not {value!r}") from error
    if not 0 <= number <= most:
        raise BadRequest(f"{name}: from 0 to {most}, not {value!r}")
    return number
