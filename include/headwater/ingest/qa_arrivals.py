"""Arrivals that bring checks of quality: filed in the mission's `qa_dir` and taken at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from headwater.archive.entries import Entry
from headwater.archive.paths import check_name
from headwater.archive.protocol import Archive, Placed, Placement, Refusal, Refused
from headwater.catalog.queries import quality
from headwater.catalog.queries.arrivals import Ending, HeldArrival
from headwater.catalog.queries.filing import FileConflictError
from headwater.catalog.queries.quality import QaLine, QaStamp
from headwater.core.errors import NotFoundError, QaFileError, UnsafePathError
from headwater.core.states import Disposition
from headwater.ingest.endings import Endings, PutAside
from headwater.ingest.leftovers import locate
from headwater.ingest.quality import apply_checks, read_checks


@dataclass(frozen=True, slots=True)
class _Checks:
    arrival: HeldArrival
    entry: Entry
    place: str
    lines: list[QaLine]
    stamp: QaStamp


def take_qa_arrivals(ends: Endings, qa_dir: Path, held: Sequence[HeldArrival]) -> None:
    """End arrivals that bring checks, one at a time, each with the marks that it sets.

    Raises
    ------
    ArchiveError
        If the rootdir cannot be used.
    ClaimLostError
        If the claim is not ours any more.
    """
    for arrival in held:
        entry = locate(ends.place, arrival)
        if entry is None:
            ends.missing([arrival])
            continue
        try:
            check_name(entry.name)
            lines, stamp = read_checks(entry.place, entry.open)
        except (QaFileError, UnsafePathError) as error:
            ends.put_aside([PutAside(arrival, entry, str(error))])
            continue
        place = qa_dir / entry.name
        filed = QaStamp(str(place), stamp.size, stamp.mtime_ns)  # filed, it keeps its time
        below = str(place.relative_to(ends.mission.rootdir))
        _take(ends, _Checks(arrival, entry, below, lines, filed))


def _take(ends: Endings, checks: _Checks) -> None:
    counts = Counter(line.mark.value for line in checks.lines)
    said = ", ".join(f"{count} {mark}" for mark, count in sorted(counts.items()))
    ending = Ending(checks.arrival.id, Disposition.ADOPTED, f"checks of quality: {said}")

    def commit(connection: Connection, placed: Sequence[Placed]) -> None:
        try:
            apply_checks(connection, ends.mission, checks.lines, ends.actor, checks.entry.name)
        except NotFoundError as error:
            raise FileConflictError({checks.place: str(error)}) from error
        quality.note_read(connection, ends.mission.id, checks.stamp, len(checks.lines))
        ends.end_within(connection, [ending])

    archive = Archive(
        ends.catalog, ends.mission.id, ends.mission.rootdir, ends.actor, keep_alive=ends.keep_alive
    )
    entry = checks.entry
    placement = Placement(str(entry.place), checks.place, folder=entry.folder)
    placed, refused = archive.place([placement], commit)
    ends.count(len(placed))
    for one in refused:
        _refuse(ends, checks, one)


def _refuse(ends: Endings, checks: _Checks, refused: Refused) -> None:
    if refused.kind is Refusal.FULL:
        ends.full.append(refused.reason)
    elif refused.kind in {Refusal.BUSY, Refusal.TROUBLE, Refusal.CHANGED}:
        ends.troubles.append(f"{checks.arrival.name}: {refused.reason}")
    elif refused.kind is Refusal.GONE:
        ends.vanished([checks.arrival])
    else:
        ends.put_aside([PutAside(checks.arrival, checks.entry, refused.reason)])
