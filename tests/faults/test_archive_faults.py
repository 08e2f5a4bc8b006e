"""Killed at any point of an ingest, the next pass loses and doubles nothing (promise 2)."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from headwater.catalog.connection import Catalog
from headwater.ingest.service import ingest_pending
from headwater.missions.loaded import LoadedMission
from ingest_mission import ACTOR, drop, make_mission, rows

POINTS = ("after_claim_rename@7", "after_link@9", "after_commit")
"""A few, to be quick: `faults.matrix` tries every point, with everything that can happen at it."""

CHILD = """
import sys
sys.path.insert(0, sys.argv[3])
from ingest_mission import ACTOR
from headwater.catalog.connection import Catalog
from headwater.ingest.service import ingest_pending
from headwater.missions.loaded import load_mission
catalog = Catalog(sys.argv[1])
ingest_pending(catalog, load_mission(catalog, sys.argv[2]), ACTOR)
"""


def run_and_kill(catalog: Catalog, mission: LoadedMission, point: str) -> None:
    name, _, count = point.partition("@")
    armed = f"{name}=kill" + (f"@{count}" if count else "")
    command = [sys.executable, "-c", CHILD, catalog.dsn, mission.name]
    command.append(str(Path(__file__).resolve().parents[1]))
    done = subprocess.run(command, env=os.environ | {"HEADWATER_FAULT": armed}, timeout=60)
    assert done.returncode == -signal.SIGKILL, f"the point {point} was never met"


def dropped(mission: LoadedMission) -> dict[str, bytes]:
    """Sixteen good files, one of them in the archive already, and four that nobody knows."""
    names = [f"l0_202001{day:02d}_v1.0.0.dat" for day in range(1, 17)]
    names += [f"unknown {number}.dat" for number in range(4)]
    return {name: drop(mission, name).read_bytes() for name in names}


def expire_all(catalog: Catalog) -> None:
    rows(catalog, "update arrival set lease_until = now() - interval '1 s' returning id")
    rows(catalog, "update intent set lease_until = now() - interval '1 s' returning id")


def check_promise(catalog: Catalog, mission: LoadedMission, sent: dict[str, bytes]) -> None:
    archived = {
        str(path.relative_to(mission.rootdir)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in mission.rootdir.rglob("*")
        if path.is_file()
    }
    files = rows(catalog, "select path, sha256, name from file")
    assert {row.path: row.sha256 for row in files} == archived
    good = {name for name in sent if name.startswith("l0")}
    assert sorted(row.name for row in files) == sorted(good)
    kept = {p.name: p.read_bytes() for p in mission.errordir.iterdir() if p.suffix != ".json"}
    assert kept == {name: sent[name] for name in sent if name not in good}
    left = [p for p in mission.incoming_dir.rglob("*") if not p.is_dir() and p.name != ".clock"]
    assert left == []
    ended = rows(catalog, "select name, state, disposition from arrival")
    assert {row.state for row in ended} == {"ended"}
    assert not rows(catalog, "select * from intent")
    assert rows(catalog, "select count(*) from file where newest")[0][0] == len(good)


@pytest.mark.fault(1, 6, 9)
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_point_loses_and_doubles_nothing(
    catalog: Catalog, tmp_path: Path, point: str
) -> None:
    mission = make_mission(catalog, tmp_path)
    drop(mission, "l0_20200101_v1.0.0.dat")
    ingest_pending(catalog, mission, ACTOR)
    sent = dropped(mission)
    run_and_kill(catalog, mission, point)
    expire_all(catalog)
    ingest_pending(catalog, mission, ACTOR)
    check_promise(catalog, mission, sent)
    dispositions = rows(
        catalog,
        """select disposition, count(*) from arrival
                                    group by 1 order by 1""",
    )
    assert [tuple(row) for row in dispositions] == [
        ("adopted", 16),
        ("duplicate", 1),
        ("quarantined", 4),
    ]


@pytest.mark.fault(6, 9)
def test_killed_in_the_recovery_the_next_one_finishes(catalog: Catalog, tmp_path: Path) -> None:
    mission = make_mission(catalog, tmp_path)
    drop(mission, "l0_20200101_v1.0.0.dat")
    ingest_pending(catalog, mission, ACTOR)
    sent = dropped(mission)
    for point in ("after_link@5", "before_recovery_close", "after_retake_rows", "after_commit"):
        run_and_kill(catalog, mission, point)
        expire_all(catalog)
    ingest_pending(catalog, mission, ACTOR)
    check_promise(catalog, mission, sent)
