"""Lets a process work until the point at which something happens to it, and sees it end."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path

from faults.matrix import victim
from faults.matrix.database import FragileDatabase
from faults.matrix.steps import LATE, Cell

_PATIENCE = 90.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How the process ended, and how often it came to an armed point; 0 if it was killed."""

    exit_code: int
    how: str
    said: str
    met: int


@dataclass
class Striker:
    """Starts victims for one mission and lets things happen to them."""

    forks: ForkServerContext
    database: FragileDatabase
    folder: Path
    deed: str
    mission: str
    others: Callable[[], object]
    """What another worker does meanwhile, once the victim's leases are over."""
    count: int = 0

    def strike(self, cell: Cell) -> Ended:
        """Let `cell` happen.

        Raises
        ------
        AssertionError
            If the point was never met, or the victim ended with an error that no user should see.
        """
        self.count += 1
        mark = self.folder / f"strike{self.count}"
        waits = cell.fault in (LATE, "cut", "restart-immediate", "restart-fast")
        armed = f"{cell.point}={f'wait:{mark}' if waits else cell.fault}@1"
        process, told = self.start(armed)
        if waits:
            self._while_it_waits(cell, mark, process)
        ended = self.end(process, told)
        killed = cell.fault == "kill" and ended.exit_code == -signal.SIGKILL
        assert killed or ended.met, f"the point {cell.point} was never met"
        assert ended.how != victim.BROKEN, ended.said
        return ended

    def start(self, armed: str, dsn: str | None = None) -> tuple[object, Path]:
        """A victim, and the file in which it will tell how it ended."""
        told = self.folder / f"told{self.count}"
        process = self.forks.Process(
            target=victim.work,
            args=(self.deed, dsn or self.database.catalog.dsn, self.mission, armed, str(told)),
        )
        process.start()
        return process, told

    def end(self, process: object, told: Path) -> Ended:
        """Wait for a victim's end."""
        process.join(_PATIENCE)  # type: ignore[attr-defined]
        code = process.exitcode  # type: ignore[attr-defined]
        if code is None:
            process.kill()  # type: ignore[attr-defined]
        assert code is not None, "the process does not end"
        first, _, said = (told.read_text() if told.exists() else "killed 0").partition("\n")
        how, met = first.split()
        return Ended(code, how, said, int(met))

    def _while_it_waits(self, cell: Cell, mark: Path, process: object) -> None:
        met = Path(f"{mark}.met")
        end = time.monotonic() + _PATIENCE
        while not met.exists():
            assert process.is_alive() and time.monotonic() < end, f"{cell.point} was never met"  # type: ignore[attr-defined]
            time.sleep(0.01)
        if cell.fault == "cut":
            self.database.cut()
        elif cell.fault == LATE:
            self.others()
        else:
            immediate = cell.fault == "restart-immediate"
            self.database.restart(signal.SIGQUIT if immediate else signal.SIGINT)
        Path(f"{mark}.go").touch()
