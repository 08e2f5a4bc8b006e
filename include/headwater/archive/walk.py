"""What lies below an archive's rootdir, in the order of the paths' bytes; nothing is changed."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from headwater.archive.place import ArchivePlace

PART = re.compile(r"\.[0-9a-f]{32}-\d+\.part")
"""The names under which the archive protocol keeps bytes that are not filed yet."""


@dataclass(frozen=True, slots=True)
class OnDisk:
    """One entry that is no folder; `path` is below rootdir, undecodable bytes as surrogates.

    `size` in bytes and `mtime_ns` in nanoseconds since 1970 are the entry's own, also of a link.
    """

    path: str
    size: int
    mtime_ns: int
    mode: int

    @property
    def regular(self) -> bool:
        """Whether it is a plain file."""
        return stat.S_ISREG(self.mode)

    @property
    def link(self) -> bool:
        """Whether it is a symbolic link."""
        return stat.S_ISLNK(self.mode)

    @property
    def part(self) -> bool:
        """Whether it has the name of bytes on their way into the archive."""
        return PART.fullmatch(self.path.rpartition("/")[2]) is not None


def walk(
    place: ArchivePlace, unreadable: Callable[[str, OSError], None] = lambda _path, _error: None
) -> Iterator[OnDisk]:
    """All entries of the archive, in the order of their paths' bytes.

    Hidden ones are left out but for parts, and so are the mission's other folders. Links to
    folders are not followed. A folder that cannot be read is told to `unreadable`, with its path
    below rootdir.

    Raises
    ------
    ArchiveError
        If rootdir is not there.
    """
    place.check()
    yield from _below(place, "", unreadable)


def _below(
    place: ArchivePlace, folder: str, unreadable: Callable[[str, OSError], None]
) -> Iterator[OnDisk]:
    here = os.path.join(place.rootdir, folder)  # noqa: PTH118  a surrogate-safe text
    try:
        with os.scandir(here) as found:
            entries = sorted((_key(entry), entry) for entry in found if _counts(place, entry))
    except OSError as error:
        unreadable(folder, error)
        return
    for _, entry in entries:
        path = f"{folder}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _below(place, path + "/", unreadable)
            continue
        if not folder and not place.top_counts:
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            continue  # it has gone this moment
        yield OnDisk(path, status.st_size, status.st_mtime_ns, status.st_mode)


def _key(entry: os.DirEntry[str]) -> bytes:
    """What sorts the entries of a folder so that whole paths come in order."""
    return os.fsencode(entry.name) + (b"/" if entry.is_dir(follow_symlinks=False) else b"")


def _counts(place: ArchivePlace, entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith("."):
        return PART.fullmatch(entry.name) is not None
    return entry.path not in place.apart
