"""Mission files into a real catalog: made, compared, updated."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path

import pytest
from mission_lab import LAB, ME, MK_L1, Put, events, file_on, shown
from sqlalchemy import select

from headwater.catalog.connection import Catalog
from headwater.catalog.models import Event, File
from headwater.core.errors import MissionFileError
from headwater.core.states import EventKind
from headwater.missions.apply import Applied, ChangeKind, apply, difference
from headwater.missions.loaded import load_mission, mission_names
from headwater.missions.reading import read_mission_files


def test_a_mission_is_made_with_all_its_parts_and_folders(
    catalog: Catalog, put: Put, tmp_path: Path
) -> None:
    applied = put(LAB)
    assert applied.revision == 1 and applied.slug == "lab"
    assert {change.kind for change in applied.changes} == {ChangeKind.ADDED}
    data = tmp_path / "data"
    assert applied.folders == (str(data), str(data / "incoming"), str(data / "errors"))
    assert all(Path(folder).is_dir() for folder in applied.folders)
    mission = load_mission(catalog, "lab")
    assert mission.rootdir == data and mission.codedir == data / "codes"
    process = mission.process("mk_l2")
    (read,) = process.inputs
    assert (mission.products[read.product_id].name, read.days_before) == ("l1", 1)
    assert [p.name for p in mission.process_order()] == ["mk_l1", "mk_l2"]
    assert [spec.product_name for spec in mission.inspector_specs()] == ["l0", "l1", "l2"]
    assert mission.facts().errordir == str(data / "errors")
    assert events(catalog, EventKind.MISSION_APPLIED) == [("ana", "revision 1")]
    assert any("there is no code file" in warning for warning in applied.warnings)


def test_applying_twice_changes_nothing(catalog: Catalog, put: Put) -> None:
    put(LAB)
    again = put(LAB)
    assert (again.changes, again.revision, again.folders) == ((), 1, ())
    assert not again.changed
    assert len(events(catalog, EventKind.MISSION_APPLIED)) == 1


def test_a_dry_run_shows_the_difference_and_writes_nothing(
    catalog: Catalog, put: Put, tmp_path: Path
) -> None:
    applied = put(LAB, dry_run=True)
    assert applied.changed and applied.revision == 0
    assert mission_names(catalog) == []
    assert not (tmp_path / "data").exists()


def test_a_changed_file_updates_what_is_there(catalog: Catalog, put: Put, tmp_path: Path) -> None:
    put(LAB)
    changed = (
        LAB.replace("level: 2,", "level: 2.5, description: deep,")
        .replace("errordir: errors", "errordir: errors, settings: {cpu_slots: 4}")
        .replace("days_before: 1", "kind: soft, days_after: 2")
    )
    expected = [
        "mission lab: settings.cpu_slots 2 -> 4",
        "product l2: level 2.0 -> 2.5",
        "product l2: description None -> 'deep'",
    ]
    (tmp_path / "new.yaml").write_text(changed)
    (definition,) = read_mission_files([tmp_path / "new.yaml"])
    with catalog.read() as connection:
        assert shown(difference(connection, definition))[:3] == expected
    applied = put(changed)
    assert shown(applied.changes)[:3] == expected
    assert applied.changes[3].what == "process mk_l2" and applied.changes[3].key == "inputs"
    assert applied.revision == 2
    mission = load_mission(catalog, "lab")
    assert mission.settings.cpu_slots == 4
    assert mission.product("l2").level == 2.5
    (read,) = mission.process("mk_l2").inputs
    assert (read.kind, read.days_before, read.days_after) == ("soft", 0, 2)
    with catalog.read() as connection:
        detail = connection.scalars(select(Event.detail).order_by(Event.id)).all()[-1]
    assert detail is not None
    first = {"kind": "changed", "what": "mission lab", "key": "settings.cpu_slots"}
    assert detail["changes"][0] == first | {"old": 2, "new": 4}
    assert put(changed).changes == ()
    kept = put(changed.replace(", settings: {cpu_slots: 4}", ""))
    assert kept.changes == (), "a file without settings leaves them as they are"


def test_what_a_file_does_not_name_stays(catalog: Catalog, put: Put) -> None:
    put(LAB)
    applied = put(LAB.replace(MK_L1, ""))
    assert shown(applied.changes) == ["process mk_l1: only in catalog"]
    assert not applied.changed and applied.revision == 1
    assert load_mission(catalog, "lab").process("mk_l1").codes_for(date(2020, 1, 1))


def test_files_keep_their_place_when_the_format_changes(catalog: Catalog, put: Put) -> None:
    put(LAB)
    file_on(catalog, "l1", date(2020, 1, 1))
    applied = put(LAB.replace("relative_path: L1", "relative_path: level1"))
    (note,) = applied.notes
    assert note.startswith("product l1: new files get the new name and folder")
    with catalog.read() as connection:
        assert connection.scalar(select(File.path)) == "l1/l1_2020-01-01"


def test_several_files_make_one_mission(catalog: Catalog, put: Put, tmp_path: Path) -> None:
    second = """
