"""Every address of the shop, from its own tables of addresses, and every form that its pages show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

from django.urls import URLPattern, get_resolver
from django.urls.resolvers import RegexPattern
from django.utils.regex_helper import normalize


@dataclass(frozen=True)
class Place:
    """An address with its parts left open: "/orders/%(number)s/status/"."""

    pattern: str
    parts: tuple[str, ...]

    def at(self, **parts: Any) -> str:
        return self.pattern % {name: parts[name] for name in self.parts}

    @property
    def is_admin(self) -> bool:
        return self.pattern.startswith("/admin/")


def places() -> list[Place]:
    return list(_walk(get_resolver(), "/"))


def _walk(resolver: Any, before: str) -> Iterator[Place]:
    for each in resolver.url_patterns:
        text = _open(each.pattern)
        if isinstance(each, URLPattern):
            yield Place(before + text, tuple(re.findall(r"%\((\w+)\)s", before + text)))
        else:
            yield from _walk(each, before + text)


def _open(pattern: Any) -> str:
    if isinstance(pattern, RegexPattern):
        return normalize(pattern.regex.pattern)[0][0]
    return re.sub(r"<(?:\w+:)?(\w+)>", r"%(\1)s", str(pattern))


@dataclass
class Form:
    """A form as a page shows it: where it goes, and what a browser would send without a touch."""

    page: str
    method: str
    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)


def forms_of(html: str, *, page: str) -> list[Form]:
    parser = _Forms(page)
    parser.feed(html)
    return parser.forms


class _Forms(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.page = page
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select = self._textarea = ""
        self._options: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        about = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._form = Form(self.page, about.get("method", "get").upper(), urljoin(self.page, about.get("action", "")))
            self.forms.append(self._form)
        name = about.get("name", "")
        if tag == "input" and name and about.get("type") not in ("file", "submit", "button"):
            if about.get("type") not in ("checkbox", "radio") or "checked" in about:
                self._add(name, about.get("value", "on" if about.get("type") in ("checkbox", "radio") else ""))
        elif tag == "select":
            self._select, self._options = name, [] if "multiple" in about else [""]
        elif tag == "option" and self._select and "selected" in about:
            self._options = [*filter(None, self._options), about.get("value", "")]
        elif tag == "textarea":
            self._textarea = name

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self._add(self._textarea, data.strip())
            self._textarea = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            for chosen in self._options if self._select else ():
                self._add(self._select, chosen)
            self._select = ""
        elif tag == "textarea":
            if self._textarea:
                self._add(self._textarea, "")
            self._textarea = ""
        elif tag == "form":
            self._form = None

    def _add(self, name: str, value: str) -> None:
        if self._form and "__prefix__" not in name and name != "csrfmiddlewaretoken":
            self._form.fields.append((name, value))
