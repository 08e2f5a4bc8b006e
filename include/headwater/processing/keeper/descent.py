"""Processes and their descent, as Linux shows them: who descends from whom, and killing them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from collections.abc import Collection
from typing import NamedTuple

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int | bytes) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), f"prctl {option}")


def adopt_orphans() -> None:
    """Make this process the new parent of every descendant whose own parent ends."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def notice_parents_death(number: signal.Signals) -> None:
    """Ask for a signal when the thread that started this process ends."""
    _prctl(_PR_SET_PDEATHSIG, number)


def show_name(name: str) -> None:
    """Set the name that ``ps`` and ``top`` show (15 bytes)."""
    _prctl(_PR_SET_NAME, name.encode("ascii"))


def hide_memory() -> None:
    """Keep other processes of this user, which a code is, from reading memory and environment."""
    _prctl(_PR_SET_DUMPABLE, 0)


class Living(NamedTuple):
    """One process that has not ended."""

    pid: int
    parent: int
    group: int


def _living() -> list[Living]:
    """Every process that is not a zombie, from one walk over ``/proc``."""
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208 - names only, and pathlib costs start time
        if not name.isdecimal():
            continue
        try:
            descriptor = os.open(f"/proc/{name}/stat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue  # it ended during the walk
        try:
            line = os.read(descriptor, 4096)
        except ProcessLookupError:
            continue
        finally:
            os.close(descriptor)
        # the name in brackets may itself hold brackets, blanks and newlines
        state, parent, group = line.rpartition(b")")[2].split(None, 3)[:3]
        if state not in b"ZXx":
            found.append(Living(int(name), int(parent), int(group)))
    return found


def descendants(root: int, *, without: Collection[int] = ()) -> list[Living]:
    """Return the living descendants of `root`; those in `without` are left out with their own.

    One walk is a picture that moves: a process made during it may be missing. Whoever must have
    them all walks again until `os.wait4` says that there is no child.
    """
    children: dict[int, list[Living]] = {}
    for process in _living():
        children.setdefault(process.parent, []).append(process)
    found: list[Living] = []
    waiting = [root]
    while waiting:
        for child in children.pop(waiting.pop(), []):
            if child.pid not in without:
                found.append(child)
                waiting.append(child.pid)
    return found


def signal_descendants(
    root: int, number: signal.Signals, *, without: Collection[int] = ()
) -> set[int]:
    """Send a signal to every living descendant of `root` and return their process ids.

    It goes to whole process groups: the kernel lets no member fork in between, so a code that
    forks without pause is stopped in one call. A descendant is never in the caller's own group,
    since each code is started in a session of its own.
    """
    found = descendants(root, without=without)
    own_group = os.getpgid(0)
    for group in {process.group for process in found} - {own_group}:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
    for process in found:
        if process.group == own_group:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, number)
    return {process.pid for process in found}
