"""Workers that die, or sleep too long, at a named point: forked, so that a death costs little."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable

import psutil

from headwater.archive import faultpoint
from headwater.catalog.connection import Catalog
from headwater.core.errors import HeadwaterError

LATE_SECONDS = 3600.0
"""So much later a worker believes it to be when it goes on: every lease is over."""
_REFUSED = 3
_AGAIN = {3: "failed with a clear error", 0: "ended well"}


class Worker:
    """A forked process that does `deed` with a catalog of its own and stops at `point`.

    `point` is as in ``HEADWATER_FAULT``, without the deed: ``after_link@2``.
    """

    def __init__(self, dsn: str, point: str, deed: Callable[[Catalog], object]) -> None:
        self.pid = os.fork()
        if self.pid == 0:
            _be_the_worker(dsn, point, deed)
        self._ended: int | None = None

    def stops(self) -> bool:
        """Wait until it stops at its point; false if it ended without having met it."""
        _, status = os.waitpid(self.pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            return True
        self._ended = status
        self._judge()
        return False

    def kill(self) -> None:
        """SIGKILL, and wait until all that it had started is gone too."""
        below = psutil.Process(self.pid).children(recursive=True)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        _, alive = psutil.wait_procs(below, timeout=20)
        assert not alive, f"a killed worker left {alive}"

    def go_on(self) -> None:
        """Let it go on, long after all its leases have ended, and wait for its end."""
        os.kill(self.pid, signal.SIGCONT)
        _, self._ended = os.waitpid(self.pid, 0)
        self._judge()

    def _judge(self) -> None:
        assert self._ended is not None
        code = os.waitstatus_to_exitcode(self._ended)
        assert code in _AGAIN, f"the worker ended with {code}: its traceback is on stderr"


def kill_when(worker: Worker, there: Callable[[], bool]) -> bool:
    """Kill a worker as soon as something is there; false if it ended before."""
    end = time.monotonic() + 20
    while not there():
        done, status = os.waitpid(worker.pid, os.WNOHANG)
        if done:
            worker._ended = status
            worker._judge()
            return False
        assert time.monotonic() < end, "the worker neither ended nor came so far"
        time.sleep(0.005)
    worker.kill()
    return True


def _be_the_worker(dsn: str, point: str, deed: Callable[[Catalog], object]) -> None:
    code = 1
    try:
        _jump_when_continued()
        faultpoint._met.clear()
        name, _, count = point.partition("@")
        os.environ[faultpoint.VARIABLE] = f"{name}=stop@{count or 1}"
        with contextlib.closing(Catalog(dsn)) as catalog:
            deed(catalog)
        code = 0
    except HeadwaterError as error:
        code = _REFUSED
        print(f"the worker: {error}", file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _jump_when_continued() -> None:
    """After SIGCONT the worker's clock is past every lease, as after a long sleep of a machine."""
    real, late = time.monotonic, [0.0]

    def jump(number: int, frame: object) -> None:
        late[0] = LATE_SECONDS

    signal.signal(signal.SIGCONT, jump)
    time.monotonic = lambda: real() + late[0]
