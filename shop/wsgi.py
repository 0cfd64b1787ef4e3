"""What gunicorn serves. A configuration with errors is not served: the numbered checks say what to set."""

import os
import sys
from collections.abc import Iterable
from typing import Any

import django
from django.core.checks import ERROR, run_checks
from django.core.wsgi import get_wsgi_application

from shop.refusals import WholeBody

NOT_WORTH_A_RETRY = 3  # gunicorn gives up on a worker that ends with this, instead of starting it again and again

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

django.setup(set_prefix=False)
if errors := [message for message in run_checks() if message.is_serious(ERROR) and not message.is_silenced()]:
    print("The shop does not start:", *errors, sep="\n", file=sys.stderr)  # noqa: T201
    raise SystemExit(NOT_WORTH_A_RETRY)

serve = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    environ["wsgi.input"] = WholeBody(environ["wsgi.input"], int(environ.get("CONTENT_LENGTH") or 0))
    return serve(environ, start_response)
