"""What in a page would run, besides the shop's own script files."""

from __future__ import annotations

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

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        about = {name: (value or "").strip() for name, value in attributes}
        if tag in FOREIGN or (tag == "script" and not OWN_FILE.match(about.get("src", ""))):
            self.found.append(f"<{tag}>")
        if tag == "meta" and about.get("http-equiv", "").lower() == "refresh":
            self.found.append("refresh")
        for name, value in about.items():
            scheme = "".join(value.split()).lower().partition(":")[0]
            is_script = name in ADDRESSES and scheme in ("javascript", "vbscript", "data")
            if is_script or name.startswith("on") or name in ("style", "srcdoc"):
                self.found.append(f"{tag} {name}={value}")

    handle_startendtag = handle_starttag
