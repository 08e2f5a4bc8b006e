"""Clocks that differ by an hour: leases know the database's clock only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from headwater.archive.promises import broken_promises
from headwater.archive.recovery import recover_intents
from headwater.catalog.connection import Catalog
from headwater.core.states import Disposition
from headwater.ingest.service import ingest_pending
from ingest_mission import ACTOR, drop, make_mission, rows

pytestmark = [
    pytest.mark.fault(64),
    pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed"),
]

CHILD = """
import sys
sys.path.insert(0, sys.argv[3])
from ingest_mission import ACTOR
from headwater.catalog.connection import Catalog
from headwater.ingest.service import ingest_pending
from headwater.missions.loaded import load_mission
catalog = Catalog(sys.argv[1])
print(ingest_pending(catalog, load_mission(catalog, sys.argv[2]), ACTOR))
"""


@pytest.mark.parametrize("skew", ["+1h", "-1h"])
def test_a_worker_with_a_wrong_clock_keeps_its_lease_and_no_longer(
    catalog: Catalog, tmp_path: Path, skew: str
) -> None:
    mission = make_mission(catalog, tmp_path)
    for day in range(1, 4):
        path = drop(mission, f"l0_2020010{day}_v1.0.0.dat")
        os.utime(path, (0, 0))  # settled for every clock
    mark = tmp_path / "mark"
    command = ["faketime", "-f", skew, sys.executable, "-c", CHILD, catalog.dsn, mission.name]
    command.append(str(Path(__file__).resolve().parents[1]))
    armed = {"HEADWATER_FAULT": f"after_fsync=wait:{mark}"}
    with subprocess.Popen(command, env=os.environ | armed, stdout=subprocess.PIPE) as worker:
        while not Path(f"{mark}.met").exists():
            assert worker.poll() is None
            time.sleep(0.02)
        assert recover_intents(catalog, mission.id, mission.rootdir, ACTOR) == []
        assert ingest_pending(catalog, mission, ACTOR).ended == []
        left = rows(catalog, "select extract(epoch from lease_until - now()) as s from intent")
        assert all(200 < row.s <= 300 for row in left)
        Path(f"{mark}.go").touch()
        assert worker.wait(60) == 0
    ended = rows(catalog, "select disposition from arrival")
    assert [row.disposition for row in ended] == [Disposition.ADOPTED.value] * 3
    assert broken_promises(catalog, mission.name, at_rest=True) == []
