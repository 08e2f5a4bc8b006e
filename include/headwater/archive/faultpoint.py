"""Named points at which a test may break the program (DESIGN 7).

``HEADWATER_FAULT`` arms them: ``after_link=kill``, several joined by commas. What can be done:
``kill`` (SIGKILL to this process), ``raise`` (an :class:`ArchiveError`), ``delay:SECONDS``,
``enospc`` (the file system is full). ``after_link=kill@3`` waits for the third time.
Unarmed, a point costs one look at the environment.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections import Counter

from headwater.core.errors import ArchiveError, SettingError

VARIABLE = "HEADWATER_FAULT"
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
    elif kind == "raise":
        raise ArchiveError(f"the fault point {name} was armed by {VARIABLE}")
    elif kind == "delay":
        time.sleep(float(value))
    elif kind == "enospc":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    else:
        raise SettingError(
            f"{VARIABLE}: {deed!r} is unknown: use kill, raise, delay:SECONDS or enospc"
        )
