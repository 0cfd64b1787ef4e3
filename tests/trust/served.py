"""The shop as gunicorn serves it in these tests, and its commands: the real programs, with stops and without some guards.

    gunicorn tests.trust.served:application        python -m tests.trust.served worker --once

The shop itself knows nothing of this. TRUST_STOPS names the folder of the stops, TRUST_BROKEN the guards that a control is
without (tests/trust/broken.py).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from django.core.management import execute_from_command_line
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from tests.trust.stops import pass_by

FOLDER = Path(os.environ["TRUST_STOPS"])


def stop_at_statements(connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    def statement(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        pass_by(FOLDER, f"before {sql}")
        result = execute(sql, *rest)
        pass_by(FOLDER, f"after {sql}")
        return result

    connection.execute_wrappers.append(statement)


def stop_at_commits() -> None:
    commit = BaseDatabaseWrapper._commit

    def stopping(self: BaseDatabaseWrapper) -> Any:
        pass_by(FOLDER, "before COMMIT")
        result = commit(self)
        pass_by(FOLDER, "after COMMIT")
        return result

    BaseDatabaseWrapper._commit = stopping


def stop_at_requests(serve: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    def stopping(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        name = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        pass_by(FOLDER, f"before request {name}")
        answer = serve(environ, start_response)
        pass_by(FOLDER, f"before answer {name}")
        return answer

    return stopping


def stop_at_calls() -> None:
    request = requests.Session.request

    def stopping(self: requests.Session, method: str, url: str, **options: Any) -> Any:
        name = f"{method.upper()} {urlsplit(url).path}"
        pass_by(FOLDER, f"before call {name}")
        answer = request(self, method, url, **options)
        pass_by(FOLDER, f"after call {name}")
        return answer

    requests.Session.request = stopping


def break_guards() -> None:
    from tests.trust.broken import BROKEN

    for name in filter(None, os.environ.get("TRUST_BROKEN", "").split(",")):
        BROKEN[name]()


connection_created.connect(stop_at_statements)
stop_at_commits()
stop_at_calls()

if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    django.setup()
    break_guards()
    execute_from_command_line(["manage.py", *sys.argv[1:]])
else:
    from shop.wsgi import application as shop

    break_guards()
    application = stop_at_requests(shop)
