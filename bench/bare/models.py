from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.urls import reverse


class Row(models.Model):
    """As much as a bare listing needs of a thing: a title, an address, a price."""

    title = models.CharField(max_length=200)
    slug = models.SlugField(max_length=120, unique=True)
    price = models.DecimalField(max_digits=10, decimal_places=2)

    objects: ClassVar[models.Manager[Row]] = models.Manager()

    class Meta:
        ordering = ["id"]

    def get_absolute_url(self) -> str:
        return reverse("row", args=[self.slug])


class Note(models.Model):
    """What one POST writes."""

    text = models.CharField(max_length=200)
    at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Note]] = models.Manager()
