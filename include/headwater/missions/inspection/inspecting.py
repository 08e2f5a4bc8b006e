"""The process that runs inspectors: ``python -m headwater.missions.inspection.inspecting FDS``.

It reads one JSON line per file and answers with JSON lines, on pipes of its own: what inspectors
print goes to another pipe, with a marker after each file. It dies with its parent.

First line in: ``{"mission": .., "specs": [..], "marker": ..}``; first line out: ``{"ready": pid}``.
Then in: ``[number, path, [index of inspector, ..]]``; out, for the file ``number``: any
``{"i": number, "t": [index, text]}`` for an inspector that failed, and last
``{"i": number, "m": index, "f": facts}``, ``m`` null if no inspector recognises the file, or
``{"i": number, "r": text}`` if the file cannot be inspected at all.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import mmap
import os
import signal
import stat
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from headwater.missions.inspection import facts
from headwater.missions.inspection.loading import InspectorFailedError, Inspectors
from headwater.missions.inspection.specs import FileFacts, InspectorSpec, MissionFacts

PROGRESS = struct.Struct("=qq")  # number of the file, index of the inspector; -1: none
_SHIM = Path(__file__).parent / "shim"
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


@dataclass(slots=True)
class _Surroundings:
    """What inspectors may change in the process, put back after each of them."""

    captured: int
    folder: int = field(init=False)
    environ: os._Environ[str] = field(init=False)
    live: dict[bytes, bytes] = field(init=False)
    saved: dict[bytes, bytes] = field(init=False)
    path: list[str] = field(init=False)
    streams: tuple[Any, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.environ = os.environ
        # The dictionary behind os.environ: comparing it costs a hundredth of decoding it each time.
        self.live = vars(os.environ)["_data"]
        self.saved = dict(self.live)
        self.path = list(sys.path)
        self.streams = (sys.stdout, sys.stderr)

    def restore(self) -> None:
        for stream in {id(s): s for s in (sys.stdout, sys.stderr, *self.streams)}.values():
            with contextlib.suppress(Exception):  # an inspector may have closed or replaced it
                stream.flush()
        for number in (1, 2):
            os.dup2(self.captured, number)
        if any(stream.closed for stream in self.streams):
            self.streams = (_text_stream(1), _text_stream(2))
        sys.stdout, sys.stderr = self.streams
        os.fchdir(self.folder)
        signal.setitimer(signal.ITIMER_REAL, 0)  # an alarm would hit the next inspector
        os.environ = self.environ  # noqa: B003  put back as it was, never replaced
        if self.live != self.saved:
            self.environ.clear()
            self.environ.update({os.fsdecode(k): os.fsdecode(v) for k, v in self.saved.items()})
        sys.path[:] = self.path


def _text_stream(number: int) -> IO[str]:
    # Line by line, so that both streams keep their order and a killed process loses nothing.
    return open(number, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)


def _unusable_file(path: Path) -> str | None:
    """Why no inspector need look at `path`, after its name; None if they may (spec 3)."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "is a link to nothing" if path.is_symlink() else "is no longer there"
    except OSError as error:
        return f"cannot be looked at: {error.strerror}"
    except ValueError:
        return "has a name that no file can have"
    if not stat.S_ISREG(mode):
        return "is a folder, not a file" if stat.S_ISDIR(mode) else "is not a regular file"
    if not os.access(path, os.R_OK):
        return "cannot be read: no permission"
    if not os.access(path, os.W_OK) and not path.is_symlink():
        return "cannot be written: no permission, so it could not be moved"
    return None


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    return []


def _end_children() -> None:
    """Kill what an inspector started and left; as subreaper we also get its orphans."""
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                for child in _children(os.getpid()):
                    os.kill(child, signal.SIGKILL)
                os.waitpid(-1, 0)
        except ChildProcessError:
            return


class Helper:
    """Answers requests until its input ends."""

    def __init__(self, results: int, captured: int, progress: int) -> None:
        """Take the numbers of the open descriptors; see the module's docstring."""
        self._results = results
        self._captured = captured
        self._progress = mmap.mmap(progress, PROGRESS.size)
        self._pid = os.getpid()
        self._surroundings = _Surroundings(captured)

    def serve(self, requests: Iterable[str]) -> None:
        """Answer each line of `requests`; the first one names mission and inspectors."""
        lines = iter(requests)
        setting = json.loads(next(lines))
        self._marker = setting["marker"]
        self._specs = [InspectorSpec(**spec) for spec in setting["specs"]]
        self._inspectors = Inspectors(MissionFacts(**setting["mission"]), self._specs)
        self._say({"ready": self._pid})
        for line in lines:
            number, path, indices = json.loads(line)
            answer = self._answer(number, path, indices)
            os.write(self._captured, f"{self._marker}{number}\n".encode())
            self._say(answer)

    def _say(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode() + b"\n"
        while data:
            data = data[os.write(self._results, data) :]

    def _answer(self, number: int, path: str, indices: Iterable[int]) -> dict[str, Any]:
        if (reason := _unusable_file(Path(path))) is not None:
            return {"i": number, "r": reason}
        found: dict[str, Any] = {"i": number, "m": None}
        for index in indices:
            self._progress[:] = PROGRESS.pack(number, index)
            try:
                said = self._tried(path, self._specs[index])
            except InspectorFailedError as failure:
                sys.stderr.write(failure.trace)
                self._say({"i": number, "t": [index, str(failure)]})
                continue
            if said is not None:
                found = {"i": number, "m": index, "f": facts.to_wire(said)}
                break
        _end_children()
        self._progress[:] = PROGRESS.pack(-1, -1)
        return found

    def _tried(self, path: str, spec: InspectorSpec) -> FileFacts | None:
        try:
            return self._inspectors.try_on(path, spec)
        finally:
            if os.getpid() != self._pid:  # an inspector forked and its child came back here
                os._exit(0)
            self._surroundings.restore()


def _die_with(parent: int) -> None:
    """Ask the kernel to kill us when the parent dies; it may be gone already."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def main(arguments: list[str]) -> None:
    """Serve on the descriptors REQUESTS RESULTS CAPTURED PROGRESS, for the parent PARENT."""
    requests, results, captured, progress, parent = (int(item) for item in arguments)
    _die_with(parent)
    for number in (requests, results, captured, progress):
        os.set_inheritable(number, False)  # not for what inspectors start
    sys.stdout, sys.stderr = _text_stream(1), _text_stream(2)
    sys.path.insert(0, str(_SHIM))
    sys.path.append(str(Path.cwd()))  # siblings of inspectors may be found there, but last
    with open(requests, encoding="ascii", closefd=False) as lines:
        Helper(results, captured, progress).serve(lines)


if __name__ == "__main__":
    main(sys.argv[1:])
