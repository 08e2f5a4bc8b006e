"""What lies in an incoming folder and has settled; a look that changes nothing in the catalog."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from headwater.archive.entries import Folder
from headwater.archive.paths import printable
from headwater.archive.staging import moment_of
from headwater.catalog.queries.arrivals import SeenArrival
from headwater.core.errors import ArchiveError

CLAIMED = ".claimed"
"""Folder of the incoming folder in which each claim has a folder of its own."""
_CLOCK = ".clock"
_TOUCH = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Scan:
    """One look at an incoming folder.

    `ready` are the arrivals to be claimed, by name. `settling` counts those that are too young;
    `wait_seconds` is when the first of them will have settled, none if there is none.
    """

    ready: list[SeenArrival]
    settling: int
    wait_seconds: float | None


def is_arrival(name: str) -> bool:
    """Whether a name in incoming counts; dot names, ``.part`` and ``.tmp`` are still being made."""
    return not name.startswith(".") and not name.endswith((".part", ".tmp"))


@dataclass(frozen=True, slots=True)
class Intake:
    """Which entries are taken: those that have settled for so many seconds, of accepted names."""

    settle_seconds: float
    accepts: Callable[[str], bool] = is_arrival


def scan(incoming_dir: Path, intake: Intake) -> Scan:
    """Look for arrivals that nobody has touched for the time that `intake` says.

    The age is that of the inode's last change, which every write and rename renews and no sender
    can set, by the file system's own clock: that of a file we touch there, so that a server whose
    clock differs does no harm. A change further in the future than the settle time comes from a
    clock that was put back, and counts as settled.

    Raises
    ------
    ArchiveError
        If the folder is not there, or may not be read and written.
    """
    try:
        with opened_incoming(incoming_dir) as incoming:
            now = _clock(incoming)
            with os.scandir(incoming.handle) as entries:
                found = [
                    (entry.name, status)
                    for entry in entries
                    if intake.accepts(entry.name) and (status := _status(entry)) is not None
                ]
    except ArchiveError:
        raise
    except OSError as error:
        raise _unusable(incoming_dir, error) from error
    ready: list[SeenArrival] = []
    waits: list[float] = []
    for name, status in found:
        age = now - status.st_ctime
        if abs(age) < intake.settle_seconds:
            waits.append(intake.settle_seconds - age)
        else:
            ready.append(seen(name, status))
    ready.sort(key=lambda arrival: arrival.raw_name)
    return Scan(ready, len(waits), min(waits, default=None))


def seen(name: str, status: os.stat_result) -> SeenArrival:
    """What the catalog keeps of an entry: its printable and its raw name, size, mtime, inode."""
    modified_at = moment_of(status.st_mtime_ns)
    return SeenArrival(
        printable(name), os.fsencode(name), status.st_size, modified_at, status.st_ino
    )


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None


def _clock(incoming: Folder) -> float:
    # Below .claimed, so that a watcher of the incoming folder does not see it.
    with incoming.below(CLAIMED, create=True) as folder:
        clock = os.open(_CLOCK, _TOUCH, 0o600, dir_fd=folder.handle)
        try:
            os.utime(clock)
            return os.fstat(clock).st_ctime
        finally:
            os.close(clock)


def opened_incoming(incoming_dir: Path) -> Folder:
    """The incoming folder, held open.

    Raises
    ------
    ArchiveError
        If it is not there, or may not be read.
    """
    try:
        return Folder.opened(incoming_dir)
    except OSError as error:
        raise _unusable(incoming_dir, error) from error


def _unusable(incoming_dir: Path, error: OSError) -> ArchiveError:
    return ArchiveError(
        f"the incoming folder {incoming_dir} cannot be used: {error.strerror}; make it, give "
        "this user the right to write there, or correct the mission's incoming_dir"
    )
