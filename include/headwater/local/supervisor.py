"""Start child programs, watch them, start a dead one again, and stop all."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from headwater.core.errors import StackError
from headwater.local.launch import Order
from headwater.local.processes import MARK, ProcessRecord, end_all, left_by, record_of

Report = Callable[[str], None]
"""Takes one line for a person."""

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 30.0
_STEADY = 60.0  # a child that ran this long (s) is given the shortest wait again


@dataclass
class Child:
    """One supervised program; times are of the monotonic clock, in seconds."""

    name: str
    command: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    record: ProcessRecord | None = None
    restarts: int = 0
    started: float = 0.0
    restart_at: float | None = None
    wait: float = field(default=_FIRST_WAIT)

    @property
    def is_running(self) -> bool:
        """Whether its process is there."""
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Children of this process, each in a session of its own and with its own log.

    A child gets SIGTERM from the kernel when this process dies. Use it from one thread, which
    must live as long as the children should.

    Parameters
    ----------
    environment : of every child; holds `MARK`, by which all descendants are found.
    report : told of each death and restart.
    """

    def __init__(self, environment: Mapping[str, str], report: Report) -> None:
        self.children: dict[str, Child] = {}
        self._environment = dict(environment)
        self._root = Path(self._environment[MARK])
        self._report = report

    def start(self, name: str, command: list[str], log: Path) -> Child:
        """Start a child; its output is added to ``log``."""
        child = self.children[name] = Child(name, command, log)
        self._launch(child)
        return child

    def run_once(self, command: list[str], log: Path) -> subprocess.Popen[bytes]:
        """Start a program that is to end by itself; who called waits for it."""
        return self._open(command, log)

    def check(self) -> bool:
        """Start again what died and has waited long enough; return whether anything changed."""
        changed = False
        for child in self.children.values():
            if child.is_running:
                continue
            now = time.monotonic()
            if child.restart_at is None:
                self._note_death(child, now)
                changed = True
            elif now >= child.restart_at:
                child.restarts += 1
                self._launch(child)
                self._report(f"{child.name} started again (restart {child.restarts})")
                changed = True
        return changed

    def give_up_on(self, deaths: int) -> None:
        """Raise `StackError` when a child died more than ``deaths`` times."""
        for child in self.children.values():
            if child.restarts >= deaths and not child.is_running:
                raise StackError(f"{child.name} does not stay up: see {child.log}.")

    def stop(self, names: Iterable[str], grace: float) -> None:
        """Ask these children to end, together, and kill those that are left after ``grace`` s."""
        asked = [self.children.pop(name) for name in names if name in self.children]
        end = time.monotonic() + grace
        for child in asked:
            if child.process is not None and child.is_running:
                child.process.terminate()
        for child in asked:
            self._wait_or_kill(child, max(0.0, end - time.monotonic()))

    def records(self) -> dict[str, ProcessRecord]:
        """Return pid and start time of each child that runs."""
        return {name: c.record for name, c in self.children.items() if c.is_running and c.record}

    def _wait_or_kill(self, child: Child, patience: float) -> None:
        if child.process is None:
            return
        try:
            child.process.wait(patience)
        except subprocess.TimeoutExpired:
            self._report(f"{child.name} does not end by itself: killed")
            with suppress(ProcessLookupError):
                os.killpg(child.process.pid, 9)
            child.process.wait()

    def _note_death(self, child: Child, now: float) -> None:
        code = child.process.returncode if child.process else None
        how = f"signal {-code}" if code is not None and code < 0 else f"exit {code}"
        child.wait = (
            _FIRST_WAIT if now - child.started > _STEADY else min(child.wait * 2, _LONGEST_WAIT)
        )
        child.restart_at = now + child.wait
        self._report(f"{child.name} ended ({how}); starts again in {child.wait:.0f} s: {child.log}")
        if child.process is not None:
            # What it had forked would wait for ever, hold its ports, or work on unwatched.
            end_all(left_by(child.process.pid, self._root), grace=3)

    def _launch(self, child: Child) -> None:
        child.process = self._open(child.command, child.log)
        child.record = record_of(child.process.pid)
        child.started, child.restart_at = time.monotonic(), None

    def _open(self, command: list[str], log: Path) -> subprocess.Popen[bytes]:
        order = Order(argv=tuple(command), parent=os.getpid())
        with log.open("ab") as output:
            return subprocess.Popen(
                order.command(),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
