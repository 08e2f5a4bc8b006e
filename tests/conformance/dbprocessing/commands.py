"""The `headwater` command, run in a process of its own that has loaded it already.

Starting Python for each of some hundred calls would be most of the time. The child is forked
from a process without threads and open connections, and runs the command's own entry point.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

# What the child would have to load otherwise.
from headwater.cli.main import run as entry_point

LIMIT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Called:
    """A call and how it ended; the exit code is none if it ran too long and was killed."""

    arguments: tuple[str, ...]
    exit_code: int | None
    stdout: str
    stderr: str


def headwater_command(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path
) -> Called:
    """Call ``headwater ARGUMENTS`` in `folder` with `environment` added to ours."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            _become(arguments, environment, folder, out.fileno(), err.fileno())
        code = _wait(child)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode(errors="replace"))
    return Called(tuple(arguments), code, *texts)


def _become(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path, out: int, err: int
) -> NoReturn:
    code = 70
    try:
        os.setsid()
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.environ.update(environment)
        os.chdir(folder)
        sys.argv = ["headwater", *arguments]
        entry_point()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def _wait(child: int) -> int | None:
    end = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None
