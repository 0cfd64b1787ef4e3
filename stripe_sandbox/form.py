"""Stripe's form encoding: `a[b][0][c]=v` to nested dicts, lists and strings."""

import re
from typing import Any
from urllib.parse import parse_qsl

from .errors import ApiError

NAME = re.compile(r"[^\[\]]+(\[[^\[\]]*\])*")
PART = re.compile(r"[^\[\]]+|\[\]")
MOST_PARAMETERS = 10_000


def decode(raw: bytes | str) -> dict[str, Any]:
    """Nested parameters of a request body or query; every leaf is a string.

    A hash whose keys are exactly 0, 1, 2 ... becomes a list. Raises ApiError for a name that makes no sense.
    """
    try:
        text = raw.decode() if isinstance(raw, bytes) else raw
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_PARAMETERS, errors="strict")
    except (UnicodeDecodeError, ValueError) as error:
        raise ApiError(f"Invalid request: the parameters could not be read ({error}).") from error
    root: dict[str, Any] = {}
    for name, value in pairs:
        if not NAME.fullmatch(name):
            raise ApiError(f"Invalid parameter name: {name}", param=name)
        put(root, name, value)
    return {key: listed(value) for key, value in root.items()}


def put(root: dict[str, Any], name: str, value: str) -> None:
    """Set one parameter in the nested hashes."""
    if "\0" in value:
        raise ApiError("Invalid string: NUL characters are not allowed", param=name)
    parts = PART.findall(name)
    node = root
    for part in parts[:-1]:
        part = str(len(node)) if part == "[]" else part
        node = node.setdefault(part, {})
        if not isinstance(node, dict):
            raise ApiError(f"Invalid parameters: {name} is both a value and a hash", param=name)
    last = str(len(node)) if parts[-1] == "[]" else parts[-1]
    if isinstance(node.get(last), dict):
        raise ApiError(f"Invalid parameters: {name} is both a value and a hash", param=name)
    node[last] = value


def listed(node: Any) -> Any:
    """Turn hashes with the keys 0, 1, 2 ... into lists, all the way down."""
    if not isinstance(node, dict):
        return node
    node = {key: listed(value) for key, value in node.items()}
    if node and set(node) == {str(number) for number in range(len(node))}:
        return [node[str(number)] for number in range(len(node))]
    return node
