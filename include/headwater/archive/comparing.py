"""Disk against catalog, as two streams in the order of the paths; nothing is changed.

Work may go on meanwhile: what looks wrong is looked at once more, first in the catalog and then
on the disk, so that a file on its way in or out is not taken for a fault.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from headwater.archive.paths import printable
from headwater.archive.place import ArchivePlace
from headwater.archive.staging import moment_of
from headwater.archive.walk import OnDisk, walk
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import archive_files
from headwater.catalog.queries.archive_files import ExpectedFile
from headwater.core.errors import ArchiveError

_PAGE = 20_000
_RECHECK = 1_000
_CLOCK_SECONDS = 2.0
"""How coarse the times of change are that some file systems keep."""


class Kind(StrEnum):
    """How disk and catalog differ over one path."""

    LOST = "lost"
    """A row says that the file is on disk, and it is not."""
    DARK = "dark"
    """Bytes without a row."""
    CHANGED = "changed"
    """Bytes of another size than the row's, or no plain file any more."""
    TOUCHED = "touched"
    """Another time of change than the row's: only its sums tell whether it is the same."""
    BACK = "back"
    """A row says that the file is not on disk, and it is."""
    DEAD_LINK = "dead link"
    """A symbolic link that leads nowhere."""
    PART = "part"
    """Bytes under a part name, on their way into the archive or left by a crash."""
    UNREADABLE = "unreadable"
    """A folder that cannot be read: what lies in it is not known."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One path over which disk and catalog differ; `path` is below rootdir."""

    kind: Kind
    path: str
    problem: str
    file: ExpectedFile | None = None

    @property
    def subject(self) -> str:
        """The path on one line."""
        return printable(self.path)


Looked = Callable[[int], None]


def differences(
    catalog: Catalog, place: ArchivePlace, *, empty: bool = False, looked: Looked = lambda _: None
) -> Iterator[Difference]:
    """All differences, in the order of the paths; `looked` hears how many paths were seen.

    Memory does not grow with the archive.

    Raises
    ------
    ArchiveError
        If rootdir is not there, or, unless `empty` is fine, holds nothing at all while the
        catalog has files: an archive that is not mounted has lost nothing.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    place.check()
    if not empty:
        _refuse_unmounted(catalog, place)
    suspects = _suspects(catalog, place, looked)
    while batch := list(islice(suspects, _RECHECK)):
        yield from _confirmed(catalog, place, batch)


def _refuse_unmounted(catalog: Catalog, place: ArchivePlace) -> None:
    if next(walk(place), None) is not None:
        return
    with catalog.read() as connection:
        first = archive_files.page_of_files(connection, place.mission_id, "", _PAGE)
    if any(file.exists_on_disk for file in first):
        raise ArchiveError(
            f"the folder {place.rootdir} holds no file, and the catalog has files of mission "
            f"{place.mission}: is the archive mounted?"
        )


def _expected(catalog: Catalog, place: ArchivePlace) -> Iterator[ExpectedFile]:
    """All files of the catalog, a page at a time, so that no transaction waits for the disk."""
    after = ""
    while True:
        with catalog.read() as connection:
            page = archive_files.page_of_files(connection, place.mission_id, after, _PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].path


def _suspects(catalog: Catalog, place: ArchivePlace, looked: Looked) -> Iterator[Difference]:
    """The merge of both streams; what differs is still to be confirmed."""
    troubles: list[Difference] = []

    def unreadable(folder: str, error: OSError) -> None:
        problem = f"cannot be read: {error.strerror}"
        troubles.append(Difference(Kind.UNREADABLE, folder or ".", problem))

    rows = _expected(catalog, place)
    row = next(rows, None)
    for seen, found in enumerate(walk(place, unreadable), start=1):
        looked(seen)
        yield from troubles
        troubles.clear()
        key = os.fsencode(found.path)
        while row is not None and row.path != found.path and os.fsencode(row.path) < key:
            yield from _missing(row)
            row = next(rows, None)
        if row is not None and row.path == found.path:
            yield from _differs(place, found, row)
            row = next(rows, None)
        else:
            yield from _unknown(place, found)
    while row is not None:
        yield from _missing(row)
        row = next(rows, None)
    yield from troubles


def _missing(row: ExpectedFile) -> Iterator[Difference]:
    if row.exists_on_disk:
        yield Difference(Kind.LOST, row.path, "is not on disk", row)


def _unknown(place: ArchivePlace, found: OnDisk) -> Iterator[Difference]:
    if found.part:
        yield Difference(Kind.PART, found.path, "is a copy that was not filed")
    elif found.link:
        if not (place.rootdir / found.path).exists():
            yield Difference(Kind.DEAD_LINK, found.path, "is a link that leads nowhere")
    else:
        problem = "has no row in the catalog"
        if not found.regular:
            problem = "is no plain file, and has no row in the catalog"
        yield Difference(Kind.DARK, found.path, problem)


def _differs(place: ArchivePlace, found: OnDisk, row: ExpectedFile) -> Iterator[Difference]:
    status = _status(place, found)
    if status is None:
        yield from _missing(row)
    elif not row.exists_on_disk:
        yield Difference(Kind.BACK, row.path, "is on disk, but its row says it is lost", row)
    elif not stat.S_ISREG(status[2]):
        yield Difference(Kind.CHANGED, row.path, "is no plain file any more", row)
    elif row.size is not None and status[0] != row.size:
        problem = f"has {status[0]} bytes, its row says {row.size}"
        yield Difference(Kind.CHANGED, row.path, problem, row)
    elif abs((moment_of(status[1]) - row.modified_at).total_seconds()) > _CLOCK_SECONDS:
        problem = f"was changed at {moment_of(status[1]):%Y-%m-%d %H:%M:%S} UTC, not when filed"
        yield Difference(Kind.TOUCHED, row.path, problem, row)


def _status(place: ArchivePlace, found: OnDisk) -> tuple[int, int, int] | None:
    """Size, time of change and mode; of a link those of the file that it leads to."""
    if not found.link:
        return found.size, found.mtime_ns, found.mode
    try:
        led = (place.rootdir / found.path).stat()
    except OSError:
        return None
    return led.st_size, led.st_mtime_ns, led.st_mode


# Looked at once more


def _confirmed(
    catalog: Catalog, place: ArchivePlace, batch: Sequence[Difference]
) -> Iterator[Difference]:
    """Those of a batch that are still wrong, as they are now."""
    paths = [one.path for one in batch if _is_text(one.path)]
    with catalog.read() as connection:
        rows = archive_files.files_at(connection, place.mission_id, paths)
        spoken = archive_files.spoken_for(
            connection,
            place.mission_id,
            [(path, os.fsencode(place.rootdir / path)) for path in paths],
        )
    for one in batch:
        if one.kind is Kind.UNREADABLE:
            yield one
        elif one.path not in spoken:
            yield from _as_it_is(place, one.path, rows.get(one.path))


def _as_it_is(place: ArchivePlace, path: str, row: ExpectedFile | None) -> Iterator[Difference]:
    try:
        status = os.lstat(place.rootdir / path)
    except (FileNotFoundError, NotADirectoryError):
        if row is not None:
            yield from _missing(row)
        return
    except OSError:
        return  # its folder cannot be read: what lies there is not known
    found = OnDisk(path, status.st_size, status.st_mtime_ns, status.st_mode)
    yield from _unknown(place, found) if row is None else _differs(place, found, row)


def _is_text(path: str) -> bool:
    """Whether a path can stand in the catalog: one that is not UTF-8 never does."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in path
