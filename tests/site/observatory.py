"""How Mozilla's HTTP Observatory grades one answer, as far as its headers, cookies and scripts go.

Scores and rules from github.com/mdn/mdn-http-observatory, src/grader/charts.js and src/analyzer/tests/*.js, read in November
2026. Left out is what no single answer shows: the redirect from http, the preload list, CORS files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import Morsel, SimpleCookie

BASE, ENOUGH_FOR_EXTRA = 100, 90
GRADES = {100: "A+", 90: "A", 85: "A-", 80: "B+", 70: "B", 65: "B-", 60: "C+", 50: "C", 45: "C-", 40: "D+", 30: "D", 25: "D-"}
BROAD = {"ftp:", "http:", "https:", "*", "http://*", "http://*.*", "https://*", "https://*.*"}
UNSAFE = {"'unsafe-inline'", "data:"}
SIX_MONTHS = 15768000  # seconds
PRIVATE_REFERRER = {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}
SCRIPT = re.compile(r"<script\b([^>]*)>", re.IGNORECASE)


@dataclass
class Report:
    """Points, by what they are for; the whole is 100 and these."""

    points: dict[str, int] = field(default_factory=dict)

    @property
    def score(self) -> int:
        """Extra points count only for those who lose few."""
        without_extra = BASE + sum(points for points in self.points.values() if points < 0)
        return max(0, without_extra if without_extra < ENOUGH_FOR_EXTRA else BASE + sum(self.points.values()))

    @property
    def grade(self) -> str:
        return next((grade for least, grade in GRADES.items() if self.score >= least), "F")


def observe(headers: Mapping[str, str], *, cookies: list[str], page: str) -> Report:
    """Grade an answer that came over https. `cookies`: the values of its Set-Cookie headers, each by itself."""
    named = {name.lower(): value for name, value in headers.items()}
    policy = directives(named.get("content-security-policy", ""))
    hsts = transport(named.get("strict-transport-security", ""))
    return Report(
        {
            "content-security-policy": content_policy(policy),
            "cookies": cookie_points(cookies, hsts=hsts == 0),
            "cross-origin-resource-sharing": sharing(named),
            "cross-origin-resource-policy": resource_policy(named.get("cross-origin-resource-policy")),
            "referrer-policy": referrer(named.get("referrer-policy")),
            "strict-transport-security": hsts,
            "subresource-integrity": scripts(page),
            "x-content-type-options": 0 if named.get("x-content-type-options", "").strip().lower() == "nosniff" else -5,
            "x-frame-options": framing(policy, named.get("x-frame-options", "")),
        }
    )


def directives(policy: str) -> dict[str, set[str]]:
    """A policy taken apart; of a directive that is there twice the first counts."""
    found: dict[str, set[str]] = {}
    for part in policy.split(";"):
        name, *sources = part.split() or [""]
        if name:
            found.setdefault(name.lower(), set(sources))
    return found


def content_policy(policy: dict[str, set[str]]) -> int:
    if not policy:
        return -25
    fallback = policy.get("default-src", {"*"})
    script, style = (_without_void(policy.get(name, fallback)) for name in ("script-src", "style-src"))
    objects = policy.get("object-src", fallback)
    passive = {source for name in ("img-src", "media-src") for source in policy.get(name, fallback)}
    others = [sources for name, sources in policy.items() if name not in ("img-src", "media-src", "script-src")]
    active = script.union(*others)
    if script & (BROAD | UNSAFE) or objects & BROAD or _plain(active):
        return -20
    if "'unsafe-eval'" in script | style or _plain(passive):
        return -10
    if style & (BROAD | UNSAFE):
        return 0
    return 10 if policy.get("default-src") == {"'none'"} else 5


def _without_void(sources: set[str]) -> set[str]:
    """Browsers ignore 'unsafe-inline' beside a nonce or a hash."""
    marked = any(source.startswith(("'nonce-", "'sha256-", "'sha384-", "'sha512-")) for source in sources)
    return sources - {"'unsafe-inline'"} if marked else sources


def _plain(sources: set[str]) -> bool:
    return any(source.startswith(("http:", "ftp:")) for source in sources)


def cookie_points(cookies: list[str], *, hsts: bool) -> int:
    read = [each for text in cookies for each in SimpleCookie(text).values()]
    return min((_of_cookie(cookie, hsts=hsts) for cookie in read), default=0)


def _of_cookie(cookie: Morsel[str], *, hsts: bool) -> int:
    name, same_site = cookie.key.lower(), cookie["samesite"].lower()
    is_session = "login" in name or "sess" in name
    found = [5 if same_site else 0]
    if not cookie["secure"]:
        found.append((-10 if hsts else -40) if is_session else (-5 if hsts else -20))
    if (same_site and same_site not in ("lax", "strict", "none")) or (same_site == "none" and not cookie["secure"]):
        found.append(-20)
    if "csrf" in name and not same_site:
        found.append(-20)
    if is_session and not cookie["httponly"]:
        found.append(-30)
    return min(found)


def sharing(headers: dict[str, str]) -> int:
    everybody = headers.get("access-control-allow-origin", "") not in ("", "*")
    return -50 if everybody and headers.get("access-control-allow-credentials", "").lower() == "true" else 0


def resource_policy(value: str | None) -> int:
    known = {None: 0, "cross-origin": 0, "same-site": 10, "same-origin": 10}
    return known.get(value and value.strip().lower(), -5)


def referrer(value: str | None) -> int:
    if value is None:
        return 0
    last = value.lower().split(",")[-1].strip()
    return 5 if last in PRIVATE_REFERRER else -5


def transport(value: str) -> int:
    age = re.search(r"max-age=\"?(\d+)", value, re.IGNORECASE)
    if age is None:
        return -20
    return 0 if int(age[1]) >= SIX_MONTHS else -10


def framing(policy: dict[str, set[str]], old: str) -> int:
    ancestors = policy.get("frame-ancestors")
    if ancestors is not None and not ancestors & BROAD:
        return 5
    return 0 if old.strip().upper() in ("DENY", "SAMEORIGIN") else -20


def scripts(page: str) -> int:
    """Only scripts of elsewhere cost anything."""
    found = 0
    for attributes in SCRIPT.findall(page):
        address = re.search(r"\bsrc=[\"']?([^\"'\s>]+)", attributes)
        if address and re.match(r"(https?:)?//", address[1]):
            secure, marked = address[1].startswith("https:"), "integrity=" in attributes
            found = min(found, (0 if marked else -5) if secure else (-20 if marked else -50))
    return found
