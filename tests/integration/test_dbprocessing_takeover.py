"""A mission moves: dbprocessing 0.1.0 itself makes the first days, Headwater the next ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.ingest.service import ingest_pending
from headwater.missions.dbprocessing_import.service import import_database
from headwater.missions.loaded import load_mission
from headwater.processing.service import process_pending
from real_dbprocessing import RealDbprocessing

ACTOR = Actor("tester")


@pytest.fixture
def lab(tmp_path: Path, shared_dir: Path) -> tuple[RealDbprocessing, Path, dict[str, object]]:
    """The recorded mission of scenario s01: its config, inspector and code, unmodified."""
    real = RealDbprocessing(tmp_path)
    cases = json.loads((shared_dir / "spec/cases/dbprocessing-scenarios.json").read_text())
    root = tmp_path / "root"
    for folder in ("incoming", "codes/errors", "inspectors"):
        (root / folder).mkdir(parents=True)
    for name, content in cases["assets"].items():
        path = root / ("inspectors" if name.endswith(".py") else "codes") / name
        path.write_text(content)
        path.chmod(0o755)
    [scenario] = [one for one in cases["scenarios"] if one["id"] == "s01_simple_chain"]
    (tmp_path / "lab.conf").write_text(scenario["config"].replace("@ROOT@", str(root)))
    real.run("CreateDB.py", "lab.sqlite")
    real.run("addFromConfig.py", "-m", "lab.sqlite", "lab.conf")
    return real, root, scenario


def newest(catalog: Catalog) -> dict[str, str]:
    with catalog.read() as connection:
        found = connection.execute(
            text(
                "select p.name || ' ' || utc_file_date, concat_ws('.', interface_version,"
                " quality_version, revision_version) from headwater.file f"
                " join headwater.product p on p.id = f.product_id where newest order by 1"
            )
        )
        return {str(row[0]): str(row[1]) for row in found}


def test_headwater_goes_on_where_dbprocessing_stopped(
    catalog: Catalog, lab: tuple[RealDbprocessing, Path, dict[str, object]]
) -> None:
    real, root, _ = lab
    for day in ("01", "02"):
        (root / "incoming" / f"i1_l0_202001{day}_v1.0.0.dat").write_text(f"data {day}\n")
    real.run("ProcessQueue.py", "-i", "-m", "lab.sqlite")
    real.run("ProcessQueue.py", "-p", "-m", "lab.sqlite")
    (root / "incoming" / "i1_l0_20200103_v1.0.0.dat").write_text("left in the queue\n")
    real.run("ProcessQueue.py", "-i", "-m", "lab.sqlite")

    result = import_database(catalog, str(real.folder / "lab.sqlite"), ACTOR, read_files=True)
    assert (result.counts["files"], result.counts["queue entries"]) == (7, 1)
    assert [one.what for one in result.oddities] == [
        "runs in the old log without the time of their end, which is never written"
    ]
    assert result.notes == [], "every file was read, and is the recorded one"

    with catalog.begin() as connection:
        settled = """update headwater.mission set settings = settings || '{"settle_seconds": 0}'"""
        connection.execute(text(settled))
    mission = load_mission(catalog, "lab")
    (root / "incoming" / "i1_l0_20200101_v1.1.0.dat").write_text("newer\n")
    ingest_pending(catalog, mission, ACTOR)
    report = process_pending(catalog, mission, ACTOR)
    assert sorted(f"{one.process} {one.interval_key} {one.state}" for one in report.results) == [
        "mk_l1 2020-01-01 built",
        "mk_l1 2020-01-03 built",
        "mk_l2 2020-01-01 built",
        "mk_l2 2020-01-03 built",
    ]
    assert newest(catalog) == {
        f"i1_l{level} 2020-01-{day}": version
        for level in (0, 1, 2)
        for day, version in (("01", "1.1.0"), ("02", "1.0.0"), ("03", "1.0.0"))
    }
    assert not import_database(catalog, str(real.folder / "lab.sqlite"), ACTOR).changed
