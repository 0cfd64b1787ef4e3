"""Uploaded files, worked through in the background: looked at, and applied when staff say so.

A worker takes a run by moving its lease, and says how far it is in the transactions that write: whoever goes on after it
was killed begins where it stopped. Doing a product twice would change nothing.
"""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.exchange.load import Done, load
from catalog.exchange.models import ImportEntry, ImportPiece, ImportRun, first_of
from catalog.exchange.plan import CHANGED, NEW, REFUSED, UNCHANGED
from catalog.exchange.read import FileRefused, count_lines, read_blocks, read_header

log = logging.getLogger(__name__)

State = ImportRun.State
LEASE = timedelta(seconds=60)  # a batch takes about one
MOST_KEPT = 500  # entries of each kind; refused ones are all kept, with all reasons
SMALL = ImportPiece.SIZE  # bytes: such a file is looked through in a second or few, and nobody waits for a worker
FEW = 2_000  # lines: so many are written in about as long
KEPT = timedelta(days=14)  # an upload that nobody applied


class TakenOver(Exception):
    """Another worker goes on with this run, for this one was silent for too long."""


def receive(file: UploadedFile, *, by: Any) -> ImportRun:
    """Keep an uploaded file. Nothing of it is looked at yet."""
    with transaction.atomic():
        run = ImportRun.objects.create(file_name=(file.name or "")[:200], size=file.size or 0, by=by)
        for number, data in enumerate(iter(lambda: file.read(ImportPiece.SIZE), b"")):
            ImportPiece.objects.create(run=run, number=number, data=data)
    return run


def begin_to_apply(run: ImportRun, *, by: Any) -> bool:
    """False if somebody else did already, or there is nothing to apply."""
    start = {"state": State.APPLYING, "applied_by": by, "groups_done": 0, "leased_until": None}
    zero = dict.fromkeys((NEW, CHANGED, UNCHANGED, REFUSED), 0)
    return bool(ImportRun.objects.filter(pk=run.pk, state=State.CHECKED).update(**start, **zero))


def work_on_due() -> int:
    """Do what is waiting, one run after another. Returns how many."""
    now = timezone.now()
    waiting = Q(leased_until=None) | Q(leased_until__lt=now)
    due = ImportRun.objects.filter(waiting, state__in=[State.CHECKING, State.APPLYING]).order_by("pk")
    return sum(work_on(run) for run in due)


def forget_old_files() -> None:
    """Delete uploads that nobody applied; of one that is being applied at last nothing is taken away."""
    old = ImportRun.objects.filter(state=State.CHECKED, created_at__lt=timezone.now() - KEPT)
    for run in old:
        why = _("Nobody applied it within %d days, so the file was deleted. Upload it again.") % KEPT.days
        with transaction.atomic():
            if old.filter(pk=run.pk).update(state=State.REFUSED, error=why, finished_at=timezone.now()):
                ImportPiece.objects.filter(run=run).delete()


def work_on(run: ImportRun) -> bool:
    """Look at it, or apply it, to the end. False if another worker has it, or takes it over."""
    if not _take(run):
        return False
    try:
        _Work(run).all()
    except TakenOver:
        log.warning("Import %s: another worker goes on", run.pk)
        return False
    except FileRefused as error:
        _end(run, State.REFUSED, error=str(error))
    return True


def _take(run: ImportRun) -> bool:
    """From here on this worker has it, until it is silent for longer than the lease."""
    now = timezone.now()
    waiting = Q(leased_until=None) | Q(leased_until__lt=now)
    taken = ImportRun.objects.filter(waiting, pk=run.pk, state__in=[State.CHECKING, State.APPLYING])
    if not taken.update(leased_until=now + LEASE):
        return False
    run.refresh_from_db()
    return True


def _end(run: ImportRun, state: State, **fields: Any) -> None:
    with transaction.atomic():
        ImportRun.objects.filter(pk=run.pk).update(state=state, leased_until=None, **fields)
        if state in (State.DONE, State.REFUSED):
            ImportRun.objects.filter(pk=run.pk).update(finished_at=timezone.now())
            ImportPiece.objects.filter(run=run).delete()
    run.refresh_from_db()


class _Work:
    """One turn of one worker with one run."""

    def __init__(self, run: ImportRun) -> None:
        self.run, self.applies = run, run.state == State.APPLYING
        self.positions = {run.groups_done}

    def all(self) -> None:
        if not self.applies:
            self._look_through()
            return
        user = self.run.applied_by  # none if the account was deleted meanwhile; the books name somebody all the same
        by = user.get_username() if user else f"import {self.run.pk}"
        for _batch in load(self.run.open, write_it=True, by=by, skip=self.run.groups_done, finish=self._book):
            pass
        _end(self.run, State.DONE)

    def _look_through(self) -> None:
        """From the beginning, also when another worker had begun."""
        lines = count_lines(self.run.open)
        ignored = read_header(self.run.open).ignored
        groups = sum(1 for _block in read_blocks(self.run.open))
        notes = _("Ignored columns: %s") % ", ".join(ignored) if ignored else ""
        with transaction.atomic():
            ImportEntry.objects.filter(run=self.run, applied=False).delete()
            zero = dict.fromkeys((NEW, CHANGED, UNCHANGED, REFUSED, "groups_done"), 0)
            about = {"lines": lines, "groups_total": groups, "notes": notes}
            ImportRun.objects.filter(pk=self.run.pk).update(**zero, **about)
        self.positions = {0}
        for batch in load(self.run.open, write_it=False):
            with transaction.atomic():
                self._book(batch)
        _end(self.run, State.CHECKED)

    def _book(self, batch: list[Done]) -> None:
        """Write down what became of a batch and how far we are; in the transaction that wrote it, if any did."""
        row = ImportRun.objects.select_for_update().get(pk=self.run.pk)
        if row.groups_done not in self.positions or row.state != self.run.state:
            raise TakenOver
        self.positions = {row.groups_done, row.groups_done + len(batch)}  # the first again if this is rolled back
        self._keep(batch, Counter({NEW: row.new, CHANGED: row.changed, UNCHANGED: row.unchanged}))
        counts = Counter(done.outcome for done in batch)
        sums = {outcome: F(outcome) + count for outcome, count in counts.items()}
        until = timezone.now() + LEASE
        ImportRun.objects.filter(pk=row.pk).update(groups_done=F("groups_done") + len(batch), leased_until=until, **sums)

    def _keep(self, batch: list[Done], before: Counter[str]) -> None:
        entries = []
        for done in batch:
            before[done.outcome] += 1
            refused, told = done.outcome == REFUSED, done.outcome != UNCHANGED or done.warnings
            if refused or (told and before[done.outcome] <= MOST_KEPT):
                about = done.details if refused else first_of(done.warnings + done.details)
                entries.append(
                    ImportEntry(
                        run=self.run, applied=self.applies, outcome=done.outcome, handle=done.handle[:200], line=done.first,
                        details=[done.title[:200], *(detail[:500] for detail in about)],
                    )
                )  # fmt: skip
        ImportEntry.objects.bulk_create(entries)
