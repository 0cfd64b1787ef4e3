"""What an import leaves in the database: the uploaded file, what became of it, and the pictures that are still to come."""

from __future__ import annotations

import io
from typing import BinaryIO

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

MOST_TOLD = 20  # details of one product, on a page


class ImportRun(models.Model):
    """A product file that staff uploaded: looked through first, applied when somebody says so.

    `groups_done` of `groups_total` products are written, in the order of the file; it moves in the transactions that write
    them. `leased_until` belongs to the worker that works on the run: when it has passed, another one goes on.
    """

    class State(models.TextChoices):
        CHECKING = "checking", _("Being looked through")
        CHECKED = "checked", _("Looked through, nothing changed yet")
        APPLYING = "applying", _("Being applied")
        DONE = "done", _("Applied")
        REFUSED = "refused", _("File refused, nothing changed")

    file_name = models.CharField(_("file"), max_length=200)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.CHECKING)
    error = models.TextField(_("why"), blank=True)
    notes = models.TextField(_("notes"), blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("uploaded by")
    )
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("applied by")
    )
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    lines = models.PositiveIntegerField(_("lines"), default=0)
    groups_done = models.PositiveIntegerField(_("products done"), default=0)
    groups_total = models.PositiveIntegerField(_("products in the file"), default=0)
    new = models.PositiveIntegerField(_("new"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0)
    leased_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.get_state_display()})"

    def open(self) -> BinaryIO:
        """The uploaded bytes, read from the database piece by piece."""
        return io.BufferedReader(_Pieces(self.pk), 256 * 1024)


class ImportPiece(models.Model):
    """A part of an uploaded file: kept where nobody can fetch it, and where every worker finds it."""

    SIZE = 256 * 1024  # bytes

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="pieces")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="catalog_import_piece_once")]


class ImportEntry(models.Model):
    """What became of one product of a file: of all that were refused, and of the first of each other kind.

    Unchanged ones are only counted, unless something of them is left out.
    """

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="entries")
    applied = models.BooleanField(default=False)  # False: from looking through
    outcome = models.CharField(max_length=10)
    handle = models.CharField(max_length=200)
    line = models.PositiveIntegerField()
    details = models.JSONField(default=list)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["run", "applied", "outcome", "id"], name="catalog_import_entry")]

    @property
    def told(self) -> list[str]:
        """What a page says. The first of `details` is the title."""
        return first_of(self.details[1:])


def first_of(details: list[str]) -> list[str]:
    """So many as a page shows of one product, and how many more there are. Done twice, it stays."""
    more = len(details) - MOST_TOLD
    return details if more < 2 else [*details[:MOST_TOLD], gettext("… and %d more") % more]


class PictureToFetch(models.Model):
    """A picture that a file named by its address. With `image` it was fetched; the row then tells where it came from.

    `due_at`: when to try next; null when it was fetched or given up. `for_variants`: ids of variants that will show it.
    """

    product = models.ForeignKey("catalog.Product", models.CASCADE, related_name="pictures_to_fetch", verbose_name=_("product"))
    url = models.CharField(_("address"), max_length=1000)
    position = models.PositiveIntegerField(_("position"), null=True)
    alt = models.CharField(_("description"), max_length=250, blank=True)
    for_variants = models.JSONField(default=list)
    image = models.ForeignKey("catalog.ProductImage", models.CASCADE, null=True, related_name="+", verbose_name=_("picture"))
    due_at = models.DateTimeField(_("next try"), null=True, default=timezone.now)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    error = models.CharField(_("why it is missing"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("picture to fetch")
        verbose_name_plural = _("pictures to fetch")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["product", "url"], name="catalog_picture_to_fetch_once")]
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="catalog_fetch_due")]

    def __str__(self) -> str:
        return self.url


class _Pieces(io.RawIOBase):
    """Reads the pieces of a run in turn; holds one at a time."""

    def __init__(self, run_id: int) -> None:
        self.run_id, self.number, self.rest = run_id, 0, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        if not self.rest:
            piece = ImportPiece.objects.filter(run=self.run_id, number=self.number).values_list("data", flat=True).first()
            self.number += 1
            self.rest = memoryview(bytes(piece or b""))
        target = memoryview(buffer)  # type: ignore[arg-type]
        count = min(len(target), len(self.rest))
        target[:count] = self.rest[:count]
        self.rest = self.rest[count:]
        return count
