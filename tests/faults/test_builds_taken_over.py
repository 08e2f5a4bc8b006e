"""A run that is slower than its lease, while another makes its build: it files nothing any more."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from processing_lab import Lab

from faults.late_points import POINTS
from headwater.archive.recovery import recover_intents
from headwater.catalog.connection import Catalog
from headwater.processing.planner import plan_due
from headwater.processing.service import reap_expired_leases

D1 = date(2020, 1, 1)
INPUT = "l0_20200101_v1.0.0.dat"
OUTPUT = "l1_20200101_v1.0.0.dat"
SLOW = """
import sys
from headwater.archive import protocol
from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.missions.loaded import load_mission
from headwater.processing import run
lease = float(sys.argv[3])
run._ADOPTION_LEASE_SECONDS = lease
protocol.Archive.__init__.__kwdefaults__["lease_seconds"] = lease
catalog = Catalog(sys.argv[1])
runner = run.BuildRunner(catalog, load_mission(catalog, "lab"), Actor("late"), lease_seconds=lease)
for result in runner.run([int(sys.argv[2])]):
    print(result.state, result.reason)
"""
"""A run of one build whose leases are so short that a delay at a fault point outlasts them."""


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    lab = Lab(catalog, tmp_path / "lab")
    lab.put("l0", D1)
    return lab


def planned(lab: Lab) -> int:
    mission = lab.mission
    [build] = plan_due(lab.catalog, mission, mission.process("mk_l1"), actor=lab.actor).builds
    return build.build_id


def until(seen: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def overdue(lab: Lab) -> object:
    """Whether the late run has a promise, and neither that nor its build are its own any more."""
    [row] = lab.rows(
        """select exists (select from headwater.intent where lease_until < now()) and not exists
           (select from headwater.build where state = 'running' and lease_until >= now()) as over"""
    )
    return row.over


def take_over(lab: Lab) -> None:
    """What headwater.system and the next pass do."""
    recover_intents(lab.catalog, lab.mission.id, lab.root, lab.actor)
    reap_expired_leases(lab.catalog)
    lab.process()


@pytest.mark.parametrize(
    "point",
    [
        pytest.param(
            point,
            marks=[
                pytest.mark.fault(*numbers),
                *([] if point == "after_folder_fsync" else [pytest.mark.slow]),
            ],
        )
        for point, numbers in POINTS.items()
    ],
)
def test_a_run_that_comes_back_after_its_lease_files_nothing(lab: Lab, point: str) -> None:
    build = planned(lab)
    command = [sys.executable, "-c", SLOW, lab.catalog.dsn, str(build), "0.8"]
    armed = os.environ | {"HEADWATER_FAULT": f"{point}=delay:4"}
    late = subprocess.Popen(command, env=armed, stdout=subprocess.PIPE, text=True)
    try:
        until(lambda: overdue(lab))
        take_over(lab)
        assert late.poll() is None, "the late run was not alive any more"
        said, _ = late.communicate(timeout=60)
        assert late.returncode == 0
    finally:
        late.kill()
        late.wait()
    take_over(lab)
    # Its open transaction holds the build's row, so that nobody takes the build meanwhile.
    committed = point in ("before_commit", "after_commit", "after_unlink", "before_close")
    assert said.startswith("built") == committed, said
    assert [state for _, state, _ in lab.builds("mk_l1")] == ["built"]
    rows = lab.rows("select name from headwater.file order by name")
    assert [row.name for row in rows] == [INPUT, OUTPUT, "l2_20200101_v1.0.0.dat"]
    assert (lab.root / "l1" / OUTPUT).read_text() == f"{INPUT}\n"
    assert [path.name for path in (lab.root / "l1").iterdir()] == [OUTPUT]
    assert lab.leftovers() == []


@pytest.mark.fault(56)
def test_the_same_builds_given_to_two_runs_at_once_are_made_once(lab: Lab) -> None:
    days = [date(2020, 2, day) for day in range(1, 13)]
    lab.put_many("l0", days)
    mission = lab.mission
    plan = plan_due(lab.catalog, mission, mission.process("mk_l1"), actor=lab.actor)
    ids = [str(build.build_id) for build in plan.builds]
    command = [sys.executable, "-c", TWICE, lab.catalog.dsn, *ids]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [one.communicate(timeout=120)[0].split() for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert sorted(said[0] + said[1]).count("built") == len(ids)
    [made] = lab.rows("select count(*) as n from headwater.file where build_id is not null")
    assert made.n == len(ids)
    assert {state for _, state, _ in lab.builds("mk_l1")} == {"built"}


TWICE = """
import sys
from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.missions.loaded import load_mission
from headwater.processing.run import run_builds
catalog = Catalog(sys.argv[1])
ids = [int(word) for word in sys.argv[2:]]
for result in run_builds(catalog, load_mission(catalog, "lab"), ids, Actor("one"), slots=2):
    print(result.state if result.version else "elsewhere")
"""
