"""What gunicorn serves. A configuration with errors is not served: the numbered checks say what to set."""

import os
import sys

import django
from django.core.checks import ERROR, run_checks
from django.core.wsgi import get_wsgi_application

NOT_WORTH_A_RETRY = 3  # gunicorn gives up on a worker that ends with this, instead of starting it again and again

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

django.setup(set_prefix=False)
if errors := [message for message in run_checks() if message.is_serious(ERROR) and not message.is_silenced()]:
    print("The shop does not start:", *errors, sep="\n", file=sys.stderr)  # noqa: T201
    raise SystemExit(NOT_WORTH_A_RETRY)

application = get_wsgi_application()
