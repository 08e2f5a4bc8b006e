"""Signals as readable events, so that one selector waits for them and for everything else."""

from __future__ import annotations

import os
import signal
from types import FrameType


class WakePipe:
    """A pipe that becomes readable when one of the given signals arrives.

    It replaces whatever this process, or the one it was forked from, did with these signals
    and with the interpreter's wake-up descriptor.
    """

    def __init__(self, *numbers: signal.Signals) -> None:
        self._read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, _seen)

    def fileno(self) -> int:
        """Return the readable descriptor."""
        return self._read

    def taken(self) -> set[signal.Signals]:
        """Return the signals since the last call; empty when there was none."""
        try:
            return {signal.Signals(number) for number in os.read(self._read, 4096)}
        except BlockingIOError:
            return set()


def _seen(number: int, frame: FrameType | None) -> None:
    """Do nothing: the interpreter has written the number to the pipe."""
