"""Going through the pages of a change of many, as a browser would: choose in a list, type, look, confirm."""

from __future__ import annotations

from typing import Any

from django.test import Client

from tests.catalog.admin_forms import fields_of, list_of


def choose(client: Client, action: str, *things: Any, query: str = "", **more: Any) -> Any:
    """Choose an action for these in their list; answers the page that asks."""
    form = {"action": action, "_selected_action": [thing.pk for thing in things], **more}
    return client.post(list_of(things[0]._meta.model_name, query), form)


def step(client: Client, page: Any, name: str, /, **typed: Any) -> Any:
    """Press the button `name` on this page."""
    form = {**fields_of(page.content.decode()), **typed, "step": name}
    return client.post(page.context["address"], {key: value for key, value in form.items() if value is not None})


def look(client: Client, action: str, *things: Any, **typed: Any) -> Any:
    """The page that shows what would change."""
    return step(client, choose(client, action, *things), "look", **typed)


def rows_of(page: Any) -> dict[str, tuple[str, str]]:
    """What the page says: now and then, or now and why not, by what it names first (a SKU, a title)."""
    about = page.context
    told = {row.name: (row.before, row.after) for row in about["changing"]}
    told |= {row.name: (row.before, row.why) for row in about["staying"]}
    html = page.content.decode()
    assert all(name.split(" · ")[0] in html for name in told)
    return {name.split(" · ")[0]: said for name, said in told.items()}


def messages_of(client: Client, answer: Any) -> list[str]:
    """What the list says after the change."""
    assert answer.status_code == 302, answer.status_code
    return [str(message) for message in client.get(answer["Location"]).context["messages"]]