mission: {name: lab, rootdir: data, codedir: codes, errordir: errors}
satellite: {name: lab-a}
instrument: {name: i2}
products:
  x: {name: x, level: 1, relative_path: X, format: "x_{Y}.dat", inspector: {filename: i.py}}
processes:
  mk_x: {name: mk_x, timebase: DAILY, output: x, inputs: [l1], code: {filename: c.sh}}
"""
    (tmp_path / "1.yaml").write_text(LAB)
    (tmp_path / "2.yaml").write_text(second)
    both = read_mission_files([tmp_path / "1.yaml", tmp_path / "2.yaml"])
    (applied,) = apply(catalog, both, ME)
    assert applied.revision == 1
    mission = load_mission(catalog, "lab")
    assert (mission.product("l1").instrument, mission.product("x").instrument) == ("i1", "i2")
    assert apply(catalog, both, ME)[0].changes == ()
    alone = put(second)
    assert not alone.changed, "what the first file names is only in the catalog now"
    (tmp_path / "2.yaml").write_text(second.replace("rootdir: data", "rootdir: other"))
    with pytest.raises(MissionFileError, match=r"2\.yaml, line 2, mission: rootdir is .*other"):
        apply(catalog, read_mission_files([tmp_path / "1.yaml", tmp_path / "2.yaml"]), ME)


def test_a_conf_file_may_read_products_that_are_in_the_mission_already(
    catalog: Catalog, put: Put
) -> None:
    """By their plain names, as dbprocessing's documentation promises."""
    put(LAB)
    code = "".join(
        f"code_{key} = {value}\n"
        for key, value in {
            "filename": "c.sh",
            "relative_path": "",
            "start_date": "1970-01-01",
            "stop_date": "2049-12-31",
            "description": "",
            "version": "1.0.0",
            "output_interface": "1",
            "active": "True",
            "date_written": "2020-01-01",
            "newest_version": "True",
            "arguments": "",
            "cpu": "",
            "ram": "",
        }.items()
    )
    conf = f"""
[mission]
mission_name = lab
rootdir = data
incoming_dir = incoming
codedir = codes
errordir = errors
[satellite]
satellite_name = lab-a
[instrument]
instrument_name = i1
[process_again]
process_name = again
output_product = l2
output_timebase = WEEKLY
extra_params =
required_input = ("l1", 1, 1)
{code}"""
    applied = put(conf, name="more.conf")
    real = [one for one in shown(applied.changes) if "only in catalog" not in one]
    assert real == ["process again: added", "code again 1.0.0: added"]
    mission = load_mission(catalog, "lab")
    (read,) = mission.process("again").inputs
    assert mission.products[read.product_id].name == "l1"
    with pytest.raises(MissionFileError, match=r"section \[process_again\], key required_input: "
                       r"no product 'l7'"):  # fmt: skip
        put(conf.replace('"l1"', '"l7"'), name="more.conf")


def test_a_mission_without_products_stays_as_it_is(put: Put) -> None:
    bare = LAB[: LAB.index("products:")]
    assert put(bare).revision == 1
    assert put(bare).changes == ()


def test_formats_that_hardly_mean_what_they_say_are_pointed_out(
    put: Put,
) -> None:
    applied = put(LAB.replace("l1_{Y}{m}{d}_v{VERSION}", "l1_{y}{version}"), dry_run=True)
    said = [warning for warning in applied.warnings if "format has" in warning]
    assert len(said) == 2
    assert "did you mean {VERSION}?" in said[0] and "line 8, products.l1" in said[0]
    assert "format has no {VERSION}" in said[1]


def test_a_format_that_is_not_used_for_naming_needs_no_version(put: Put) -> None:
    named_by_code = LAB.replace("output: l1,", "outputs: [{product: l1, found_by: inspector}],")
    applied = put(named_by_code.replace("_v{VERSION}", "", 1), dry_run=True)
    assert not [warning for warning in applied.warnings if "format has" in warning]


def test_two_applies_at_once_give_one_mission(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text(LAB)
    definitions = read_mission_files([tmp_path / "lab.yaml"])
    results: list[Applied] = []
    threads = [
        threading.Thread(target=lambda: results.extend(apply(catalog, definitions, ME)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(applied.changed for applied in results) == [False, False, False, True]
    assert {applied.revision for applied in results} == {1}
