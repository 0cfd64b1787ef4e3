from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from payments.audit import CHECKS, audit


class Command(BaseCommand):
    help = "Check every invariant of the shop's books. Reads only; exit code 1 if anything is wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        with tqdm(desc="Checks", total=len(CHECKS), disable=None) as bar:
            found = audit(progress=bar.update)
        violations = sum(result["violations"] for result in found.values())
        if options["json"]:
            self.stdout.write(json.dumps({"violations": violations, "checks": found}, indent=2))
        else:
            for name, result in found.items():
                self.stdout.write(f"{result['violations'] or 'ok':>6}  {name.replace('_', ' ')} ({result['examined']})")
                for example in result["examples"]:
                    self.stdout.write(f"        {example}")
        if violations:
            sys.exit(1)
