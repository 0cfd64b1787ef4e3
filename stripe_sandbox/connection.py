"""The connection behind a request: gunicorn hands it over in the WSGI environment."""

import contextlib
import socket

from django.http import HttpRequest, HttpResponse


def client_gone(request: HttpRequest) -> bool:
    """Whether the other side has closed the connection."""
    link: socket.socket | None = request.META.get("gunicorn.socket")
    if link is None:
        return False
    try:
        return link.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def hang_up(request: HttpRequest) -> HttpResponse:
    """Close the connection; the returned answer reaches nobody."""
    link: socket.socket | None = request.META.get("gunicorn.socket")
    if link is not None:
        with contextlib.suppress(OSError):  # closed by the other side already
            link.shutdown(socket.SHUT_RDWR)
    return HttpResponse(status=500, headers={"Connection": "close"})
