"""Bytes of the archive read again and compared with the recorded sums."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from headwater.archive.hashing import Digests, digest
from headwater.archive.pacing import Pace
from headwater.archive.place import ArchivePlace
from headwater.archive.staging import moment_of
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import auditing
from headwater.catalog.queries.auditing import ReadFile, RecordedFile


class Verdict(StrEnum):
    """What the bytes of a file say."""

    SAME = "same"
    """They have the recorded sums; or nothing was recorded, and now it is."""
    CHANGED = "changed"
    """They are others than were filed."""
    GONE = "gone"
    """There are none."""
    UNREADABLE = "unreadable"
    """The disk does not give them, or this user may not read them."""


def read_file(
    rootdir: Path, file: RecordedFile, passed: Callable[[int], None] = lambda _: None
) -> tuple[Verdict, ReadFile | None]:
    """Read a file and compare its size and sums; what was read is given if it is right.

    A link is followed, as to a file that was imported where it lay. `passed` hears of each block
    how many bytes it had.
    """
    path = rootdir / file.path
    try:
        found, mtime_ns = _digested(path, passed)
    except (FileNotFoundError, NotADirectoryError):
        return Verdict.GONE, None
    except IsADirectoryError:
        return Verdict.CHANGED, None
    except OSError:
        return Verdict.UNREADABLE, None
    if not _agree(file, found):
        return Verdict.CHANGED, None
    read = ReadFile(file.id, moment_of(mtime_ns), found.size, found.sha256, found.sha1)
    return Verdict.SAME, read


def _digested(path: Path, passed: Callable[[int], None]) -> tuple[Digests, int]:
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return digest(handle, passed=passed), os.fstat(handle).st_mtime_ns
    finally:
        os.close(handle)


def _agree(file: RecordedFile, found: Digests) -> bool:
    pairs = ((file.size, found.size), (file.sha256, found.sha256), (file.sha1, found.sha1))
    return all(known in (None, now) for known, now in pairs)


@dataclass(slots=True)
class Reading:
    """Reads bytes at a rate, so many at most, and remembers what was right.

    `rate` is bytes a second and `most_bytes` a total, none for no limit. `passed` hears how many
    bytes have been read by now.
    """

    catalog: Catalog
    rate: float | None = None
    most_bytes: float | None = None
    remember: bool = True
    passed: Callable[[int], None] = lambda _: None
    read_bytes: int = 0
    _pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self._pace = Pace(self.rate)

    @property
    def is_over(self) -> bool:
        """Whether no more may be read."""
        return self.most_bytes is not None and self.read_bytes >= self.most_bytes

    def read(self, place: ArchivePlace, file: RecordedFile) -> tuple[Verdict, ReadFile | None]:
        """Read a file, as :func:`read_file`."""
        return read_file(place.rootdir, file, self._count)

    def verdict(self, place: ArchivePlace, file_id: int) -> Verdict:
        """Read one file by its number, and remember it if it is right.

        Raises
        ------
        CatalogUnavailableError
            If the catalog does not answer.
        """
        with self.catalog.read() as connection:
            known = auditing.sums_of(connection, place.mission_id, [file_id])
        if not known:
            return Verdict.GONE
        said, right = self.read(place, known[0])
        if right is not None:
            self.note(place, [right])
        return said

    def note(self, place: ArchivePlace, read: Sequence[ReadFile]) -> None:
        """Remember that files were read now and are right.

        Raises
        ------
        CatalogUnavailableError
            If the catalog does not answer.
        """
        if read and self.remember:
            with self.catalog.begin() as connection:
                auditing.note_scrubbed(connection, place.mission_id, read)

    def _count(self, more: int) -> None:
        self.read_bytes += more
        self._pace.passed(more)
        self.passed(self.read_bytes)
