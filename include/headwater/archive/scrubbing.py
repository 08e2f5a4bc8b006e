"""The scrub: bytes are read again, those first that were not read for longest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from headwater.archive.finding import Scrubbed
from headwater.archive.place import ArchivePlace
from headwater.archive.sums import Reading, Verdict
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import archive_files, auditing
from headwater.catalog.queries.archive_files import ExpectedFile
from headwater.catalog.queries.auditing import ReadFile, RecordedFile

_PAGE = 500
_NOTE_SECONDS = 30.0

Bad = Callable[[ExpectedFile, Verdict], None]


def scrub(place: ArchivePlace, reading: Reading, bad: Bad) -> Scrubbed:
    """Read files again until all were read or `reading` is over; the next scrub goes on there.

    Parameters
    ----------
    place
        Where the archive is.
    reading
        How fast and how much is read, and whether it is remembered.
    bad
        Hears of each file that is not as it was filed, and what it is.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer; what was noted stays.
    """
    done = Scrubbed()
    read: list[ReadFile] = []
    noted = time.monotonic()
    for file in _longest_unread(reading.catalog, place):
        if reading.is_over:
            done.left = True
            break
        said, right = reading.read(place, file)
        done.files += 1
        if right is not None:
            read.append(right)
        elif (expected := _still_expected(reading.catalog, place, file)) is not None:
            bad(expected, said)
        if len(read) >= _PAGE or time.monotonic() - noted > _NOTE_SECONDS:
            reading.note(place, read)
            read.clear()
            noted = time.monotonic()
    reading.note(place, read)
    done.bytes = reading.read_bytes
    return done


def _longest_unread(catalog: Catalog, place: ArchivePlace) -> Iterator[RecordedFile]:
    with catalog.read() as connection:
        before = auditing.moment_now(connection)
    after = (datetime(1, 1, 1, tzinfo=UTC), 0)
    while True:
        with catalog.read() as connection:
            page, after = auditing.to_scrub(connection, place.mission_id, before, after, _PAGE)
        yield from page
        if len(page) < _PAGE:
            return


def _still_expected(
    catalog: Catalog, place: ArchivePlace, file: RecordedFile
) -> ExpectedFile | None:
    """The row of a file that is not right, if it still says so: it may just have been purged."""
    with catalog.read() as connection:
        row = archive_files.files_at(connection, place.mission_id, [file.path]).get(file.path)
    return row if row is not None and row.id == file.id and row.exists_on_disk else None
