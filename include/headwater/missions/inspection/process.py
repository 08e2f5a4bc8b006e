"""The helper process as its host sees it: started, asked, watched, stopped."""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import secrets
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import headwater
from headwater.core.errors import InspectorError
from headwater.missions.inspection.capture import Capture
from headwater.missions.inspection.environment import quiet_environment
from headwater.missions.inspection.helper import PROGRESS
from headwater.missions.inspection.specs import InspectorSpec, MissionFacts

_START_LIMIT = 60.0  # seconds; an idle machine needs 0.1
_TICK = 0.25  # seconds between looks at the progress
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Ended:
    """The helper is gone: `how` it ended, and the file and inspector that it was at."""

    how: str
    number: int
    index: int


class HelperProcess:
    """One running helper.

    The time that counts for the limit is only the time that the host waited, so that a slow
    consumer of the answers never gets an inspector killed.
    """

    def __init__(self, mission: MissionFacts, specs: Sequence[InspectorSpec]) -> None:
        """Start a helper for the inspectors `specs` and wait until it is ready.

        Raises
        ------
        InspectorError
            If it does not start.
        """
        self._answers: deque[dict[str, Any]] = deque()
        self._unsent = bytearray()
        self._unread = bytearray()
        self._capture = Capture(f"\0{secrets.token_hex(8)}:")
        self._progress_file = os.memfd_create("headwater-inspection")
        os.truncate(self._progress_file, PROGRESS.size)
        self._progress = mmap.mmap(self._progress_file, PROGRESS.size)
        self._progress[:] = PROGRESS.pack(-1, -1)
        self._open()
        setting = {
            "mission": asdict(mission),
            "specs": [asdict(spec) for spec in specs],
            "marker": self._capture.marker,
        }
        self.send(setting)
        first = self.receive(_START_LIMIT)
        if isinstance(first, Ended):
            said = self._capture.rest().strip().splitlines()
            raise InspectorError(
                f"the helper process of the inspectors of mission {mission.name} {first.how} "
                f"before it was ready: {said[-1] if said else 'it said nothing'}"
            )

    def _open(self) -> None:
        requests, self._requests = os.pipe()
        self._results, results = os.pipe()
        self._captured, captured = os.pipe()
        theirs = (requests, results, captured, self._progress_file)
        environment = quiet_environment(os.environ)
        # A source checkout is on our module path only; the helper must find the same package.
        root = str(Path(headwater.__file__).parents[1])
        environment["PYTHONPATH"] = os.pathsep.join(
            item for item in (root, environment.get("PYTHONPATH")) if item
        )
        command = [sys.executable, "-P", "-m", "headwater.missions.inspection.helper"]
        try:
            self._process = subprocess.Popen(
                [*command, *(str(number) for number in theirs), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=captured,
                stderr=captured,
                pass_fds=theirs,
                start_new_session=True,
                env=environment,
            )
        except OSError as error:
            raise InspectorError(
                f"the helper process of the inspectors cannot be started: {error}"
            ) from error
        finally:
            for number in (requests, results, captured):
                os.close(number)
        self._selector = selectors.DefaultSelector()
        for number in (self._requests, self._results, self._captured):
            os.set_blocking(number, False)
        self._selector.register(self._results, selectors.EVENT_READ)
        self._selector.register(self._captured, selectors.EVENT_READ)

    def send(self, message: object) -> None:
        """Queue one line for the helper; it is written while answers are awaited."""
        self._unsent += json.dumps(message).encode("ascii") + b"\n"
        self._write()

    def receive(self, limit: float) -> dict[str, Any] | Ended:
        """Wait for the next answer.

        When the helper stays at one inspector and file for `limit` seconds, or ends by itself, it
        is stopped with all its descendants, and how it ended is the answer.
        """
        state, waited = self._at(), 0.0
        while not self._answers:
            before = time.monotonic()
            open_still = self._exchange(min(_TICK, limit / 4))
            if self._answers:
                break
            if not open_still or self._process.poll() is not None:
                return self._end("")
            # A machine that slept must not count as an inspector that hangs.
            waited += min(time.monotonic() - before, 2 * _TICK)
            if (now := self._at()) != state:
                state, waited = now, 0.0
            elif waited >= limit:
                return self._end(f"ran longer than {limit:g} s and was stopped")
        return self._answers.popleft()

    def output(self) -> str:
        """What inspectors printed on the file that was answered last."""
        while (text := self._capture.next()) is None:
            if not self._read(self._captured):
                return self._capture.rest()
        return text

    def rest_of_output(self) -> str:
        """What was printed on a file that will have no answer; for a helper that has ended."""
        return self._capture.rest()

    def stop(self) -> None:
        """Kill the helper with its descendants and close all that belongs to it."""
        self._kill()
        self._selector.close()
        self._progress.close()
        for number in (self._requests, self._results, self._captured, self._progress_file):
            os.close(number)

    def _at(self) -> tuple[int, int]:
        number, index = PROGRESS.unpack(self._progress[:])
        return number, index

    def _end(self, how: str) -> dict[str, Any] | Ended:
        """Stop the helper; answers that it had written come first, its end is then seen again."""
        if not how:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_TICK)  # its pipes close a moment before it is gone
        code = self._process.poll()
        self._kill()
        for number in (self._results, self._captured):
            while self._read(number):
                pass
        if self._answers:
            return self._answers.popleft()
        if not how:
            how = "closed its connection" if code is None else _ending(code)
        return Ended(how, *self._at())

    def _kill(self) -> None:
        if self._process.poll() is None:
            for child in _descendants(self._process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _exchange(self, timeout: float) -> bool:
        """Write and read what can be; False once the helper has closed its answers."""
        if self._unsent:
            with contextlib.suppress(KeyError):
                self._selector.register(self._requests, selectors.EVENT_WRITE)
        alive = True
        for key, _ in self._selector.select(timeout):
            if key.fd == self._requests:
                self._write()
            elif not self._read(key.fd) and key.fd == self._results:
                alive = False
        return alive

    def _write(self) -> None:
        try:
            del self._unsent[: os.write(self._requests, self._unsent)]
        except BlockingIOError:
            return
        except BrokenPipeError:  # it has ended: seen by the next read
            self._unsent.clear()
        if not self._unsent:
            with contextlib.suppress(KeyError):
                self._selector.unregister(self._requests)

    def _read(self, number: int) -> bool:
        """Read once; False at the end of the stream or, once it has ended, of what it holds."""
        try:
            data = os.read(number, _CHUNK)
        except BlockingIOError:
            return False
        if number == self._captured:
            self._capture.add(data)
            return bool(data)
        self._unread += data
        *lines, rest = self._unread.split(b"\n")
        self._unread = bytearray(rest)
        self._answers.extend(json.loads(line) for line in lines)
        return bool(data)


def _ending(code: int) -> str:
    if code < 0:
        return f"ended the helper process ({signal.Signals(-code).name})"
    return f"ended the helper process (exit {code})"


def _descendants(pid: int) -> list[int]:
    """All processes below `pid`, also those in sessions of their own."""
    import psutil  # only needed when something has gone wrong

    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return []
