"""A tiny real SMTP server for tests: it keeps what it accepts, and misbehaves when it is told to."""

from __future__ import annotations

import email
import socketserver
from email.message import Message
from email.policy import default
from threading import Event, Thread
from types import TracebackType
from typing import Any

ACCEPT = "accept"
REFUSE = "refuse"  # 550 to the recipient, for good
LATER = "later"  # 451 to the recipient
CLOSING = "closing"  # 421 to the sender
LOCKED = "locked"  # 554 instead of a greeting
HANG = "hang"  # no answer to the message
DROP = "drop"  # takes the message and hangs up before it says so


class MailServer:
    """`with MailServer() as server:` listens on `server.port`; `server.mode` may change at any time."""

    def __init__(self) -> None:
        self.mode = ACCEPT
        self.refused: set[str] = set()  # recipients answered with 550 whatever the mode
        self.accepted: list[Message] = []
        self.hanging = 0  # messages that were never answered
        self.dropped = 0  # messages that were taken, and nobody was told
        self.closing = Event()
        self.says_errors = True
        self._server = _Server(("127.0.0.1", 0), _Conversation)
        self._server.daemon_threads = True
        self._server.mail = self
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> MailServer:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop listening: connections are refused from now on."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    mail: MailServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        if self.mail.says_errors:
            super().handle_error(request, client_address)


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.mail: MailServer = self.server.mail  # type: ignore[attr-defined]
        if self.mail.mode == LOCKED:
            return self._say("554 no mail here")
        self._say("220 ready")
        while line := self.rfile.readline().decode().strip():
            if not self._answer(line):
                return None
        return None

    def _answer(self, line: str) -> bool:
        """Answer one command; False ends the conversation."""
        verb = line[:4].upper()
        if verb == "DATA":
            return self._take_message()
        self._say(self._reply(verb, line))
        return verb != "QUIT"

    def _reply(self, verb: str, line: str) -> str:
        if verb == "QUIT":
            return "221 bye"
        if verb == "MAIL" and self.mail.mode == CLOSING:
            return "421 closing"
        if verb == "RCPT":
            if self.mail.mode == REFUSE or any(address in line for address in self.mail.refused):
                return "550 no such mailbox"
            if self.mail.mode == LATER:
                return "451 come back later"
        return "250 fine"

    def _take_message(self) -> bool:
        self._say("354 go on")
        lines: list[bytes] = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:  # the sender died in the middle of it
                return False
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        if self.mail.mode == HANG:
            self.mail.hanging += 1
            self.mail.closing.wait(30)
            return False
        self.mail.accepted.append(email.message_from_bytes(b"".join(lines), policy=default))
        if self.mail.mode == DROP:
            self.mail.dropped += 1
            return False
        self._say("250 taken")
        return True

    def _say(self, text: str) -> Any:
        self.wfile.write(f"{text}\r\n".encode())
