"""Filling in the admin's forms as a browser would: what the page shows, with a few fields changed."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from django.test import Client
from django.urls import reverse


class _Fields(HTMLParser):
    """Collects the fields of the main form. Rows that the admin keeps as a template for more are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, Any] = {}
        self._inside, self._select, self._textarea = False, "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        name = about.get("name") or ""
        if tag == "form":
            self._inside = (about.get("id") or "").endswith("_form")
        if not self._inside or "__prefix__" in name:
            return
        if tag == "input" and name and about.get("type") not in ("submit", "file", "button"):
            if about.get("type") not in ("checkbox", "radio") or "checked" in about:
                self.values[name] = about.get("value") or ("on" if about.get("type") == "checkbox" else "")
        elif tag == "select":
            self._select = name
            if "multiple" in about:
                self.values[name] = []
            elif name:
                self.values[name] = ""
        elif tag == "option" and self._select and "selected" in about:
            chosen = about.get("value") or ""
            if isinstance(self.values[self._select], list):
                self.values[self._select].append(chosen)
            else:
                self.values[self._select] = chosen
        elif tag == "textarea":
            self._textarea = name
            self.values[name] = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.values[self._textarea] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._textarea = ""
        elif tag == "select":
            self._select = ""
        elif tag == "form":
            self._inside = False


def page_of(row: Any) -> str:
    return reverse(f"admin:catalog_{row._meta.model_name}_change", args=[row.pk])


def list_of(name: str, query: str = "") -> str:
    return reverse(f"admin:catalog_{name}_changelist") + query


def fields_of(page: str) -> dict[str, Any]:
    """What the form of a page would send as it is."""
    fields = _Fields()
    fields.feed(page)
    return fields.values


def filled_in(client: Client, address: str, **changes: Any) -> dict[str, Any]:
    """What the form at `address` would send, with `changes`; None leaves a field (a ticked box) out."""
    page = client.get(address)
    assert page.status_code == 200, address
    values = {**fields_of(page.content.decode()), **{name.replace("__", "-"): value for name, value in changes.items()}}
    return {name: value for name, value in values.items() if value is not None}


def submit(client: Client, address: str, **changes: Any) -> Any:
    """Send the form. In names of inline fields two underscores stand for a hyphen: images__0__file."""
    return client.post(address, filled_in(client, address, **changes))


def errors_of(answer: Any) -> dict[str, list[str]]:
    """What the page says is wrong, by the field it stands beside."""
    assert answer.status_code == 200
    told = {name: list(text) for name, text in answer.context["adminform"].form.errors.items()}
    for inline in answer.context["inline_admin_formsets"]:
        told |= {f"{inline.formset.prefix}": list(inline.formset.non_form_errors())} if inline.formset.non_form_errors() else {}
        for form in inline.formset.forms:
            told |= {form.add_prefix(name): list(text) for name, text in form.errors.items()}
    return told
