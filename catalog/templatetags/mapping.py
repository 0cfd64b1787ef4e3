"""`{{ errors|of:line.variant.pk }}`: the value of a key that is itself a variable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def of(mapping: Mapping[Any, Any] | None, key: object) -> object:
    return (mapping or {}).get(key, "")
