"""Pictures on the local disk, served by the shop itself when there is no Azure in front."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".avif": "image/avif"}

# Only names that catalog/renditions.py makes: no dot but the last, so nothing leads out of the folder.
ADDRESS = r"^media/(?P<name>pictures/[0-9a-f]{2}/[0-9a-f]{64}\.(?:jpg|png|webp|avif))\Z"


@require_safe
def picture(request: HttpRequest, name: str) -> FileResponse:
    """Send one stored picture. Its name is made from its content, so a browser may keep it for ever."""
    path = Path(settings.MEDIA_ROOT) / name
    if settings.PICTURES_IN_AZURE or not path.is_file():
        raise Http404(_("There is no such picture."))
    response = FileResponse(path.open("rb"), content_type=TYPES[path.suffix])
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"  # it is shown on Stripe's payment page too
    return response
