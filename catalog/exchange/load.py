"""A whole file, batch by batch: the same steps for a look and for the real thing, by command and by worker.

A batch is one transaction. If it fails, its products are tried one by one, so that only those that cannot be written are
refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from django.db import DatabaseError, DataError, IntegrityError, transaction
from django.utils.translation import gettext as _

from catalog.exchange.apply import write
from catalog.exchange.parse import Record, parse
from catalog.exchange.plan import Plan, SkusOfFile, plan
from catalog.exchange.read import Opener, Reason, read_blocks, read_header
from catalog.exchange.shelf import look_up

BATCH = 250  # products
BATCH_LINES = 1_000  # of variants, or reasons; less than a product more


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one product."""

    handle: str
    title: str
    outcome: str
    first: int
    last: int
    details: list[str]  # what changes, or why it is refused
    warnings: list[str]  # what of it is left out or cut


Finish = Callable[[list[Done]], None]


def load(
    open_file: Opener, *, write_it: bool, by: str = "", skip: int = 0, finish: Finish | None = None
) -> Iterator[list[Done]]:
    """Yields what became of each batch. Raises FileRefused; call `count_lines` before, then it comes before any change.

    `skip`: so many products at the front are done already. `finish` is called in the transaction of each batch that is
    written: what it raises undoes the batch and ends the import.
    """
    columns = read_header(open_file).known
    skus = SkusOfFile()
    records = (parse(block, columns) for block in read_blocks(open_file))
    for record in islice(records, skip):
        _remember_skus(record, skus)
    while batch := _next(records):
        yield _written(batch, skus, by, finish) if write_it else _planned(batch, skus)


def _next(records: Iterator[Record]) -> list[Record]:
    """As many as are written at once: the memory does not grow with the variants that products have, nor with what is wrong."""
    batch: list[Record] = []
    lines = 0
    while len(batch) < BATCH and lines < BATCH_LINES and (record := next(records, None)):
        batch.append(record)
        lines += max(len(record.variants), len(record.reasons))
    return batch


def _planned(batch: list[Record], skus: SkusOfFile) -> list[Done]:
    shelf = look_up(batch, lock=False)
    return [_done(plan(record, shelf, skus)) for record in batch]


def _written(batch: list[Record], skus: SkusOfFile, by: str, finish: Finish | None) -> list[Done]:
    try:
        return _write(batch, skus, by, finish)
    except DatabaseError:
        if len(batch) == 1:
            return [_alone(batch[0], skus, by, finish)]
    return [_alone(record, skus, by, finish) for record in batch]


def _alone(record: Record, skus: SkusOfFile, by: str, finish: Finish | None) -> Done:
    try:
        return _write([record], skus, by, finish)[0]
    except (IntegrityError, DataError):
        text = _("Somebody else wrote the same handle or SKU meanwhile. Import the file once more.")
        record.reasons.append(Reason(record.first, "", text))
        return _write([record], skus, by, finish)[0]


@transaction.atomic
def _write(batch: list[Record], skus: SkusOfFile, by: str, finish: Finish | None) -> list[Done]:
    shelf = look_up(batch, lock=True)
    plans = [plan(record, shelf, skus) for record in batch]
    done = [_done(one) for one in plans]
    write(plans, shelf, by=by)
    if finish:
        finish(done)
    return done


def _remember_skus(record: Record, skus: SkusOfFile) -> None:
    for variant in record.variants:
        if variant.sku and not record.reasons:  # what was refused as it was read gave none
            skus.taken(variant.sku, variant.line)


def _done(made: Plan) -> Done:
    record = made.record
    title = str(record.fields.get("title") or made.product.title)
    details = [str(one) for one in made.reasons or made.changes]
    warnings = [str(one) for one in record.warnings if not made.reasons]
    return Done(record.handle, title, made.outcome, record.first, record.last, details, warnings)
