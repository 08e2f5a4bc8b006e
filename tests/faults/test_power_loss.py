"""The power goes at each step of an ingest: what the catalog knows has its bytes, nothing is lost.

Database and archive are on disks of their own, so that a sync of one does not help the other.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import psutil
import pytest

from fault_record import Injected
from faults.matrix import victim
from faults.matrix.arrivals import ArrivalSite
from faults.power import Machine, may_mount
from headwater.catalog import schema
from headwater.missions.loaded import load_mission
from ingest_mission import make_mission

pytestmark = [
    pytest.mark.slow,
    pytest.mark.fault(13),
    pytest.mark.skipif(not may_mount(), reason="only who may mount can cut a disk's power"),
]

POINTS = (
    "after_claim_rows", "after_claim_rename", "after_intents", "after_copy", "after_fsync",
    "after_link", "after_folder_fsync", "before_commit", "after_commit", "after_unlink",
    "before_close", "after_sidecar", "after_quarantine_move", "before_quarantine_rows",
)  # fmt: skip


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine with an empty mission, standing still; its disks are kept for each test."""
    machine = Machine(tmp_path_factory.mktemp("machine"))
    machine.start()
    try:
        machine.server.ensure_database("headwater")
        catalog = machine.catalog()
        schema.upgrade(catalog)
        make_mission(catalog, machine.archive)
        catalog.close()
    finally:
        machine.stop()
    kept = machine.folder / "kept"
    kept.mkdir()
    machine.keep(kept)
    return machine


@pytest.fixture
def running(machine: Machine) -> Iterator[Machine]:
    machine.take(machine.folder / "kept")
    machine.start()
    yield machine
    machine.stop()


@pytest.fixture(scope="module")
def forks() -> ForkServerContext:
    tests = Path(__file__).resolve().parents[1]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(tests), os.environ.get("PYTHONPATH", "")])
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["faults.matrix.victim"])
    return context


def start(forks: ForkServerContext, machine: Machine, armed: str, told: Path, deed: str) -> Any:
    catalog = machine.catalog()
    process = forks.Process(target=victim.work, args=(deed, catalog.dsn, "demo", armed, str(told)))
    process.start()
    return process


def power_cut(
    forks: ForkServerContext, machine: Machine, point: str, deed: str, injected: Injected
) -> list[str]:
    """Cut the power at `point`, start the machine again, recover; what is wrong then."""
    injected.what = ["power loss"]
    catalog = machine.catalog()
    site = ArrivalSite(catalog, load_mission(catalog, "demo"))
    sent = site.send_new()
    machine.disks[1].sync()
    mark = machine.folder / f"mark {point} {deed} {time.monotonic()}".replace(" ", "-")
    process = start(forks, machine, f"{point}=wait:{mark}@1", mark.with_suffix(".told"), deed)
    while not Path(f"{mark}.met").exists():
        assert process.is_alive(), f"the point {point} was never met"
        time.sleep(0.01)
    catalog.close()
    family = psutil.Process(process.pid).children(recursive=True)
    machine.lose_power(process.pid)
    psutil.wait_procs(family, timeout=10)
    machine.start()
    for _ in range(2):
        site.expire()
        again = start(forks, machine, "", mark.with_suffix(".again"), "ingest")
        again.join(60)
        assert mark.with_suffix(".again").read_text().startswith(victim.FINE)
    wrong = site.judge(sent, injected)
    catalog.close()
    return wrong


@pytest.mark.parametrize("point", POINTS)
def test_power_loss_at_a_step_loses_and_doubles_nothing(
    forks: ForkServerContext, running: Machine, point: str, injected: Injected
) -> None:
    assert power_cut(forks, running, point, "ingest", injected) == []


@pytest.mark.parametrize("point", ["after_commit", "before_close"])
def test_without_fsync_the_same_power_loss_is_seen_to_lose_bytes(
    forks: ForkServerContext, running: Machine, point: str
) -> None:
    """So the tests above would see a missing fsync."""
    wrong = power_cut(forks, running, point, "ingest with no fsync", Injected())
    assert any("promise" in one for one in wrong), wrong
