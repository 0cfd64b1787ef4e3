"""One look at an address, as a stranger has it: no cookies, no redirects followed, not a byte more than needed."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from typing import Any

LARGEST = 1_000_000  # bytes that are read


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_about: Any) -> None:
        return None


_opener = urllib.request.build_opener(_Stay)


def look(method: str, url: str, *, body: bytes | None = None, seconds: float) -> tuple[int, bytes, str]:
    """(status, body, Location). Raises OSError, in words, if there was no answer: no such host, refused, a bad certificate."""
    try:
        request = urllib.request.Request(url, body, {"User-Agent": "shop-doctor", "Connection": "close"}, method=method)  # noqa: S310 (SITE_URL or a storage's)
        with _opener.open(request, timeout=seconds) as answer:
            return answer.status, answer.read(LARGEST), ""
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.read(LARGEST), answer.headers.get("Location", "")
    except urllib.error.URLError as error:
        raise OSError(str(error.reason)) from error
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
