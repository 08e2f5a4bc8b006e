"""How long the codes of a process usually take."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.local.demo.synthetic import write_synthetic_mission
from headwater.missions.apply import apply
from headwater.missions.loaded import load_mission
from headwater.missions.reading import read_mission_files
from headwater.processing.pace import usual_seconds

BUILT = text("""
insert into headwater.build (mission_id, process_id, interval_key, utc_date, interval_start,
  interval_stop, state, reason, wall_seconds)
select :mission, :process, n::text, date '2026-01-01' + n, now(), now(), 'built', '', :seconds
from generate_series(cast(:first as int), cast(:last as int)) n
""")


def test_the_latest_builds_say_how_long_the_next_will_take(
    catalog: Catalog, tmp_path: Path
) -> None:
    apply(catalog, read_mission_files([write_synthetic_mission(tmp_path, 0)]), Actor("test"))
    mission = load_mission(catalog, "synthetic")
    process, other = mission.process("make_l1"), mission.process("make_l2")
    assert usual_seconds(catalog, process) is None
    values = {"mission": mission.id, "process": process.id}
    with catalog.begin() as connection:
        connection.execute(BUILT, {**values, "seconds": 100.0, "first": 1, "last": 5})
        connection.execute(BUILT, {**values, "seconds": 2.0, "first": 6, "last": 25})
    assert usual_seconds(catalog, process) == pytest.approx(2.0)
    assert usual_seconds(catalog, other) is None
