"""Real level 0 of JPSS-1 goes from the incoming folder to its picture."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.listings import Filter, files
from headwater.core.actor import Actor
from headwater.core.states import BuildState, Disposition
from headwater.ingest.service import ingest_pending
from headwater.missions.apply import apply
from headwater.missions.loaded import LoadedMission, load_mission
from headwater.missions.reading import read_mission_files
from headwater.processing.explain import explain
from headwater.processing.service import process_pending

ME = Actor("test")
DAY = date(2021, 4, 9)
L0 = "J01_G011_LZ_2021-04-09T00-00-00Z_V01.DAT1"


@pytest.fixture
def mission(catalog: Catalog, tmp_path: Path) -> LoadedMission:
    folder = tmp_path / "jpss1"
    shutil.copytree(Path(__file__).resolve().parents[1] / "jpss1_mission", folder)
    text = (folder / "mission.yaml").read_text()
    (folder / "mission.yaml").write_text(text.replace("settle_seconds: 1.0", "settle_seconds: 0.0"))
    [applied] = apply(catalog, read_mission_files([folder / "mission.yaml"]), ME)
    assert applied.changed
    return load_mission(catalog, applied.mission)


def test_packets_become_tables_a_ground_track_and_a_picture(
    catalog: Catalog, mission: LoadedMission, shared_dir: Path
) -> None:
    shutil.copy(shared_dir / "data" / "jpss1" / L0, mission.incoming_dir / L0)
    assert ingest_pending(catalog, mission, ME).count(Disposition.ADOPTED) == 1

    report = process_pending(catalog, mission, ME, slots=2)

    assert [result.reason for result in report.results if result.state != BuildState.BUILT] == []
    with catalog.read() as connection:
        rows = files(connection, Filter(mission=mission.name))
    assert [(row["version"], row["date"]) for row in rows] == [("1.0.0", DAY)] * len(rows)
    levels = {mission.product(row["product"]).level for row in rows}
    assert {0.0, 1.0, 2.0} <= levels
    picture = next(row for row in rows if row["name"].endswith(".png"))
    assert (mission.rootdir / picture["path"]).read_bytes().startswith(b"\x89PNG")
    assert explain(catalog, mission, picture["product"], DAY).made
