"""Rows without bytes, and bytes that are not those of the row any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from headwater.archive.hashing import Digests, digest_file
from headwater.archive.staging import moment_of
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import lost_files
from headwater.catalog.queries.lost_files import FileOnDisk, RecordedSums
from headwater.catalog.queries.wakes import lock_work
from headwater.core.actor import Actor
from headwater.core.errors import ArchiveError, NotFoundError


def find_lost(
    catalog: Catalog,
    mission_id: int,
    rootdir: Path,
    *,
    first: date | None = None,
    last: date | None = None,
    newest: bool = False,
    first_id: int = 0,
    looked_at: Callable[[FileOnDisk], None] = lambda _: None,
) -> list[FileOnDisk]:
    """The files that should be on disk and are not; changes nothing.

    Of the dates from `first` to `last` (UTC, both included), only of the newest, or from the
    number `first_id` on.

    Raises
    ------
    ArchiveError
        If rootdir is not there: an archive that is not mounted has lost nothing.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    if not rootdir.is_dir():
        raise ArchiveError(f"the folder {rootdir} is not there: is the archive mounted?")
    with catalog.read() as connection:
        files = lost_files.files_on_disk(
            connection, mission_id, first=first, last=last, newest=newest, first_id=first_id
        )
    lost = []
    for file in files:
        looked_at(file)
        if not (rootdir / file.path).is_file():
            lost.append(file)
    return lost


def mark_lost(
    catalog: Catalog, mission_id: int, files: Sequence[FileOnDisk], actor: Actor
) -> list[int]:
    """Note that files are lost, so that what made them is looked at again; which were news.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    if not files:
        return []
    with catalog.begin() as connection:
        lock_work(connection, mission_id)
        return lost_files.mark_lost(connection, mission_id, [file.id for file in files], actor)


class SumChange(StrEnum):
    """What was found of a file's sums."""

    SAME = "same"
    RECORDED = "recorded"
    """They differed, or were not known, and the present ones are recorded."""
    ALARM = "alarm"
    """They differ, and nobody can make the file again: the old ones stay."""


@dataclass(frozen=True, slots=True)
class SumReport:
    """A file, its sums as they were recorded and as they are."""

    change: SumChange
    recorded: RecordedSums
    found: Digests


def update_sums(
    catalog: Catalog,
    mission_id: int,
    rootdir: Path,
    name: str,
    actor: Actor,
    *,
    given: Path | None = None,
) -> SumReport:
    """Read a file of the archive again, and record its sums if they differ.

    With `given` that must be the file. Sums of level 0, and of a product that no process makes, are
    never changed: its bytes cannot be had again, so a difference is an alarm.

    Raises
    ------
    NotFoundError
        If the mission has no such file.
    ArchiveError
        If it cannot be read, or `given` is another file.
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    with catalog.read() as connection:
        recorded = lost_files.recorded_sums(connection, mission_id, name)
    if recorded is None:
        raise NotFoundError(f"the catalog has no file {name!r}: 'headwater files' lists them")
    path = rootdir / recorded.path
    if given is not None and given.resolve() != path.resolve():
        raise ArchiveError(f"{given} is not the file of the archive, which is {path}")
    try:
        modified_at = moment_of(path.stat().st_mtime_ns)
        found = digest_file(path)
    except OSError as error:
        raise ArchiveError(f"{path} cannot be read: {error.strerror}") from error
    known = [(recorded.sha256, found.sha256), (recorded.sha1, found.sha1)]
    differs = any(old not in (None, new) for old, new in known)
    if not differs and None not in (recorded.sha256, recorded.sha1):
        return SumReport(SumChange.SAME, recorded, found)
    reason = f"sha256 was {recorded.sha256 or 'not known'}, is {found.sha256}"
    alarm = differs and (recorded.level == 0 or not recorded.is_made)
    with catalog.begin() as connection:
        if alarm:
            lost_files.note_changed(connection, mission_id, recorded.id, actor, reason)
        else:
            sums = (found.size, found.sha256, found.sha1, modified_at)
            lost_files.record_sums(connection, mission_id, recorded.id, sums, actor, reason)
    return SumReport(SumChange.ALARM if alarm else SumChange.RECORDED, recorded, found)
