"""dbprocessing 0.1.0 in an environment of its own, run through its own scripts.

It needs Python 3.10 and SQLAlchemy 1.4, so that it cannot live beside Headwater.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

NEEDS = ("dbprocessing==0.1.0", "sqlalchemy<2", "python-dateutil", "networkx", "setuptools<81")
PYTHON_VARIABLE = "HEADWATER_BENCH_PYTHON310"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "headwater-bench"


class PeerMissingError(Exception):
    """dbprocessing cannot be had here; the message says why."""


def peer_environment() -> Path:
    """The folder of its scripts, made from the package index at the first call.

    Raises
    ------
    PeerMissingError
        If there is no Python 3.10, or the packages cannot be had.
    """
    folder = CACHE / "dbprocessing-0.1.0"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _run_quietly([str(_python()), "-m", "venv", str(folder)])
        _run_quietly([str(folder / "bin/pip"), "install", "-q", *NEEDS])
        (folder / "complete").touch()
    return folder / "bin"


def _python() -> Path:
    candidates: list[Path | str | None] = [
        os.environ.get(PYTHON_VARIABLE),
        shutil.which("python3.10"),
        *sorted(Path("~/.pyenv/versions").expanduser().glob("3.10.*/bin/python")),
    ]
    for candidate in candidates:
        if candidate and _is_310(Path(candidate)):
            return Path(candidate)
    raise PeerMissingError(f"there is no Python 3.10; {PYTHON_VARIABLE} may name one")


def _is_310(python: Path) -> bool:
    try:
        found = subprocess.run([python, "-V"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False  # also a launcher that knows the name, but not the version
    return found.stdout.startswith("Python 3.10.")


def _run_quietly(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise PeerMissingError(f"{' '.join(command)} failed: {''.join(last)}")


@dataclass(frozen=True, slots=True)
class Timed:
    """A command that ended well: wall seconds, CPU seconds of it and its children, peak MiB."""

    wall: float
    cpu: float
    peak: float


def timed(command: list[str], environment: Mapping[str, str], folder: Path) -> Timed:
    """Run a command, its output in `folder`, and measure it."""
    with (folder / "output").open("wb") as output:
        started = time.perf_counter()
        running = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(running.pid, 0)
        wall = time.perf_counter() - started
        running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        said = (folder / "output").read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(command)} ended with {running.returncode}:\n{said}")
    return Timed(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


class Peer:
    """A mission of dbprocessing in `folder`, on sqlite, made from a config file."""

    def __init__(self, scripts: Path, folder: Path, config: Path) -> None:
        self._scripts = scripts
        self._folder = folder
        self._logs = folder / "logs"
        self._logs.mkdir(parents=True)
        self._database = str(folder / "mission.sqlite")
        self.run("CreateDB.py", self._database)
        self.run("addFromConfig.py", "-m", self._database, str(config))

    def run(self, script: str, *arguments: str) -> Timed:
        """Run one of its scripts."""
        environment = {**os.environ, "DBPROCESSING_LOG_DIR": str(self._logs)}
        command = [str(self._scripts / "python"), "-W", "ignore", str(self._scripts / script)]
        return timed([*command, *arguments], environment, self._folder)

    def queue(self, *flags: str) -> Timed:
        """Run ``ProcessQueue.py`` with `flags`."""
        return self.run("ProcessQueue.py", *flags, "-m", self._database)

    def phases(self) -> dict[str, float]:
        """Seconds of each phase of the last ``-p``, from its log: ``evaluate 1``, ``run 1``, ...

        It takes its whole queue out and evaluates each file, then runs all commands, and begins
        again with the files that were made.
        """
        found: dict[str, float] = {}
        now, begun, level, last = "", None, 0, None
        for moment, message in self._log():
            kind = _phase_of(message)
            if kind is None:
                continue
            if kind != now:
                if begun is not None:
                    found[f"{now} {level}"] = (moment - begun).total_seconds()
                level += kind == "evaluate"
                now, begun = kind, moment
            last = moment
        if begun is not None and last is not None:
            found[f"{now} {level}"] = (last - begun).total_seconds()
        return found

    def _log(self) -> Iterator[tuple[datetime, str]]:
        for path in sorted(self._logs.iterdir()):
            for line in path.read_text(errors="replace").splitlines():
                parts = line.split(" - ", 3)
                if len(parts) == 4 and re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d", parts[0]):
                    yield datetime.strptime(parts[0], "%Y-%m-%d %H:%M:%S,%f"), parts[3]


def _phase_of(message: str) -> str | None:
    if message.startswith("popped "):
        return "evaluate"
    return "run" if message.startswith("Command: ") and message.endswith(" starting") else None
