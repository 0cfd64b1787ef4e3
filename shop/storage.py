"""Pictures in Azure Blob Storage.

django-storages 1.14.6 drops `client_options` when a connection string is given, and with them every time-out: a save to a
storage that is down then hangs for minutes. That is mended here, and every failure becomes an OSError, as with the local disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobServiceClient, PublicAccess
from django.conf import settings
from django.core.files.base import File
from django.utils.encoding import filepath_to_uri
from storages.backends.azure_storage import AzureStorage


class AzureMediaStorage(AzureStorage):
    """Django's storage API over one container. Raises only OSErrors: ConnectionError, PermissionError, FileNotFoundError."""

    token_credential: Any

    def _get_service_client(self) -> BlobServiceClient:
        if self.connection_string:
            return BlobServiceClient.from_connection_string(self.connection_string, **self.client_options)
        if not (self.account_key or self.sas_token or self.token_credential):
            self.token_credential = _managed_identity()
        return super()._get_service_client()

    def url(self, name: str, *args: Any, **kwargs: Any) -> str:
        """The public address; no request is made. Behind a CDN the stored name follows `AZURE_CDN_BASE_URL`."""
        if settings.AZURE_CDN_BASE_URL:
            return f"{settings.AZURE_CDN_BASE_URL}/{filepath_to_uri(self._get_valid_path(name))}"
        return super().url(name, *args, **kwargs)

    def exists(self, name: str) -> bool:
        with _os_errors():
            return super().exists(name)

    def size(self, name: str) -> int:
        with _os_errors():
            return super().size(name)

    def delete(self, name: str) -> None:
        with _os_errors():
            super().delete(name)

    def _save(self, name: str, content: File) -> str:
        with _os_errors():
            return super()._save(name, content)

    def read(self, name: str) -> bytes:
        with _os_errors():
            return self.client.download_blob(self._get_valid_path(name)).readall()

    def renew(self, name: str) -> None:
        """Make a blob as young as if it were stored now. Raises FileNotFoundError."""
        with _os_errors():
            self.client.get_blob_client(self._get_valid_path(name)).set_blob_metadata(
                {"renewed": datetime.now(UTC).isoformat()}
            )

    def listed(self, prefix: str) -> Iterator[tuple[str, int, datetime, str]]:
        """(name, bytes, last change, version) of each blob below `prefix`; `listdir` of django-storages gives no such thing."""
        with _os_errors():
            for blob in self.client.list_blobs(name_starts_with=self._get_valid_path(prefix)):
                yield blob.name, blob.size, blob.last_modified, blob.etag

    def delete_version(self, name: str, version: str) -> bool:
        """Delete a blob unless it was stored or renewed since it was listed. False: it was, or it is gone."""
        try:
            with _os_errors():
                self.client.delete_blob(name, etag=version, match_condition=MatchConditions.IfNotModified)
        except (FileNotFoundError, FileExistsError):
            return False
        return True

    def prepare(self) -> bool:
        """Create the container: each blob readable by everyone, the list by nobody. False: a container was there already."""
        with _os_errors():
            try:
                self.client.create_container(public_access=PublicAccess.BLOB)
            except ResourceExistsError:
                return False
            return True

    @property
    def is_public(self) -> bool:
        """May a browser read a blob of the container without a key?"""
        with _os_errors():
            return self.client.get_container_properties().public_access is not None


def _managed_identity() -> Any:
    from azure.identity import DefaultAzureCredential  # slow to import, and only needed here

    return DefaultAzureCredential()


@contextmanager
def _os_errors() -> Iterator[None]:
    try:
        yield
    except ResourceNotFoundError as error:
        raise FileNotFoundError(f"Not in Azure storage: {error.message}") from error
    except ResourceModifiedError as error:
        raise FileExistsError(f"Changed in Azure storage meanwhile: {error.message}") from error
    except HttpResponseError as error:
        kind = PermissionError if error.status_code in (401, 403) else ConnectionError
        raise kind(f"Azure storage refused: {error.message}") from error
    except AzureError as error:  # no answer, or no token of the managed identity
        raise ConnectionError(f"Azure storage failed: {error.message}") from error
