from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from catalog.picture_check import Findings, delete_orphans, look, mend
from orders.pictures import shown_by_orders


class Command(BaseCommand):
    help = (
        "Compare the pictures of products with the files in the storage. Lists pictures whose files are lost and files that "
        "nobody shows, neither a product nor an order. Exit code 1 if anything is wrong and was not mended."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--mend",
            action="store_true",
            help="make lost copies anew, replace a lost original by its widest copy, mark what is gone for good",
        )
        parser.add_argument("--delete-orphans", action="store_true", help="delete files that nobody shows, older than a day")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report, left = self._work(mending=options["mend"], deleting=options["delete_orphans"])
        except OSError as error:
            raise CommandError(f"The picture storage cannot be asked. {error}") from error
        if options["json"]:
            self.stdout.write(json.dumps(report, indent=2))
        else:
            self._tell(report)
        if left:
            sys.exit(1)

    def _work(self, *, mending: bool, deleting: bool) -> tuple[dict[str, Any], int]:
        """What was found and done, and how much is still wrong."""
        with tqdm(desc="Pictures and files", disable=None, unit="") as bar:
            found = look(shown_by_orders, progress=bar.update)
        report, left = _described(found), found.wrong
        if mending:
            with tqdm(desc="Mending", total=len(found.lost) + len(found.forgotten), disable=None) as bar:
                report["mended"] = mend(found, progress=bar.update)
            left -= sum(count for what, count in report["mended"].items() if what != "forgotten")
        if deleting:
            with tqdm(desc="Deleting", total=len(found.orphans), disable=None) as bar:
                report["deleted"] = delete_orphans(found, progress=bar.update)
            left -= len(found.orphans)  # one that was not deleted is in use again
        return report, left

    def _tell(self, report: dict[str, Any]) -> None:
        self.stdout.write(f"{report['pictures']} pictures, {report['files']} files.")
        for one in report["lost"]:
            self.stdout.write(f"  lost: {', '.join(one['files'])} (picture {one['picture']} of product {one['product']})")
        for one in report["forgotten"]:
            self.stdout.write(f"  marked as lost before: {one['file']} (picture {one['picture']} of product {one['product']})")
        for one in report["orphans"]:
            self.stdout.write(f"  orphan: {one['file']} ({one['bytes']} bytes)")
        for what, count in report.get("mended", {}).items():
            self.stdout.write(f"{count:>6}  {what.replace('_', ' ')}")
        if "deleted" in report:
            self.stdout.write(f"{report['deleted']:>6}  orphans deleted")


def _described(found: Findings) -> dict[str, Any]:
    return {
        "pictures": found.pictures,
        "files": found.files,
        "lost": [{"picture": image.pk, "product": image.product_id, "files": names} for image, names in found.lost],
        "forgotten": [{"picture": image.pk, "product": image.product_id, "file": image.name} for image in found.forgotten],
        "orphans": [{"file": file.name, "bytes": file.size} for file in found.orphans],
    }
