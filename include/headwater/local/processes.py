"""Which processes belong to a stack, and how they are ended without hitting another.

Every process of a stack carries its state folder in the environment variable `MARK`, and so do
all its descendants, also those in a session or group of their own. Recorded pids count only
together with their start time, so a pid that was given to another program is never touched.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

import psutil

from headwater.local.postgres import processes_in

MARK = "HEADWATER_STACK"
"""Environment variable with the state folder of the stack that a process belongs to."""

_PR_SET_CHILD_SUBREAPER = 36
_CLOCK_STEP = 2.0  # seconds that a computed start time may move when the clock is set


class ProcessRecord(TypedDict):
    """A process as it is written down: pid and start time (seconds since 1970)."""

    pid: int
    started: float


def record_of(pid: int) -> ProcessRecord:
    """Return the record of a living process."""
    return {"pid": pid, "started": psutil.Process(pid).create_time()}


def find(record: ProcessRecord | None) -> psutil.Process | None:
    """Return the recorded process if it still lives; None if not, or if the pid is reused."""
    if not record:
        return None
    try:
        process = psutil.Process(record["pid"])
        if abs(process.create_time() - record["started"]) > _CLOCK_STEP:
            return None
        return None if process.status() == psutil.STATUS_ZOMBIE else process
    except psutil.NoSuchProcess:
        return None


def _is_marked(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(MARK) == mark
    except (psutil.Error, OSError):
        return False


def members(
    root: Path, postgres_data: Path | None = None, records: Iterable[ProcessRecord] = ()
) -> list[psutil.Process]:
    """Return all living processes of the stack in ``root`` but this one and its ancestors.

    ``postgres_data`` adds the server of that data folder, whatever its environment shows.
    """
    known = [process for record in records if (process := find(record))]
    marked = [process for process in psutil.process_iter() if _is_marked(process, str(root))]
    found = {*known, *marked, *(processes_in(postgres_data) if postgres_data else ())}
    for process in tuple(found):
        with suppress(psutil.Error):
            found.update(process.children(recursive=True))
    me = psutil.Process()
    return [one for one in found - {me, *me.parents()} if one.is_running() and not _is_zombie(one)]


def left_by(leader: int, root: Path) -> list[psutil.Process]:
    """Return what lives of the session that a dead child of the stack in ``root`` led.

    With all descendants, also those in a session of their own. As long as one of the session
    lives, the system gives the leader's pid to no other process.
    """
    found: set[psutil.Process] = set()
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, PermissionError, psutil.Error):
            if os.getsid(process.pid) == leader and _is_marked(process, str(root)):
                found.update((process, *process.children(recursive=True)))
    return list(found)


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def end_all(processes: Iterable[psutil.Process], grace: float) -> None:
    """Ask each process to end, and kill what is left after ``grace`` seconds.

    psutil compares the start time before each signal.
    """
    alive = list(processes)
    for process in alive:
        with suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(alive, timeout=grace)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=5)


def adopt_orphans() -> None:
    """Let descendants whose parent died become our children, so that none escapes (Linux)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_orphans(own: Iterable[int]) -> None:
    """Collect ended adopted children, but none whose pid is in ``own``: their Popen does that."""
    kept = set(own)
    for child in psutil.Process().children():
        if child.pid not in kept and _is_zombie(child):
            with suppress(ChildProcessError):
                os.waitpid(child.pid, os.WNOHANG)
