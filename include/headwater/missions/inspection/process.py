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
from headwater.missions.inspection.inspecting import PROGRESS
from headwater.missions.inspection.specs import InspectorSpec, MissionFacts

_START_LIMIT = 60.0  # seconds; an idle machine needs 0.1
_TICK = 0.25  # seconds between looks at the progress
_CHUNK = 1 << 16
_MOST_READS = 32  # more than a pipe holds: an orphan that prints for ever must not hold us


@dataclass(frozen=True, slots=True)
class Ended:
    """The helper is gone: `how` it ended, and the file and inspector that it was at.

    When it was `garbled`, the file that has no answer yet is to blame, whatever it was at.
    """

    how: str
    number: int
    index: int
    garbled: bool = False


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
        self._ended: Ended | None = None
        self._garbled = False
        self._killed = False
        self._unsent = bytearray()
        self._unread = bytearray()
        self._capture = Capture(f"\0{secrets.token_hex(8)}:")
        self._selector = selectors.DefaultSelector()
        with contextlib.ExitStack() as undo:
            undo.callback(self._selector.close)
            theirs = self._open_channels(undo)
            self._start(theirs)
            undo.callback(self._kill)
            self._wait_ready(mission, specs)
            self._undo = undo.pop_all()

    def _open_channels(self, undo: contextlib.ExitStack) -> tuple[int, int, int, int]:
        """Open pipes and the progress; returned are the helper's ends, in its own order."""
        requests, self._requests = os.pipe()
        self._results, results = os.pipe()
        self._captured, captured = os.pipe()
        progress = os.memfd_create("headwater-inspection")
        os.truncate(progress, PROGRESS.size)
        self._progress = mmap.mmap(progress, PROGRESS.size)
        self._progress[:] = PROGRESS.pack(-1, -1)
        undo.callback(self._progress.close)
        for number in (self._requests, self._results, self._captured):
            os.set_blocking(number, False)
            undo.callback(os.close, number)
        self._selector.register(self._results, selectors.EVENT_READ)
        self._selector.register(self._captured, selectors.EVENT_READ)
        return requests, results, captured, progress

    def _start(self, theirs: tuple[int, int, int, int]) -> None:
        environment = quiet_environment(os.environ)
        # A source checkout is on our module path only; the helper must find the same package.
        root = str(Path(headwater.__file__).parents[1])
        paths = (root, environment.get("PYTHONPATH"))
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
        command = [sys.executable, "-P", "-m", "headwater.missions.inspection.inspecting"]
        captured = theirs[2]
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
            for number in theirs:
                os.close(number)

    def _wait_ready(self, mission: MissionFacts, specs: Sequence[InspectorSpec]) -> None:
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
        while not self._answers and self._ended is None:
            before = time.monotonic()
            open_still = self._exchange(min(_TICK, limit / 4))
            if self._answers:
                break
            if not open_still or self._process.poll() is not None:
                self._end()
                break
            # A machine that slept must not count as an inspector that hangs.
            waited += min(time.monotonic() - before, 2 * _TICK)
            if (now := self._at()) != state:
                state, waited = now, 0.0
            elif waited >= limit:
                self._end(f"ran longer than {limit:g} s and was stopped", state)
        if self._answers:
            return self._answers.popleft()
        assert self._ended is not None  # noqa: S101  the loop ends with one or the other
        return self._ended

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
        self._undo.close()

    def _at(self) -> tuple[int, int]:
        number, index = PROGRESS.unpack(self._progress[:])
        return number, index

    def _end(self, too_long: str = "", state: tuple[int, int] | None = None) -> None:
        """Stop the helper, read what it had still written, and note how and where it ended."""
        if not too_long:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_TICK)  # its pipes close a moment before it is gone
        code = self._process.poll()
        self._kill()
        for number in (self._results, self._captured):
            for _ in range(_MOST_READS):
                if not self._read(number):
                    break
        how = too_long or _ending(code, garbled=self._garbled)
        number, index = self._at()
        if state is not None and (number, index) != state:
            number, index = -1, -1  # it had just gone on: nobody is to blame
        self._ended = Ended(how, number, index, self._garbled)

    def _kill(self) -> None:
        if self._killed:  # its number may belong to another process by now
            return
        self._killed = True
        if self._process.poll() is None:
            for child in _descendants(self._process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _exchange(self, timeout: float) -> bool:
        """Write and read what can be; False once no more answers can be trusted to come."""
        if self._unsent:
            with contextlib.suppress(KeyError):
                self._selector.register(self._requests, selectors.EVENT_WRITE)
        alive = True
        for key, _ in self._selector.select(timeout):
            if key.fd == self._requests:
                self._write()
            elif not self._read(key.fd) and key.fd == self._results:
                alive = False
        return alive and not self._garbled

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
        for line in lines:
            if self._garbled:
                break
            try:
                self._answers.append(_message(line))
            except ValueError:  # an inspector wrote into our pipe: no answer can be trusted now
                self._garbled = True
        return bool(data) and not self._garbled


def _message(line: bytes | bytearray) -> dict[str, Any]:
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("not a message of the helper")
    return message


def _ending(code: int | None, *, garbled: bool) -> str:
    if garbled or code is None:
        return "broke the connection to the helper process"
    if code < 0:
        known = -code in set(signal.Signals)
        name = signal.Signals(-code).name if known else f"signal {-code}"
        return f"ended the helper process ({name})"
    return f"ended the helper process (exit {code})"


def _descendants(pid: int) -> list[int]:
    """All processes below `pid`, also those in sessions of their own."""
    import psutil  # only needed when something has gone wrong

    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return []
