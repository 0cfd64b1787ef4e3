"""How gunicorn serves the shop: read by `gunicorn shop.wsgi` wherever it is started in this folder."""

import gc
import os

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY") or min(4, (os.cpu_count() or 1) + 1))
worker_class = "gthread"
# A checkout waits for Stripe: the catalogue must not wait with it. A process accepts more than it has threads for, and
# requests are not spread evenly: with eight threads a few checkouts at a silent Stripe held all of one process.
threads = 16
timeout = 30
graceful_timeout = 8
max_requests, max_requests_jitter = 20_000, 2_000
preload_app = True  # a configuration that is refused ends the start once, not once per worker
control_socket_disable = True  # would be a socket in the home folder
accesslog = None  # the proxy in front keeps one; the worker's errors go to stderr
forwarded_allow_ips = ""  # whether a proxy's headers are believed is settings.TRUSTED_PROXY alone, also on this machine


def when_ready(_server: object) -> None:
    """What was loaded stays. Python need not look through it for garbage time and again, nor each process copy it for that."""
    gc.collect()
    gc.freeze()
