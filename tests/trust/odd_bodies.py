"""Bodies that are no form, or a form as no browser sends it."""

from __future__ import annotations

from urllib.parse import urlencode

from tests.trust.odd_values import VALUES

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"

# Content type and body; none of them holds a field that a form of the shop knows.
UNREADABLE: dict[str, tuple[str, bytes]] = {
    "json": ("application/json", b'{"variant": 1, "quantity": 1, "email": "ada@shop.test"}'),
    "json as a form": (URLENCODED, b'{"variant": [1], "quantity": null}'),
    "xml": ("application/xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    "plain text": ("text/plain", b"variant=1&quantity=1"),
    "nothing": (URLENCODED, b""),
    "no type": ("", b"variant=1&quantity=1"),
    "odd type": ("\xff/\xfe; =;;;", b"variant=1"),
    "not utf-8": (URLENCODED, b"\xff\xfe\x00=\x80&%ff=%fe&%zz&=&&==&%"),
    "utf-16": (f"{URLENCODED}; charset=utf-16", "variant=1&quantity=1".encode("utf-16")),
    "unknown charset": (f"{URLENCODED}; charset=klingon", b"a=1"),
    "charset with nul": (f"{URLENCODED}; charset=utf-8%00", b"a=1"),
    "no boundary": ("multipart/form-data", b"--x\r\n"),
    "long boundary": (f"multipart/form-data; boundary={'x' * 300}", b"--x\r\n"),
    "odd boundary": ("multipart/form-data; boundary=\xff\xfe", b"--\xff\xfe\r\n"),
    "another boundary": (MULTIPART, b'--y\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--y--\r\n'),
    "multipart of nothing": (MULTIPART, b""),
    "multipart cut off": (MULTIPART, b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1'),
    "headers without end": (MULTIPART, b"--x\r\nContent-Disposition: form-data; name=" + b"a" * 5000),
    "part without a name": (MULTIPART, b"--x\r\nContent-Disposition: \xff; name\r\n\r\n1\r\n--x--\r\n"),
    "part in broken base64": (
        MULTIPART,
        b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--x--\r\n',
    ),
    "file without a name": (MULTIPART, b'--x\r\nContent-Disposition: form-data; name="a"; filename=""\r\n\r\n1\r\n--x--\r\n'),
    "thousand files": (
        MULTIPART,
        b"".join(b'--x\r\nContent-Disposition: form-data; name="f%d"; filename="a"\r\n\r\n1\r\n' % n for n in range(1000)),
    ),
    "ten thousand fields": (URLENCODED, urlencode({f"lines[{number}]": number for number in range(10_000)}).encode()),
    "ten thousand parts": (
        MULTIPART,
        b"".join(b'--x\r\nContent-Disposition: form-data; name="f%d"\r\n\r\n1\r\n' % n for n in range(10_000)) + b"--x--\r\n",
    ),
    "too large": (URLENCODED, b"a=" + b"b" * 2_700_000),
    "too large, many parts": (
        MULTIPART,
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"b" * 2_700_000 + b"\r\n--x--\r\n",
    ),
}

Fields = list[tuple[str, str | bytes]]


def oddly_filled(fields: Fields, place: int) -> dict[str, Fields]:
    """The same form with one field, the one at `place`, as nobody fills it in."""
    name, value = fields[place]
    before, after = fields[:place], fields[place + 1 :]
    return {
        "missing": [*before, *after],
        "twice": [*fields, (name, value)],
        "twice, then odd": [*fields, (name, "\x00")],
        "array": [*before, (f"{name}[]", value), *after],
        "keyed": [*before, (f"{name}[0][a]", value), *after],
        "other case": [*before, (name.upper(), value), *after],
        **{what: [*before, (name, odd), *after] for what, odd in VALUES.items()},
    }


def urlencoded(fields: Fields) -> bytes:
    return urlencode(fields).encode()
