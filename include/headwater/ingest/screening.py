"""What can be said of a claimed file before any inspector reads it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

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

    `path` is where it lies, `subject` what is read: the same, or where a link leads. `stamp` is
    what it must still be at the end.
    """

    arrival: HeldArrival
    path: Path
    subject: Path
    stamp: Stamp

    @property
    def linked(self) -> bool:
        """Whether the arrival is a link to a file that lies in the archive already."""
        return self.subject != self.path

    @property
    def name(self) -> str:
        """The name that the file has, or gets, in the archive."""
        return self.subject.name


def screen(mission: LoadedMission, arrival: HeldArrival, path: Path) -> Screened:
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
    found = path.lstat()
    for is_kind, reason in _KINDS:
        if is_kind(found.st_mode):
            raise ScreenedOutError(reason)
    _check_name(path.name)
    subject = _link_target(mission, path) if stat.S_ISLNK(found.st_mode) else path
    stamp = _stamp(subject)
    smallest = mission.settings.smallest_size_bytes
    if stamp.size < smallest:
        raise ScreenedOutError(
            f"it has {stamp.size} bytes; the mission takes files of {smallest} bytes or more"
        )
    return Screened(arrival, path, subject, stamp)


def _check_name(name: str) -> None:
    try:
        check_name(name)
    except UnsafePathError as error:
        raise ScreenedOutError(str(error)) from error


def _stamp(subject: Path) -> Stamp:
    try:
        handle = os.open(subject, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ScreenedOutError(f"it cannot be read: {error.strerror}") from error
    try:
        return Stamp.of(os.fstat(handle))
    finally:
        os.close(handle)


def _link_target(mission: LoadedMission, path: Path) -> Path:
    """Where a link leads, as it was seen from incoming; only files below rootdir are taken.

    dbprocessing removes any link and believes that its target is in its place (spec dbprocessing
    4); here the target is checked.
    """
    text = str(path.readlink())
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
