"""The whole stack as a user without any capability, also where the tests themselves run as root."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from headwater.local.demo.synthetic import write_synthetic_mission
from headwater.local.home import LocalHome
from headwater.local.ports import free_port
from headwater.local.processes import members

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

USER = 1000
UNSHARE = ("unshare", "--user", f"--map-user={USER}", f"--map-group={USER}", "--")
HEADWATER = "from headwater.cli.main import run; run()"
WHO = "import os; print(os.geteuid(), open('/proc/self/status').read())"


@dataclass
class Person:
    """Somebody who runs commands; `prefix` makes this user of the one that runs the tests."""

    prefix: tuple[str, ...]
    home: LocalHome

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.prefix, sys.executable, *argv],
            capture_output=True,
            text=True,
            env=self.environment(),
        )

    def headwater(self, *words: str) -> str:
        """What the command prints; it must end well."""
        done = self.run("-c", HEADWATER, *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def environment(self) -> dict[str, str]:
        ours = {"HEADWATER_HOME": str(self.home.root), "PYTHONPATH": os.pathsep.join(sys.path)}
        left_out = ("HEADWATER_CATALOG_URL", "PYTHONDONTWRITEBYTECODE")
        return {**{k: v for k, v in os.environ.items() if k not in left_out}, **ours}

    def processes(self) -> list[psutil.Process]:
        return members(self.home.root, self.home.postgres_data)


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    """An ordinary user; root becomes one in a user namespace, where its files stay reachable."""
    prefix = () if os.geteuid() != 0 else UNSHARE
    if prefix and shutil.which(prefix[0]) is None:
        pytest.skip("root has no unshare here to become an ordinary user")
    someone = Person(prefix, LocalHome(tmp_path / "state"))
    who = someone.run("-c", WHO)
    if who.returncode != 0:
        pytest.skip(f"root cannot become an ordinary user here: {who.stderr.strip()}")
    assert not who.stdout.startswith("0 ")
    assert _capabilities(who.stdout) == 0
    yield someone
    someone.run("-c", HEADWATER, "down")


def test_an_ordinary_user_starts_the_stack_makes_products_and_stops_it(
    person: Person, tmp_path: Path
) -> None:
    said = person.headwater("up", "--detach", "--port", str(free_port()))
    assert "`headwater down` stops it." in said
    _every_process_is_that_users(person)
    checks = {check["name"]: check for check in json.loads(person.headwater("doctor", "--json"))}
    assert {check["verdict"] for check in checks.values()} <= {"ok", "warning"}
    assert checks["postgres"]["text"].endswith("run as this user")
    mission = write_synthetic_mission(tmp_path / "mission", 1)
    person.headwater("mission", "apply", str(mission))
    _until(lambda: _products(person) == {"synth_l0": 1, "synth_l1": 1, "synth_l2": 1})
    person.headwater("down")
    assert person.processes() == []


def _every_process_is_that_users(person: Person) -> None:
    found = person.processes()
    names = {process.name() for process in found}
    assert "postgres" in names
    assert len(found) > 10
    for process in found:
        status = Path(f"/proc/{process.pid}/status")
        if status.exists():  # it may have ended since
            assert _capabilities(status.read_text()) == 0, process.cmdline()


def _capabilities(status: str) -> int:
    """The effective capabilities that a process's status file names."""
    line = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    return int(line.split()[1], 16)


def _products(person: Person) -> dict[str, int]:
    return {
        row["product"]: row["files"] for row in json.loads(person.headwater("status", "--json"))
    }


def _until(condition: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(1)
