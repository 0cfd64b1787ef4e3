from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.core.validators import validate_email
from tqdm import tqdm

from payments.doctor import State
from shop.doctor.examine import Result, checks, examine

SHOWN = {State.OK: "ok", State.WARNING: "warning", State.TROUBLE: "TROUBLE"}


class Command(BaseCommand):
    help = (
        "Examine keys, webhook, clock, storage, mail, database and so on, and say how to mend what is wrong: then exit code 1."
    )
    requires_system_checks = ()  # what they find is told like everything else

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--mail-to", default="", metavar="ADDRESS", help="send one mail there")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["mail_to"]:
            validate_email(options["mail_to"])
        chosen = checks(mail_to=options["mail_to"])
        with tqdm(desc="Checks", total=len(chosen), disable=None, leave=False) as bar:
            results = examine(chosen, progress=bar.update)
        found = sum(result.is_trouble for result in results)
        if options["json"]:
            self.stdout.write(json.dumps({"trouble": found, "checks": [asdict(result) for result in results]}, indent=2))
        else:
            self._tell(results)
            self.stdout.write(f"{found} of {len(results)} checks found trouble." if found else "No trouble was found.")
        if found:
            sys.exit(1)

    def _tell(self, results: list[Result]) -> None:
        for result in results:
            for finding in result.findings:
                self.stdout.write(f"{SHOWN[finding.state]:8} {result.name}: {finding.says}")
                if finding.mend:
                    self.stdout.write(f"         To mend: {finding.mend}")
