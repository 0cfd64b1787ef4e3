"""Requests that no library sends: headers twice, bodies without end; and the memory that they cost the shop."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from threading import Thread

from tests.trust.programs import ShopProgram


class RawAnswer:
    """`status` is 0 where the connection was cut without an answer; `sent`: bytes of the body that left before that."""

    def __init__(self) -> None:
        self.status, self.sent, self.seconds = 0, 0, 0.0


def raw_post(
    shop: ShopProgram, path: str, headers: Iterable[tuple[str, bytes]], body: Iterable[bytes], *, seconds: float = 30
) -> RawAnswer:
    """Send these bytes until the shop answers or hangs up. Raises TimeoutError if it does neither."""
    answer, begun = RawAnswer(), time.monotonic()
    with socket.create_connection(("127.0.0.1", shop.port), timeout=seconds) as connection:
        head = [f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1".encode()]
        head += [name.encode() + b": " + value for name, value in headers]
        connection.sendall(b"\r\n".join(head) + b"\r\n\r\n")
        sender = Thread(target=_send, args=(connection, body, answer), daemon=True)
        sender.start()
        with suppress(ConnectionError):  # hung up on while it sent: the answer, if any, is lost with it
            first = connection.recv(100)
            answer.status = int(first.split(b" ")[1]) if first else 0
        answer.seconds = time.monotonic() - begun
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        sender.join(seconds)
    return answer


def _send(connection: socket.socket, body: Iterable[bytes], answer: RawAnswer) -> None:
    with suppress(OSError):
        for part in body:
            connection.sendall(part)
            answer.sent += len(part)


def forget_peaks(shop: ShopProgram) -> None:
    """Let the peak of every worker process's memory begin at what it uses now."""
    for pid in shop.web_pids():
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def peaks(shop: ShopProgram) -> dict[int, int]:
    """The most memory that each worker process has used since, in bytes."""
    return {pid: _kilobytes(pid, "VmHWM") * 1024 for pid in shop.web_pids()}


def _kilobytes(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])
