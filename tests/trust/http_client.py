"""A client over real HTTP with the manners of Django's test client: cookies, CSRF tokens, an address of its own."""

from __future__ import annotations

from itertools import count
from typing import Any

import requests

_addresses = count(1)


class Answer:
    """What came back."""

    def __init__(self, response: requests.Response) -> None:
        self.status_code, self.content, self.headers = response.status_code, response.content, response.headers
        self.set_cookies: list[str] = response.raw.headers.getlist("Set-Cookie")
        self.seconds = response.elapsed.total_seconds()

    def __getitem__(self, header: str) -> str:
        return self.headers[header]

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        import json

        return json.loads(self.content)

    def __repr__(self) -> str:
        return f"<Answer {self.status_code} {self.content[:200]!r}>"


class HttpClient:
    """One visitor: a browser session, and an address that the proxy in front would tell (X-Forwarded-For).

    A POST carries the CSRF token of the session unless `csrf` is False.
    """

    def __init__(self, url: str, *, address: str = "") -> None:
        number = next(_addresses)
        self.url = url
        self.address = address or f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Connection"] = "close"  # a kept one may be closed just when the next request is sent

    @property
    def cookies(self) -> Any:
        return self.session.cookies

    def get(self, path: str, params: dict[str, Any] | None = None, **options: Any) -> Answer:
        return self.request("GET", path, params=params, **options)

    def post(
        self,
        path: str,
        data: Any = None,
        *,
        csrf: bool = True,
        content_type: str = "",
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> Answer:
        headers = {**(headers or {}), **({"Content-Type": content_type} if content_type else {})}
        if csrf:
            headers["X-CSRFToken"] = self.csrf_token()
        return self.request("POST", path, data=data, headers=headers, **options)

    def request(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, timeout: float = 60, **options: Any
    ) -> Answer:
        """One request; redirects are answers. Raises requests.RequestException where nothing, or half an answer, came."""
        headers = {"X-Forwarded-For": self.address, **(headers or {})}
        return Answer(
            self.session.request(
                method, f"{self.url}{path}", headers=headers, timeout=timeout, allow_redirects=False, **options
            )
        )

    def csrf_token(self) -> str:
        if "csrftoken" not in self.cookies:
            answer = self.get("/account/login/")
            assert "csrftoken" in self.cookies, answer
        return self.cookies["csrftoken"]

    def log_in(self, email: str, password: str) -> Answer:
        return self.post("/account/login/", {"username": email, "password": password})
