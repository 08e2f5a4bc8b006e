"""Reading at a chosen rate, so that it does not take the disk from those who work."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from headwater.core.errors import SettingError

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmg]?)b(?:/s)?", re.IGNORECASE)
_SECOND = 1.0


def rate_of(text: str) -> float | None:
    """Bytes a second of a text such as ``50MB/s``; none for ``none``: as fast as the disk.

    Raises
    ------
    SettingError
        If it is neither.
    """
    if text.strip().lower() == "none":
        return None
    found = _RATE.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise SettingError(f"{text!r} is no rate: expected one such as 50MB/s, or none")
    return float(found[1]) * _UNITS[found[2].lower()]


@dataclass(slots=True)
class Pace:
    """Keeps a reader at so many bytes a second on the average; without a rate it never waits."""

    rate: float | None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _due: float = field(default=0.0)

    def passed(self, count: int) -> None:
        """Wait until `count` more bytes may have been read.

        What a slow disk has saved up is not made up for by a burst of more than a second.
        """
        if self.rate is None:
            return
        self._due = max(self._due, self.clock() - _SECOND) + count / self.rate
        while (ahead := self._due - self.clock()) > 0:
            self.sleep(min(ahead, _SECOND))
