"""Folding a backup's segments of the journal into the database of the same backup."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from klink.clicks.batch import BatchFolder
from klink.clicks.enrich import Enricher
from klink.clicks.journal_reader import StreamReader, batch_begin

__all__ = ["Visits", "fold_all", "records_in"]

_BATCH_BYTES = 1 << 20


class Visits(NamedTuple):
    """What the segments held that the database had not counted.

    :ivar found: records.
    :ivar set_aside: of these, how many could not be folded.
    """

    found: int
    set_aside: int


def fold_all(
    root: Path, epoch: bytes, enricher: Enricher, now: datetime, set_aside: Path
) -> Visits:
    """Fold every stream below ``root`` into the bound database, each from where it stands.

    :param set_aside: the file for records that cannot be folded.
    :raises DatabaseBusy: among others, when the database cannot be written.
    """
    folder = BatchFolder(enricher, set_aside, lambda: now)
    found = 0
    for stream in sorted(root.iterdir()) if root.is_dir() else ():
        found += _fold(StreamReader(stream, epoch), folder)
        folder.forget(stream.name)
    return Visits(found, folder.set_aside)


def _fold(reader: StreamReader, folder: BatchFolder) -> int:
    """As the ledger folds what a dead server left; return how many records that was."""
    position, unfinished = folder.stored(reader.stream), folder.begun(reader.stream)
    found = 0
    while True:
        # The very batch that was begun, whatever has been written behind it.
        size = unfinished.end_offset - position.offset if unfinished else _BATCH_BYTES
        batch = reader.read(position, size)
        if batch.payloads:
            begin = batch_begin(position, batch.next)
            folder.fold(batch.payloads, batch.next, begin=begin, unfinished=unfinished)
            found += sum(map(records_in, batch.payloads))
        position, unfinished = batch.next, folder.begun(reader.stream)
        if batch.at_tail:
            return found


def records_in(payload: bytes) -> int:
    """How many visits a payload of the journal holds; what cannot be read was one."""
    try:
        return len(json.loads(b"[" + payload + b"]"))
    except (ValueError, RecursionError):  # whatever it is, it was one thing
        return 1
