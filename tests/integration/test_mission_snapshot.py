"""The snapshot that the DAG files read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.core.errors import NotFoundError, SettingError
from headwater.missions.apply import apply
from headwater.missions.reading import read_mission_files
from headwater.missions.snapshot import read_snapshots, snapshot_folder, write_snapshot

LAB = """
mission: {name: "Lab 1", rootdir: data, settings: {cpu_slots: 3, clock_minutes: 7}}
satellite: {name: a}
instrument: {name: i}
products:
  z: {name: z raw, level: 0, format: "z.dat", inspector: {filename: i.py}}
  y: {name: y, level: 0, format: "y.dat", inspector: {filename: i.py}}
  x: {name: x, level: 1, format: "x_v{VERSION}.dat", inspector: {filename: i.py}}
processes:
  Mk: {name: Mk X, timebase: DAILY, output: x, code: {filename: c.sh, description: makes x},
       inputs: [z, {product: y, kind: soft}, {product: x, kind: no_trigger, days_before: 1}]}
"""


@pytest.fixture
def mission(catalog: Catalog, tmp_path: Path) -> Path:
    path = tmp_path / "lab.yaml"
    path.write_text(LAB)
    apply(catalog, read_mission_files([path]), Actor("ana"))
    return path


def test_it_says_what_the_dags_need(catalog: Catalog, mission: Path, tmp_path: Path) -> None:
    assert write_snapshot(catalog, "Lab 1", tmp_path / "shots")
    content = json.loads((tmp_path / "shots/lab_1.json").read_text())
    assert content["format"] == 1 and content["revision"] == 1
    assert content["pools"] == [{"name": "lab_1.cpu", "slots": 3}]
    assert (content["slug"], content["clock_minutes"]) == ("lab_1", 7)
    assert content["incoming_dir"] == str(tmp_path / "data/incoming")
    assert [p["name"] for p in content["products"]] == ["x", "y", "z raw"]
    assert content["products"][2]["uri"] == "headwater://lab_1/z%20raw"
    assert content["products"][2]["asset"] == "lab_1/z raw"
    (process,) = content["processes"]
    assert (process["slug"], process["timebase"]) == ("mk_x", "DAILY")
    assert process["trigger_inputs"] == ["y", "z raw"]
    assert process["other_inputs"] == ["x"] and process["outputs"] == ["x"]
    assert process["description"] == "makes x"


def test_it_is_written_only_when_the_mission_changed(
    catalog: Catalog, mission: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "shots"
    assert write_snapshot(catalog, "Lab 1", folder)
    before = (folder / "lab_1.json").read_bytes()
    assert not write_snapshot(catalog, "Lab 1", folder)
    (folder / "lab_1.json").unlink()
    write_snapshot(catalog, "Lab 1", folder)
    assert (folder / "lab_1.json").read_bytes() == before
    mission.write_text(LAB.replace("cpu_slots: 3", "cpu_slots: 4"))
    apply(catalog, read_mission_files([mission]), Actor("ana"))
    assert write_snapshot(catalog, "Lab 1", folder)
    (snapshot,) = read_snapshots(folder)
    assert (snapshot.revision, snapshot.pools[0].slots) == (2, 4)
    assert [path.name for path in folder.iterdir()] == ["lab_1.json"], "nothing is left over"


def test_a_bad_file_does_not_take_the_others_away(
    catalog: Catalog, mission: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "shots"
    write_snapshot(catalog, "Lab 1", folder)
    (folder / "torn.json").write_text('{"format": 1, "mission"')
    (folder / "newer.json").write_text('{"format": 99}')
    assert [snapshot.mission for snapshot in read_snapshots(folder)] == ["Lab 1"]
    assert read_snapshots(tmp_path / "absent") == []


def test_a_mission_that_is_not_there_is_named(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no mission 'Lab 2'"):
        write_snapshot(catalog, "Lab 2", tmp_path)


def test_the_folder_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HEADWATER_SNAPSHOTS", raising=False)
    monkeypatch.delenv("HEADWATER_HOME", raising=False)
    with pytest.raises(SettingError, match="set HEADWATER_SNAPSHOTS"):
        snapshot_folder()
    monkeypatch.setenv("HEADWATER_HOME", str(tmp_path))
    assert snapshot_folder() == tmp_path / "snapshots"
    monkeypatch.setenv("HEADWATER_SNAPSHOTS", "/elsewhere")
    assert snapshot_folder() == Path("/elsewhere")
