"""What is sent where something sensible was expected. Deterministic: the same every time."""

from __future__ import annotations

from urllib.parse import quote

LONG = "a" * 10_000

# Parts of an address, as they stand in the request line.
PARTS = {
    "emoji": "%F0%9F%98%80",
    "right to left": "%E2%80%AEgnp.exe",
    "nul": "%00",
    "nul inside": "1%00",
    "not utf-8": "%ff%fe",
    "half a sequence": "%C3",
    "surrogate": "%ED%A0%80",
    "raw byte": "\xe9",
    "up": "..",
    "up, encoded": "%2e%2e",
    "up to passwd": "..%2f..%2f..%2fetc%2fpasswd",
    "backslash": "..%5c..%5c",
    "slashes": "%2f%2f",
    "not a code": "%zz",
    "percent": "%25",
    "format": "%25s%25n%7B0%7D",
    "three thousand": "a" * 3000,
    "ten thousand": LONG,
    "zero": "0",
    "minus one": "-1",
    "2**31": str(2**31),
    "2**63": str(2**63),
    "400 digits": "9" * 400,
    "3000 digits": "9" * 3000,
    "exponent": "1e309",
    "full-width": "%EF%BC%91",
    "quoted one": "_31",
    "null": "null",
    "array": "[]",
    "comma": "1,2",
    "semicolon": ";jsessionid=1",
    "line end": "%0d%0aSet-Cookie:%20a=b",
    "markup": "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "quote": "'%20OR%201=1--",
    "blank": "%20",
}

# Values of forms and query strings, before they are encoded. Bytes are sent as they are.
VALUES: dict[str, str | bytes] = {
    "empty": "",
    "blank": " \t\n ",
    "nul": "a\x00b",
    "emoji": "😀",
    "right to left": "\u202eabc\u2066",
    "zero width": "\u200b\ufeff",
    "not utf-8": b"\xff\xfe\x80",
    "surrogate": b"\xed\xa0\x80",
    "zero": "0",
    "minus one": "-1",
    "2**31": str(2**31),
    "2**63": str(2**63),
    "400 digits": "9" * 400,
    "5000 digits": "9" * 5000,
    "exponent": "1e309",
    "nan": "NaN",
    "comma": "1,5",
    "full-width": "１２",
    "mark": "1-1",
    "mark too large": "9999999999-999999999999999999",
    "null": "null",
    "array": "[]",
    "object": '{"$gt": ""}',
    "true": "true",
    "long": LONG,
    "markup": "<script>alert(1)</script>",
    "quote": "'; DROP TABLE orders_order; --",
    "bracket": "(((",
    "up": "../../etc/passwd",
    "elsewhere": "//evil.test/",
    "elsewhere, too": "https:evil.test",
    "script": "javascript:alert(1)",
    "line end": "a\r\nSet-Cookie: a=b",
    "date": "0000-99-99",
    "format": "%s%n{0}{{7*7}}",
}

# Names that the shop reads from query strings, its admin included.
NAMES = (
    "after before q variant session_id key next token "
    "e p o all _facets _popup _to_field _changelist_filters page "
    "id id__exact id__in pk__gte created_at__gte created_at__year created_at__isnull status__exact is_published__exact "
    "sku__regex sku__contains number__exact email__contains name__contains name__regex slug__in object_id__contains "
    "stock category country paid attention kind livemode__exact processed_at__isempty "
    "term app_label model_name field_name"
).split()


def encoded(value: str | bytes) -> str:
    return quote(value, safe="")


def queries(name: str) -> list[str]:
    """Query strings with this name: each odd value, the name twice, as an array, alone."""
    shapes = [f"{name}", f"{name}=", f"{name}=1&{name}=2", f"{name}[]=1", f"{name}[a][b]=1", f"={name}", f"&&{name}=%"]
    return [f"{name}={encoded(value)[:3500]}" for value in VALUES.values()] + shapes


HEADERS: dict[str, dict[str, str]] = {
    "another host": {"Host": "evil.test"},
    "host with a port of words": {"Host": "127.0.0.1:abc"},
    "host with markup": {"Host": "<script>"},
    "host with an address": {"Host": "127.0.0.1@evil.test"},
    "no host": {"Host": ""},
    "forwarded host": {"X-Forwarded-Host": "evil.test"},
    "scheme": {"X-Forwarded-Proto": "javascript"},
    "script name": {"Script-Name": "/evil", "X-Script-Name": "/evil"},
    "language": {"Accept-Language": "xx-" + "y" * 600 + ";q=9,*;q=-1,;;;=,\xff"},
    "many languages": {"Accept-Language": ",".join(["de"] * 2000)},
    "accept": {"Accept": "\xff/\xfe;q=NaN"},
    "encoding": {"Accept-Encoding": "br;q=x, \xff, *;q=0"},
    "range": {"Range": "bytes=9-1,-0,abc,0-99999999999999999999"},
    "since": {"If-Modified-Since": "Thu, 99 Foo 99999999 99:99:99 GMT"},
    "since, long ago": {"If-Modified-Since": "Mon, 01 Jan 0000 00:00:00 GMT"},
    "tag": {"If-None-Match": 'W/"' + '"' * 500, "If-Match": "\xff"},
    "address": {"X-Forwarded-For": "unknown, \xff, ::ffff:999.1.1.1, [::1"},
    "long address": {"X-Forwarded-For": ",".join(["1.1.1.1"] * 1500)},
    "referer": {"Referer": "\xff://[::1"},
    "origin": {"Origin": "https://[evil"},
    "huge": {"X-Huge": "a" * 60_000},
    "signature": {"Stripe-Signature": "t=\xff,v1=\xff,v1="},
    "authorization": {"Authorization": "Basic \xff\xff:::"},
    "expect": {"Expect": "200-maybe"},
    "upgrade": {"Upgrade": "h2c, websocket", "HTTP2-Settings": "\xff"},
    "method": {"X-HTTP-Method-Override": "DELETE"},
    "type": {"Content-Type": "multipart/form-data; boundary=\xff"},
}

COOKIES = {
    "garbage": '\xff\xfe;;;=;=a;"',
    "nul in the session": 'sessionid="aaaaaaaaaaaaaaaa\\000"',
    "emoji in the session": 'sessionid="\\360\\237\\230\\200aaaaaaaaaaaaaa"',
    "raw bytes in the session": "sessionid=\xff\xfeaaaaaaaaaaaaaaaa",
    "short session": "sessionid=a",
    "empty session": "sessionid=",
    "unknown session": "sessionid=" + "a" * 32,
    "quote in the session": "sessionid=' OR '1'='1",
    "two sessions": "sessionid=aaaaaaaaaaaaaaaa; sessionid=bbbbbbbbbbbbbbbb",
    "8 kB session": "sessionid=" + "a" * 8000,
    "nul in the token": 'csrftoken="\\000\\000"',
    "short token": "csrftoken=a",
    "8 kB token": "csrftoken=" + "b" * 8000,
    "odd token": "csrftoken=\xff\xfe",
    "messages": 'messages="\\000[[\\"__json_message\\",0,25,\\"a\\"]]:1:x"; messages=W1s',
    "language": "django_language=\xff; django_timezone=../../etc",
    "thousand": "; ".join(f"c{number}=1" for number in range(700)),
}
