"""Uploading a picture in the admin as a browser does it, with whatever file and file name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from catalog.models import Product, ProductImage
from tests.trust.every_page import forms_of
from tests.trust.raw_http import RawAnswer, RawClient

BOUNDARY = b"----a-browser"


def upload(
    staff: RawClient, product: Product, *files: bytes, names: Sequence[bytes] = (), kind: bytes = b"image/jpeg"
) -> RawAnswer:
    """Open the page of a product without pictures, change its summary, add these, and save. A redirect: all was taken."""
    page = f"/admin/catalog/product/{product.pk}/change/"
    form = next(form for form in forms_of(staff.send("GET", page).body.decode(), page=page) if "/logout/" not in form.action)
    fields = dict(form.fields) | {"images-TOTAL_FORMS": str(len(files)), "summary": "Changed with its pictures."}
    fields |= {f"images-{number}-alt": "Red" for number in range(len(files))}
    parts = [_part(b'name="%s"' % key.encode(), value.encode()) for key, value in fields.items()]
    for number, file in enumerate(files):
        name = names[number] if names else b"picture.jpg"
        about = b'name="images-%d-file"; filename="%s"' % (number, name)
        parts.append(_part(about, file, b"Content-Type: %s\r\n" % kind))
    body = b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"
    return staff.send("POST", page, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}, body)


def _part(about: bytes, content: bytes, more: bytes = b"") -> bytes:
    return b"--" + BOUNDARY + b"\r\nContent-Disposition: form-data; " + about + b"\r\n" + more + b"\r\n" + content + b"\r\n"


def stored_files() -> set[str]:
    """The names of all pictures on the local disk."""
    folder = Path(settings.MEDIA_ROOT)
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def published(image: ProductImage, browser: RawClient) -> list[RawAnswer]:
    """Every size of a picture as the shop shows it."""
    urls = [image.url, *(one["url"] for one in image.renditions)]
    return [browser.send("GET", urlsplit(url).path) for url in urls]
