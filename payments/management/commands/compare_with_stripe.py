from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from tqdm import tqdm

from payments.compare import Finding, compare
from payments.gateway import GatewayError, retrieve_payment
from payments.models import Difference
from payments.rebuild import NotRebuilt, rebuild

DAYS = 3


class Command(BaseCommand):
    help = (
        "Hold everything at Stripe against the shop's books, for instance after restoring an older copy of the database. "
        "What asking Stripe can mend is mended; the rest becomes differences. Exit code 1 if some are left."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", metavar="TIME", help=f"2026-11-20T14:00, in TIME_ZONE; {DAYS} days ago unless told")
        parser.add_argument("--rebuild", action="store_true", help="make orders again whose payments are not here")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        since, found = _moment(options["since"]), []
        try:
            with tqdm(desc="Compared", disable=None, unit="") as bar:
                for finding in compare(since=since, progress=bar.update):
                    found.append(_rebuilt(finding) if options["rebuild"] else finding)
        except GatewayError as error:
            raise CommandError(f"{error} Run the command again when Stripe answers.") from error
        finally:
            self._tell(found, since, as_json=options["json"])
        if not all(finding.mended for finding in found):
            sys.exit(1)

    def _tell(self, found: list[Finding], since: datetime, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"since": since.isoformat(), "findings": [vars(one) for one in found]}, indent=2))
            return
        for one in found:
            self.stdout.write(f"{'mended' if one.mended else 'OPEN  '}  {one.order or '-':19}  {one.reference}  {one.what}")
        left = sum(not one.mended for one in found)
        self.stdout.write(f"{len(found)} differences since {since:%Y-%m-%d %H:%M}, {left} of them left for a person.")


def _moment(text: str | None) -> datetime:
    if not text:
        return timezone.now() - timedelta(days=DAYS)
    moment = parse_datetime(text)
    if moment is None:
        raise CommandError(f"{text!r} is no time. Write it like 2026-11-20T14:00.")
    return moment if moment.tzinfo else timezone.make_aware(moment)


def _rebuilt(finding: Finding) -> Finding:
    """The same with its order made again, if it is a payment that is not here."""
    unmatched = Difference.objects.filter(kind=Difference.Kind.UNMATCHED, reference=finding.reference, resolved_at=None)
    if finding.mended or not unmatched.exists():
        return finding
    try:
        order = rebuild(retrieve_payment(finding.reference), by="compare_with_stripe --rebuild")
    except NotRebuilt as error:
        return Finding(f"{finding.what}. {error}", finding.reference, finding.order, mended=False)
    return Finding(f"{finding.what}: the order was made again", finding.reference, order.number, mended=order.is_paid)
