"""Can a picture be stored, seen by everybody, and deleted?"""

from __future__ import annotations

import hashlib
import secrets
from urllib.parse import urljoin

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from payments.doctor import HTTP_SECONDS, Finding, fine, in_short, trouble
from payments.http_look import look


def storage_is_public() -> Finding:
    """Stores a small file, named as a picture is, reads it as a browser would, and deletes it."""
    content = secrets.token_bytes(64)
    digest = hashlib.sha256(content).hexdigest()
    try:
        name = default_storage.save(f"pictures/{digest[:2]}/{digest}.webp", ContentFile(content))
    except OSError as error:
        return trouble(f"A picture cannot be stored: {in_short(error)}", _how_to_write())
    problem = _read(name, content)
    try:
        default_storage.delete(name)
    except OSError as error:
        return trouble(f"A picture can be stored and not deleted ({name}): {in_short(error)}", _how_to_write())
    return problem or fine(f"Pictures can be stored, seen by everybody and deleted ({_where()}).")


def _read(name: str, content: bytes) -> Finding | None:
    url = urljoin(f"{settings.SITE_URL}/", default_storage.url(name))
    try:
        status, body, _location = look("GET", url, seconds=HTTP_SECONDS)
    except OSError as error:
        return trouble(f"A stored picture is not reached at {url}: {in_short(error)}", _how_to_show())
    if (status, body) == (200, content):
        return None
    told = f"answers {status}" if status != 200 else "answers something else"
    return trouble(f"A stored picture cannot be seen by everybody: {url} {told}.", _how_to_show())


def _where() -> str:
    return "Azure Blob Storage" if settings.PICTURES_IN_AZURE else f"the folder {settings.MEDIA_ROOT}"


def _how_to_write() -> str:
    if settings.PICTURES_IN_AZURE:
        return "Check AZURE_STORAGE_…: account, key or managed identity, and run manage.py prepare_storage once."
    return (
        f"Let the account that runs the shop write into {settings.MEDIA_ROOT} (MEDIA_ROOT), and look whether the disk is full."
    )


def _how_to_show() -> str:
    if settings.PICTURES_IN_AZURE:
        return (
            "Let everybody read blobs of the container (manage.py prepare_storage makes one so), and check AZURE_CDN_BASE_URL."
        )
    return "Start the shop with the same MEDIA_ROOT, and let /media/ at SITE_URL lead to it."
