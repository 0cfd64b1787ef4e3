"""The process: Django as a library under one gunicorn worker with many threads."""

import logging
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from gunicorn import util
from gunicorn.app.base import BaseApplication

from .config import Config

HERE = Path(__file__).parent
THREADS = 64
LARGEST_BODY = 2 * 1024 * 1024


def configure_django() -> None:
    """Settings of a Django without database, sessions and users."""
    settings.configure(
        DEBUG=False,
        SECRET_KEY="nothing is signed with it",  # noqa: S106 no cookies, no tokens
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="stripe_sandbox.routes",
        MIDDLEWARE=["stripe_sandbox.middleware.with_sandbox", "stripe_sandbox.middleware.with_faults"],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [HERE / "templates"],
                "OPTIONS": {"builtins": ["stripe_sandbox.pages.filters"]},
            }
        ],
        DATA_UPLOAD_MAX_MEMORY_SIZE=LARGEST_BODY,
        DATA_UPLOAD_MAX_NUMBER_FIELDS=10_000,
        APPEND_SLASH=False,
        USE_TZ=True,
        LOGGING_CONFIG=None,
    )
    django.setup(set_prefix=False)


class Server(BaseApplication):
    """gunicorn without its command line. `listener` is bound already, and the server's from now on."""

    def __init__(self, listener: socket.socket, *, db: str, config: Config, public_url: str, log_level: str) -> None:
        self.address, self.fd = listener.getsockname()[:2], listener.detach()
        self.db, self.start_config = db, config
        self.public_url, self.log_level = public_url, log_level
        super().__init__()

    def load_config(self) -> None:
        """Settings of gunicorn."""
        values: dict[str, Any] = {
            "bind": f"fd://{self.fd}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": THREADS,
            "worker_connections": 1000,
            "graceful_timeout": 0,  # hanging requests are meant to hang: a stop cuts them off; the store is transactional
            "keepalive": 20,
            "loglevel": self.log_level,
            "control_socket_disable": True,
            "post_worker_init": lambda worker: self.announce(),
        }
        for name, value in values.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Start the parts of the stand-in, in the worker process."""
        from .flows.ticker import ACTIONS  # needs Django's settings
        from .middleware import RUNNING
        from .runtime import Sandbox
        from .timers import start

        box = Sandbox(db=self.db, config=self.start_config, public_url=self.public_url)
        RUNNING[:] = [box]
        show_clock_of(box)
        box.deliveries.start()
        start(box, ACTIONS)
        return get_wsgi_application()

    def announce(self) -> None:
        """Tell whoever started the program that it answers."""
        host, port = self.address
        print(f"stripe_sandbox ready at http://{host}:{port}", flush=True)


def show_clock_of(box: Any) -> None:
    """Let the `Date` headers, which gunicorn writes, tell the time as far off as the settings say."""
    right = util.http_date
    util.http_date = lambda timestamp=None: right((timestamp or time.time()) + box.config.clock_skew_seconds)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError when the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(512)
    return listener


def serve(listener: socket.socket, *, db: str, config: Config, public_url: str, log_level: str) -> None:
    """Answer until SIGTERM or SIGINT."""
    logging.basicConfig(stream=sys.stderr, level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    logging.getLogger("django.request").setLevel("ERROR")  # every 4xx is meant
    configure_django()
    Server(listener, db=db, config=config, public_url=public_url, log_level=log_level).run()
