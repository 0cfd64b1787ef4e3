"""The pictures of products, as rows: all that a page needs, so that rendering asks no storage."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ProductImage(models.Model):
    """A picture of a product. `url` is empty once the stored file is known to be lost: pages then show a placeholder.

    `renditions` lists the copies for browsers to choose from: [{"name", "url", "width", "height", "type"}], `type` a MIME
    type. They are made after the upload (catalog/picture_work.py): `due_at` says when to try next, null when nothing is to
    be done; `tries` and `error` tell of the tries that failed.
    """

    product = models.ForeignKey("catalog.Product", models.CASCADE, related_name="images", verbose_name=_("product"))
    alt = models.CharField(_("description for those who cannot see it"), max_length=250, blank=True)
    position = models.PositiveIntegerField(_("position"), default=0)
    name = models.CharField(_("stored name"), max_length=200, editable=False)
    url = models.CharField(_("address"), max_length=500, editable=False)
    width = models.PositiveIntegerField(_("width"), editable=False)
    height = models.PositiveIntegerField(_("height"), editable=False)
    colour = models.CharField(_("colour while it loads"), max_length=7, blank=True, editable=False)  # "#a1b2c3"
    renditions = models.JSONField(_("renditions"), default=list, blank=True, editable=False)
    due_at = models.DateTimeField(_("renditions due"), null=True, blank=True, editable=False)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0, editable=False)
    error = models.CharField(_("error"), max_length=300, blank=True, editable=False)

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        ordering = ["position", "id"]
        indexes = [models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="catalog_picture_due")]

    def __str__(self) -> str:
        return self.alt or self.name

    @property
    def is_lost(self) -> bool:
        return not self.url

    @property
    def thumbnail_url(self) -> str:
        """The smallest WebP, which mail programs and payment pages show too; the picture itself while there is none."""
        copies = [one for one in self.renditions if one["type"] == "image/webp"]
        return min(copies, key=lambda one: one["width"])["url"] if copies and self.url else self.url

    def ask_for_renditions(self) -> None:
        """Make them due now. The caller saves the row."""
        self.due_at, self.tries, self.error = timezone.now(), 0, ""
