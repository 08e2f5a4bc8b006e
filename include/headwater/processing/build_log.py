"""The log of a build's run: what its code wrote to stdout and stderr, read from the end."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from headwater.archive.entries import READ_FLAGS, reading
from headwater.core.errors import NotFoundError
from headwater.missions.loaded import LoadedMission

MOST_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class LogPart:
    """A part of a log: its text, at which byte it starts, and how many bytes the log has."""

    text: str
    start: int
    size: int


def read_log(
    mission: LoadedMission, log_path: str | None, most: int, before: int | None = None
) -> LogPart:
    """The last `most` bytes of a log, or of what lies before the byte `before`.

    Bytes that are no UTF-8 stand as the replacement character.

    Raises
    ------
    NotFoundError
        If there is no log yet, it is gone, or it lies outside the mission's folders.
    """
    if log_path is None:
        raise NotFoundError("it has no log: that is kept when a run has ended")
    path = _inside(mission, Path(log_path))
    try:
        with reading(os.open(path, READ_FLAGS)) as log:
            size = log.seek(0, os.SEEK_END)
            end = size if before is None else min(before, size)
            start = max(0, end - min(most, MOST_BYTES))
            log.seek(start)
            return LogPart(log.read(end - start).decode(errors="replace"), start, size)
    except OSError as error:
        raise NotFoundError(f"its log {path} cannot be read: {error.strerror}") from error


def _inside(mission: LoadedMission, path: Path) -> Path:
    """The path with its links followed; a catalog that was tampered with shows no other files."""
    found = path.resolve()
    roots = [mission.rootdir.resolve(), mission.errordir.resolve()]
    if not any(found.is_relative_to(root) for root in roots):
        raise NotFoundError(f"its log {path} is not in a folder of mission {mission.name}")
    return found
