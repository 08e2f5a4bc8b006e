"""How a code ended, and the sentence that says so to a person."""

from __future__ import annotations

import errno
import os
import signal
import stat
from enum import StrEnum


class EndedBy(StrEnum):
    """What ended a code."""

    EXIT = "exit"
    """It ended by itself, with an exit code."""
    SIGNAL = "signal"
    """A signal that was not ours, or the loss of the process that guarded it."""
    TIME_LIMIT = "time limit"
    """It ran longer than its limit and was killed."""
    CANCEL = "cancel"
    """It was cancelled, or its build was no longer ours, and was killed."""
    NOT_STARTED = "not started"
    """The operating system did not start it."""


def signal_name(number: int) -> str:
    """Return a signal's number and name, as in ``9 (SIGKILL)``."""
    try:
        return f"{number} ({signal.Signals(number).name})"
    except ValueError:
        return str(number)  # a real-time signal has no name


def status_sentence(program: str, exit_code: int | None, number: int | None) -> str:
    """Return one sentence for a code that ended by itself or by a signal that was not ours."""
    if number is not None:
        return f"killed by signal {signal_name(number)}"
    return f"code {program} ended with exit code {exit_code}"


def find_program(name: str, search_path: str) -> str:
    """Return the path of a program: as it is if it has a slash, else from a ``PATH``.

    A name that is not found comes back unchanged, so that starting it fails with its name.
    """
    if "/" in name:
        return name
    for folder in search_path.split(os.pathsep):
        candidate = os.path.join(folder or ".", name)  # noqa: PTH118 - pathlib costs start time
        if os.access(candidate, os.X_OK) and not os.path.isdir(candidate):  # noqa: PTH112 - same
            return candidate
    return name


def not_started_sentence(program: str, cwd: str, error: Exception) -> str:
    """Return one sentence that says why a code could not be started, and what to do."""
    if not isinstance(error, OSError):
        return f"code {program!r} cannot be started: its command line is unusable: {error}"
    if not os.path.isdir(cwd):  # noqa: PTH112 - pathlib costs start time
        return f"code {program} cannot be started: its work directory {cwd} does not exist"
    number = error.errno
    if number == errno.E2BIG:
        return f"code {program} cannot be started: its command line and environment are too long"
    if number == errno.ENOEXEC:
        return (
            f"code {program} is not a program: its first line must name its interpreter, "
            "such as #!/usr/bin/env python3"
        )
    return _file_sentence(program, cwd, error)


def _file_sentence(program: str, cwd: str, error: OSError) -> str:
    path = os.path.join(cwd, program)  # noqa: PTH118 - pathlib costs start time
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - pathlib costs start time
    except OSError as unseen:
        if unseen.errno in (errno.ENOENT, errno.ENOTDIR):
            return f"code {program} does not exist"
        return f"code {program} cannot be started: {unseen.strerror}"
    if stat.S_ISDIR(mode):
        return f"code {program} is a directory, not a program"
    if not mode & 0o111:
        return f"code {program} is not executable: {error.strerror}, chmod +x"
    if error.errno in (errno.ENOENT, errno.EACCES):
        interpreter = _interpreter(path)
        if interpreter is not None:
            return (
                f"code {program} cannot be started: its first line names the interpreter "
                f"{interpreter!r}, which does not exist or is not executable"
            )
    return f"code {program} cannot be started: {error.strerror}"


def _interpreter(path: str) -> str | None:
    """Return what a script's ``#!`` line names; None without one."""
    try:
        with open(path, "rb") as script:  # noqa: PTH123 - pathlib costs start time
            first = script.read(256).partition(b"\n")[0]
    except OSError:
        return None
    if not first.startswith(b"#!"):
        return None
    words = os.fsdecode(first[2:].lstrip(b" \t")).split(" ", 1)
    return words[0]
