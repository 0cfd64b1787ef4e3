"""One file from an address that somebody else wrote, so that it cannot lead into our own network or hold us up.

The name is resolved once and the connection goes to the address that was checked: a name that changes its mind between the
two (DNS rebinding) gains nothing. Each redirect is checked like the first address.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from catalog.renditions import MAX_BYTES

SECONDS = 30  # for everything, redirects included
CONNECT_SECONDS = 5
MOST_REDIRECTS = 3
PORTS = {"http": 80, "https": 443}
REDIRECTS = (301, 302, 303, 307, 308)
WORTH_ANOTHER_TRY = (408, 425, 429)  # and all from 500
NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class FetchFailed(Exception):
    """The file did not come. The text says why, for staff; `again`: it may come later."""

    def __init__(self, text: str, *, again: bool) -> None:
        super().__init__(text)
        self.again = again


def fetch(url: str, *, seconds: float = SECONDS) -> bytes:
    """The file at this address, at most MAX_BYTES. Raises FetchFailed. Takes `seconds` at most, and a look-up of names."""
    until = time.monotonic() + seconds
    for _redirect in range(MOST_REDIRECTS + 1):
        found = _get(url, until)
        if isinstance(found, bytes):
            return found
        url = _followed(url, found)
    raise FetchFailed(_("More than %d redirects.") % MOST_REDIRECTS, again=False)


def _followed(url: str, place: str) -> str:
    try:
        return urljoin(url, place)
    except ValueError as error:
        raise FetchFailed(_("A redirect to nowhere."), again=False) from error


def may_be_asked(address: Address) -> bool:
    """Is this a machine of the public internet? Addresses that wrap another one are refused, whatever is inside."""
    if isinstance(address, ipaddress.IPv6Address) and (
        address.ipv4_mapped or address.sixtofour or address.teredo or address in NAT64 or address.is_site_local
    ):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _get(url: str, until: float) -> bytes | str:
    """The body, or where the answer sends us."""
    parts, host, port, trusted = _target(url)
    ip = _resolve(host, port, trusted=trusted)
    try:
        with _connection(ip, host, port, parts.scheme == "https", until) as connection:
            found = _exchange(connection, parts, host)
            if time.monotonic() >= until:  # cut off: what looks like the end is none
                raise TimeoutError
            return found
    except (OSError, http.client.HTTPException) as error:
        raise FetchFailed(_why(error, until), again=True) from error


def _target(url: str) -> tuple[SplitResult, str, int, bool]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise FetchFailed(_("This is no address: %s") % url[:100], again=False) from error
    if parts.scheme not in PORTS or not host:
        raise FetchFailed(_("Only http:// and https:// addresses are fetched."), again=False)
    if parts.username or parts.password:
        raise FetchFailed(_("Addresses with a user name are not fetched."), again=False)
    trusted = bool({host, f"{host}:{port}"} & {name.strip().lower() for name in settings.IMPORT_PICTURE_HOSTS})
    if port not in PORTS.values() and not trusted:
        raise FetchFailed(_("Port %d is not asked, only 80 and 443.") % port, again=False)
    return parts, host, port, trusted


def _resolve(host: str, port: int, *, trusted: bool) -> str:
    """The one address that is asked. A name that has one inner address is not asked at all."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchFailed(_("The name %s is not known.") % host[:100], again=True) from error
    addresses = [str(sockaddr[0]) for *_rest, sockaddr in found]
    if not trusted and not all(may_be_asked(ipaddress.ip_address(one.partition("%")[0])) for one in addresses):
        text = _("%s is not on the public internet. If it is yours, name it in IMPORT_PICTURE_HOSTS.")
        raise FetchFailed(text % host[:100], again=False)
    return addresses[0]


@contextmanager
def _connection(ip: str, host: str, port: int, tls: bool, until: float) -> Iterator[http.client.HTTPConnection]:
    """A connection to this very address that is cut at the deadline, also while it sends a byte now and then."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    plain = socket.create_connection((ip, port), timeout=min(CONNECT_SECONDS, left))
    sockets = [plain]
    guard = threading.Timer(max(0.01, until - time.monotonic()), lambda: _cut(sockets))
    guard.daemon = True
    guard.start()
    try:
        if tls:
            sockets.append(_tls(plain, host))
        connection = http.client.HTTPConnection(host, port)
        connection.auto_open = 0
        connection.sock = sockets[-1]
        connection.sock.settimeout(max(0.01, until - time.monotonic()))
        yield connection
    finally:
        guard.cancel()
        for one in sockets:
            one.close()


def _tls(plain: socket.socket, host: str) -> ssl.SSLSocket:
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


def _cut(sockets: list[socket.socket]) -> None:
    for one in list(sockets):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:  # it has ended by itself
            continue


def _exchange(connection: http.client.HTTPConnection, parts: SplitResult, host: str) -> bytes | str:
    way = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (
        f"?{quote(parts.query, safe='/%:@!$&()*+,;=?~-._')}" if parts.query else ""
    )
    headers = {"User-Agent": "shop-import", "Accept": "image/*", "Accept-Encoding": "identity", "Connection": "close"}
    connection.request("GET", way, headers=headers)
    answer = connection.getresponse()
    if answer.status in REDIRECTS:
        return _where_to(answer)
    if answer.status != 200:
        again = answer.status >= 500 or answer.status in WORTH_ANOTHER_TRY
        text = _("%(host)s answers %(status)d.") % {"host": host, "status": answer.status}
        raise FetchFailed(text, again=again)
    return _body(answer)


def _where_to(answer: http.client.HTTPResponse) -> str:
    place = answer.getheader("Location", "")
    if not place or not place.isprintable():
        raise FetchFailed(_("A redirect to nowhere."), again=False)
    return place


def _body(answer: http.client.HTTPResponse) -> bytes:
    promised = answer.length  # None if the answer does not say
    if promised is not None and promised > MAX_BYTES:
        raise _too_large()
    data = bytearray()
    while chunk := answer.read(65536):
        data += chunk
        if len(data) > MAX_BYTES:
            raise _too_large()
    if promised is not None and len(data) < promised:
        raise http.client.IncompleteRead(bytes(data), promised - len(data))
    return bytes(data)


def _too_large() -> FetchFailed:
    return FetchFailed(_("The file is larger than 15 MB."), again=False)


def _why(error: Exception, until: float) -> str:
    if isinstance(error, TimeoutError) or time.monotonic() >= until:
        return _("It took too long.")
    if isinstance(error, ssl.SSLError):
        return _("Its certificate or its encryption is wrong: %s") % str(error)[:150]
    if isinstance(error, ConnectionRefusedError):
        return _("Nobody answers there.")
    return _("The answer broke off: %s") % (str(error)[:150] or type(error).__name__)
