"""Named points at which a test may break the program (DESIGN 7).

``HEADWATER_FAULT`` arms them: ``after_link=kill``, several joined by commas. What can be done:

- ``kill``: SIGKILL to this process;
- ``stop``: SIGSTOP: all its threads sleep until somebody lets them go on;
- ``raise``: an :class:`ArchiveError`;
- ``delay:SECONDS``: wait;
- ``wait:PATH``: make the file ``PATH.met`` and wait until ``PATH.go`` is there, so that a test can
  do something to the database meanwhile;
- the name of an error of the operating system, as ``enospc`` or ``eio``: that error.

``after_link=kill@3`` waits for the third time. A point whose name begins with ``at_`` stands just
before the system call that it names, so that an error there is one of that call. Unarmed, a point
costs one look at the environment.
"""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path

from headwater.core.errors import ArchiveError, SettingError

VARIABLE = "HEADWATER_FAULT"
_LOOK_SECONDS = 0.01
_met: Counter[str] = Counter()


def faultpoint(name: str) -> None:
    """Do what the environment asks for at the point `name`; usually nothing.

    Raises
    ------
    ArchiveError, OSError
        If the point is armed so.
    SettingError
        If it is armed with something unknown.
    """
    armed = os.environ.get(VARIABLE)
    if not armed:
        return
    for order in armed.split(","):
        point, _, deed = order.strip().partition("=")
        if point == name:
            _obey(name, deed)


def _obey(name: str, deed: str) -> None:
    deed, _, count = deed.partition("@")
    _met[name] += 1
    if count and _met[name] != int(count):
        return
    kind, _, value = deed.partition(":")
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif kind == "stop":
        # Sent to this thread: to the process, another one may take it while this one runs on.
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
    elif kind == "raise":
        raise ArchiveError(f"the fault point {name} was armed by {VARIABLE}")
    elif kind == "delay":
        time.sleep(float(value))
    elif kind == "wait":
        _wait(value)
    elif number := getattr(errno, kind.upper(), None):
        raise OSError(number, os.strerror(number))
    else:
        raise SettingError(
            f"{VARIABLE}: {deed!r} is unknown: use kill, stop, raise, delay:SECONDS, wait:PATH or "
            "the name of a system error, as enospc"
        )


def _wait(path: str) -> None:
    Path(f"{path}.met").touch()
    while not Path(f"{path}.go").exists():
        time.sleep(_LOOK_SECONDS)
