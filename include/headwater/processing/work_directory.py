"""Private work directories of runs, on the archive's own file system."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import string
import time
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from headwater.core.errors import ProcessingError
from headwater.missions.loaded import LoadedMission

FOLDER = ".work"
LOGS = Path(".headwater", "logs")
_LETTERS = 20
_YOUNG_SECONDS = 3600.0


def work_folder(mission: LoadedMission) -> Path:
    """Where the work directories of a mission are."""
    return mission.rootdir / FOLDER


def new_work_directory(mission: LoadedMission) -> Path:
    """Make a work directory whose name has letters only, so that no date is found in its path.

    Raises
    ------
    ProcessingError
        If it cannot be made.
    """
    name = "".join(secrets.choice(string.ascii_lowercase) for _ in range(_LETTERS))
    path = work_folder(mission) / name
    try:
        try:
            path.mkdir(mode=0o700)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir(mode=0o700)
    except OSError as error:
        raise ProcessingError(
            f"no work directory can be made in {path.parent}: {error.strerror}"
        ) from error
    return path


def is_folder(path: Path) -> bool:
    """Whether `path` is a folder itself, not a link that a code has put in its place."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def remove_work_directory(path: Path) -> None:
    """Remove a work directory with all that a code left there, also what it made read-only."""
    shutil.rmtree(path, onerror=_make_writable)


def _make_writable(function: object, path: str, _: object) -> None:
    parent = os.path.dirname(path)  # noqa: PTH120  rmtree speaks in texts
    try:
        for each in (parent, path):
            if not os.path.islink(each):  # noqa: PTH114  as above
                os.chmod(each, 0o700)  # noqa: PTH101  as above
        if os.path.isdir(path) and not os.path.islink(path):  # noqa: PTH112, PTH114  as above
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.unlink(path)  # noqa: PTH108  as above
    except OSError:
        return  # the sweep tries again


def unused_work_directories(
    mission: LoadedMission, in_use: Iterable[Path] = (), *, older_than: float = _YOUNG_SECONDS
) -> list[Path]:
    """The work directories that no run of ours uses and nothing has touched for a while.

    Parameters
    ----------
    mission
        The mission.
    in_use
        Directories to leave out.
    older_than
        Seconds since the last change of the directory or of what lies directly in it. A code
        that runs longer than its mission's time limit is dead, so twice the limit is waited for
        at least.
    """
    kept = {path.name for path in in_use}
    age = max(older_than, 2 * mission.settings.code_time_limit_seconds)
    limit = time.time() - age
    try:
        found = sorted(work_folder(mission).iterdir())
    except FileNotFoundError:
        return []
    return [
        path
        for path in found
        if path.name not in kept and path.is_dir() and _last_change(path) < limit
    ]


def sweep_work_directories(
    mission: LoadedMission, in_use: Iterable[Path] = (), *, older_than: float = _YOUNG_SECONDS
) -> list[str]:
    """Remove the directories that :func:`unused_work_directories` finds; returns their names."""
    unused = unused_work_directories(mission, in_use, older_than=older_than)
    for path in unused:
        remove_work_directory(path)
    return [path.name for path in unused]


def _last_change(path: Path) -> float:
    try:
        return max([path.stat().st_mtime, *(each.lstat().st_mtime for each in path.iterdir())])
    except OSError:
        return time.time()  # it is being changed at this moment


class WorkDirectories:
    """The work directories of one caller; one that a run has left empty is used again."""

    def __init__(self, mission: LoadedMission) -> None:
        self._mission = mission
        self._empty: list[Path] = []

    def take(self) -> Path:
        """An empty directory that nobody else uses.

        Raises
        ------
        ProcessingError
            If none can be made.
        """
        return self._empty.pop() if self._empty else new_work_directory(self._mission)

    def give_back(self, path: Path) -> None:
        """Keep a directory for the next run if nothing is left in it, else remove it."""
        try:
            with os.scandir(path) as entries:
                clean = is_folder(path) and next(entries, None) is None
        except OSError:
            clean = False
        if clean:
            self._empty.append(path)
        else:
            remove_work_directory(path)

    def close(self) -> None:
        """Remove the directories that are kept."""
        while self._empty:
            remove_work_directory(self._empty.pop())


def log_place(mission: LoadedMission, process: str, day: date, build_id: int) -> Path:
    """Where the log of a build that was made is kept: a folder for each process and year."""
    return mission.rootdir / LOGS / process / f"{day:%Y}" / f"{day}_{build_id}.log"
