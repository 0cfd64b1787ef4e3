"""What in a page would run, besides the shop's own script files. Blocks of JSON-LD are data if they hold nothing else."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

OWN_FILE = re.compile(r"/(static/|admin/jsi18n/)")
ADDRESSES = {"href", "src", "action", "formaction", "data", "poster", "srcset", "xlink:href"}
FOREIGN = {"iframe", "object", "embed", "base", "applet", "portal", "frame", "svg:script"}


def live_markup(html: str) -> list[str]:
    """Script elements with contents of their own, handlers, styles, addresses that are scripts, embedded pages."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._data: list[str] | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        about = {name: (value or "").strip() for name, value in attributes}
        if tag == "script" and about == {"type": "application/ld+json"}:
            self._data = []
        elif tag in FOREIGN or (tag == "script" and not OWN_FILE.match(about.get("src", ""))):
            self.found.append(f"<{tag}>")
        if tag == "meta" and about.get("http-equiv", "").lower() == "refresh":
            self.found.append("refresh")
        for name, value in about.items():
            scheme = "".join(value.split()).lower().partition(":")[0]
            is_script = name in ADDRESSES and scheme in ("javascript", "vbscript", "data")
            if is_script or name.startswith("on") or name in ("style", "srcdoc"):
                self.found.append(f"{tag} {name}={value}")

    handle_startendtag = handle_starttag

    def handle_data(self, data: str) -> None:
        if self._data is not None:
            self._data.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._data is not None:
            text, self._data = "".join(self._data), None
            if "<" in text or not _is_json(text):
                self.found.append("data that is none")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
