"""What can be said of a claimed file before any inspector reads it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from headwater.archive.entries import READ_FLAGS, Entry
from headwater.archive.hashing import Digests, digest
from headwater.archive.paths import check_name, printable
from headwater.archive.staging import Stamp
from headwater.catalog.queries.arrivals import HeldArrival
from headwater.core.errors import UnsafePathError
from headwater.missions.loaded import LoadedMission

MOST_STARTS = 5
"""How often an arrival is begun before it is put aside."""

_KINDS = (
    (stat.S_ISDIR, "it is a folder: only files are taken, each by itself"),
    (stat.S_ISFIFO, "it is a FIFO, not a file"),
    (stat.S_ISSOCK, "it is a socket, not a file"),
    (stat.S_ISBLK, "it is a device, not a file"),
    (stat.S_ISCHR, "it is a device, not a file"),
)


class ScreenedOutError(Exception):
    """The file goes to quarantine; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Screened:
    """A claimed file that an inspector may read.

    `entry` is where it lies, `target` where it leads if it is a link. `stamp` is what it, or the
    target, must still be at the end.
    """

    arrival: HeldArrival
    entry: Entry
    target: Path | None
    stamp: Stamp

    @property
    def linked(self) -> bool:
        """Whether the arrival is a link to a file that lies in the archive already."""
        return self.target is not None

    @property
    def subject(self) -> Path:
        """The path of what is read: its own, or where the link leads."""
        return self.target or self.entry.place

    def digests(self) -> Digests:
        """The digests of what is read.

        Raises
        ------
        OSError
            If it cannot be read.
        """
        handle = _opened(self.entry, self.target)
        try:
            return digest(handle)
        finally:
            os.close(handle)

    @property
    def name(self) -> str:
        """The name that the file has, or gets, in the archive."""
        return self.subject.name


def screen(mission: LoadedMission, arrival: HeldArrival, entry: Entry) -> Screened:
    """Check the kind, the name, the access and the size of a claimed file.

    Raises
    ------
    ScreenedOutError
        If it is to be quarantined.
    FileNotFoundError
        If it has gone.
    """
    if arrival.attempts > MOST_STARTS:
        raise ScreenedOutError(
            f"it was begun {MOST_STARTS} times and never ended; is it still being written?"
        )
    found = entry.lstat()
    for is_kind, reason in _KINDS:
        if is_kind(found.st_mode):
            raise ScreenedOutError(reason)
    _check_name(entry.name)
    target = _link_target(mission, entry) if stat.S_ISLNK(found.st_mode) else None
    stamp = _stamp(entry, target)
    smallest = mission.settings.smallest_size_bytes
    if stamp.size < smallest:
        raise ScreenedOutError(
            f"it has {stamp.size} bytes; the mission takes files of {smallest} bytes or more"
        )
    return Screened(arrival, entry, target, stamp)


def _check_name(name: str) -> None:
    try:
        check_name(name)
    except UnsafePathError as error:
        raise ScreenedOutError(str(error)) from error


def _opened(entry: Entry, target: Path | None) -> int:
    return entry.open() if target is None else os.open(target, READ_FLAGS)


def _stamp(entry: Entry, target: Path | None) -> Stamp:
    try:
        handle = _opened(entry, target)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ScreenedOutError(f"it cannot be read: {error.strerror}") from error
    try:
        return Stamp.of(os.fstat(handle))
    finally:
        os.close(handle)


def _link_target(mission: LoadedMission, entry: Entry) -> Path:
    """Where a link leads, as it was seen from incoming; only files below rootdir are taken.

    dbprocessing removes any link and believes that its target is in its place (spec dbprocessing
    4); here the target is checked.
    """
    text = entry.readlink()
    shown = printable(text)
    try:
        target = (Path(mission.incoming_dir) / text).resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise ScreenedOutError(f"it is a link to {shown}, which is not there") from error
    if not target.is_relative_to(Path(mission.rootdir).resolve()):
        raise ScreenedOutError(f"it is a link to {shown}, which is not below the mission's rootdir")
    if not stat.S_ISREG(target.lstat().st_mode):
        raise ScreenedOutError(f"it is a link to {shown}, which is not a regular file")
    _check_name(target.name)
    return target
