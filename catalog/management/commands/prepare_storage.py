"""Make the place where pictures are kept: the container in Azure, or the folder on the local disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Creates the Azure container (each picture public, the list not) or the local folder. Safe to repeat."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if isinstance(default_storage, FileSystemStorage):
                self._folder()
            else:
                self._container()
        except OSError as error:
            raise CommandError(f"The picture storage cannot be prepared. {error}") from error

    def _folder(self) -> None:
        Path(settings.MEDIA_ROOT).mkdir(parents=True, exist_ok=True)
        self.stdout.write(f"Pictures are kept in {settings.MEDIA_ROOT}")

    def _container(self) -> None:
        created = default_storage.prepare()  # type: ignore[attr-defined]
        name = default_storage.azure_container  # type: ignore[attr-defined]
        self.stdout.write(f"Container “{name}” {'created' if created else 'is there'}.")
        if not settings.AZURE_CDN_BASE_URL and not default_storage.is_public:  # type: ignore[attr-defined]
            self.stderr.write(
                f"Container “{name}” is private, so browsers cannot load its pictures: allow anonymous read access for "
                "blobs (not for the container), or set AZURE_CDN_BASE_URL to a CDN that may read it."
            )
