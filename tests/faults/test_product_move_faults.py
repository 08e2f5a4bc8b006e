"""Killed at any point of a move, a second one finishes it: each file lies in one place."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.missions.product_move import move_product

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
from processing_lab import Lab

DAYS = [date(2020, 1, day) for day in range(1, 7)]

CHILD = """
import sys
from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.missions.loaded import load_mission
from headwater.missions.product_move import move_product
catalog = Catalog(sys.argv[1])
mission = load_mission(catalog, "lab")
move_product(catalog, mission, mission.product("l0"), "moved/{d}", Actor("tester"), "why")
"""


def rarely(*points: str) -> list[object]:
    """Points that only make faults tries."""
    return [pytest.param(point, marks=pytest.mark.slow) for point in points]


@pytest.mark.fault(2, 4, 5, 6, 7, 8, 9, 10)
@pytest.mark.parametrize(
    "point",
    ["after_link@3", "after_commit",
     *rarely("after_intents", "after_copy@3", "after_fsync", "after_folder_fsync",
             "before_commit", "after_unlink", "before_close")],
)  # fmt: skip
def test_a_second_move_finishes_what_was_begun(
    catalog: Catalog, tmp_path: Path, point: str
) -> None:
    lab = Lab(catalog, tmp_path)
    lab.put_many("l0", DAYS)
    contents = sorted(path.read_bytes() for path in (lab.root / "l0").iterdir())
    name, _, count = point.partition("@")
    armed = f"{name}=kill" + (f"@{count}" if count else "")
    done = subprocess.run(
        [sys.executable, "-c", CHILD, catalog.dsn],
        env=os.environ | {"HEADWATER_FAULT": armed}, timeout=60,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, f"the point {point} was never met"
    with catalog.begin() as connection:
        connection.execute(text("update headwater.intent set lease_until = now() - interval '1 s'"))
    mission = lab.mission
    moved = move_product(catalog, mission, mission.product("l0"), "moved/{d}", lab.actor, "again")
    assert moved.left == ()
    found = sorted(path for path in (lab.root / "moved").rglob("*") if path.is_file())
    rows = lab.rows("select path from headwater.file order by path")
    assert [str(path.relative_to(lab.root)) for path in found] == [row.path for row in rows]
    assert sorted(path.read_bytes() for path in found) == contents
    assert list((lab.root / "l0").iterdir()) == []
    assert lab.leftovers() == []
