"""Mission files into a real catalog: difference, update, refusal, wake rows, export."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from headwater.catalog.connection import Catalog
from headwater.catalog.models import Event, File, FileCode, Mission, Wake
from headwater.core.actor import Actor
from headwater.core.errors import MissionFileError, NotFoundError
from headwater.core.states import EventKind
from headwater.missions.apply import Applied, Change, ChangeKind, apply, difference
from headwater.missions.export import export_mission
from headwater.missions.loaded import load_mission, mission_names
from headwater.missions.reading import read_mission_files

ME = Actor("ana")
LAB = """
mission: {name: lab, rootdir: data, codedir: codes, errordir: errors}
satellite: {name: lab-a}
instrument: {name: i1}
products:
  l0: {name: l0, level: 0, relative_path: L0, format: "l0_{Y}{m}{d}.dat",
       inspector: {filename: i.py}}
  l1: {name: l1, level: 1, relative_path: L1, format: "l1_{Y}{m}{d}_v{VERSION}.dat",
       inspector: {filename: i.py}}
  l2: {name: l2, level: 2, relative_path: L2, format: "l2_{Y}{m}{d}_v{VERSION}.dat",
       inspector: {filename: i.py}}
processes:
  mk_l1: {name: mk_l1, timebase: FILE, output: l1, inputs: [l0], code: {filename: c.sh}}
  mk_l2: {name: mk_l2, timebase: DAILY, output: l2, code: {filename: c.sh},
          inputs: [{product: l1, days_before: 1}]}
"""
MK_L1 = "  mk_l1: {name: mk_l1, timebase: FILE, output: l1, inputs: [l0], code: {filename: c.sh}}\n"
NEW_CODE = MK_L1.replace("{filename: c.sh}", "{filename: d.sh, version: 1.1.0}")


@pytest.fixture
def put(catalog: Catalog, tmp_path: Path) -> Callable[..., Applied]:
    def put(content: str, dry_run: bool = False, name: str = "lab.yaml") -> Applied:
        path = tmp_path / name
        path.write_text(content)
        (applied,) = apply(catalog, read_mission_files([path]), ME, dry_run)
        return applied

    return put


def shown(changes: Sequence[Change]) -> list[str]:
    return [str(change) for change in changes]


def file_on(catalog: Catalog, product: str, day: date, made_by: str | None = None) -> None:
    """A newest file of a product, as if it had been filed."""
    mission = load_mission(catalog, "lab")
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    values = {
        "mission_id": mission.id,
        "product_id": mission.product(product).id,
        "name": f"{product}_{day}",
        "path": f"{product}/{product}_{day}",
        "interval_key": day.isoformat(),
        "utc_file_date": day,
        "utc_start_time": start,
        "utc_stop_time": start + timedelta(hours=23),
        "interface_version": 1,
        "quality_version": 0,
        "revision_version": 0,
        "newest": True,
        "level": 0.0,
        "size": 1,
        "sha256": "0" * 64,
        "sha1": "0" * 40,
        "file_create_date": start,
    }
    with catalog.begin() as connection:
        number = connection.scalar(insert(File).values(**values).returning(File.id))
        if made_by is not None:
            code = mission.process(made_by).codes[0]
            connection.execute(insert(FileCode).values(resulting_file=number, source_code=code.id))


def wakes(catalog: Catalog, process: str) -> dict[date, str]:
    number = load_mission(catalog, "lab").process(process).id
    with catalog.read() as connection:
        rows = connection.execute(select(Wake.__table__).where(Wake.process_id == number))
        return {row.utc_date: row.reason for row in rows}


def events(catalog: Catalog, kind: EventKind) -> list[tuple[str, str]]:
    with catalog.read() as connection:
        rows = connection.execute(select(Event.actor, Event.reason).where(Event.kind == kind))
        return [(row.actor, row.reason) for row in rows]


def test_a_mission_is_made_with_all_its_parts_and_folders(
    catalog: Catalog, put: Callable[..., Applied], tmp_path: Path
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


def test_applying_twice_changes_nothing(catalog: Catalog, put: Callable[..., Applied]) -> None:
    put(LAB)
    again = put(LAB)
    assert (again.changes, again.revision, again.folders) == ((), 1, ())
    assert not again.changed
    assert len(events(catalog, EventKind.MISSION_APPLIED)) == 1


def test_a_dry_run_shows_the_difference_and_writes_nothing(
    catalog: Catalog, put: Callable[..., Applied], tmp_path: Path
) -> None:
    applied = put(LAB, dry_run=True)
    assert applied.changed and applied.revision == 0
    assert mission_names(catalog) == []
    assert not (tmp_path / "data").exists()


def test_a_changed_file_updates_what_is_there(
    catalog: Catalog, put: Callable[..., Applied], tmp_path: Path
) -> None:
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


def test_what_a_file_does_not_name_stays(catalog: Catalog, put: Callable[..., Applied]) -> None:
    put(LAB)
    applied = put(LAB.replace(MK_L1, ""))
    assert shown(applied.changes) == ["process mk_l1: only in catalog"]
    assert not applied.changed and applied.revision == 1
    assert load_mission(catalog, "lab").process("mk_l1").codes_for(date(2020, 1, 1))


def test_a_new_code_replaces_the_old_and_wakes_the_dates_of_its_outputs(
    catalog: Catalog, put: Callable[..., Applied]
) -> None:
    put(LAB)
    file_on(catalog, "l0", date(2020, 1, 1))
    file_on(catalog, "l0", date(2020, 1, 2))
    file_on(catalog, "l1", date(2019, 5, 5), made_by="mk_l1")
    applied = put(LAB.replace(MK_L1, NEW_CODE))
    assert shown(applied.changes) == [
        "code mk_l1 1.1.0: added",
        "code mk_l1 1.0.0: active True -> False",
        "code mk_l1 1.0.0: newest_version True -> False",
    ]
    (code,) = load_mission(catalog, "lab").process("mk_l1").codes_for(date(2020, 1, 1))
    assert (str(code.version), code.filename) == ("1.1.0", "d.sh")
    days = [date(2019, 5, 5), date(2020, 1, 1), date(2020, 1, 2)]
    assert wakes(catalog, "mk_l1") == dict.fromkeys(days, "mk_l1: code 1.1.0 activated")
    assert applied.woken == 3
    assert wakes(catalog, "mk_l2") == {}
    assert events(catalog, EventKind.CODE_ACTIVATED) == [("ana", "code 1.1.0 activated")]
    assert put(LAB.replace(MK_L1, NEW_CODE)).changes == ()


def test_an_earlier_code_can_be_listed_again(catalog: Catalog, put: Callable[..., Applied]) -> None:
    put(LAB)
    put(LAB.replace(MK_L1, NEW_CODE))
    back = put(LAB)
    assert "code mk_l1 1.0.0: active False -> True" in shown(back.changes)
    (code,) = load_mission(catalog, "lab").process("mk_l1").codes_for(date(2020, 1, 1))
    assert str(code.version) == "1.0.0"
    assert len(load_mission(catalog, "lab").process("mk_l1").codes) == 2


def test_a_new_process_is_woken_for_each_date_whose_window_holds_a_file(
    catalog: Catalog, put: Callable[..., Applied]
) -> None:
    put(LAB[: LAB.index("  mk_l2")])
    file_on(catalog, "l1", date(2020, 1, 10))
    put(LAB.replace("days_before: 1", "days_before: 1, days_after: 2"))
    days = [date(2020, 1, 8), date(2020, 1, 9), date(2020, 1, 10), date(2020, 1, 11)]
    assert wakes(catalog, "mk_l2") == dict.fromkeys(days, "mk_l2: new process")


def test_an_input_that_triggers_nothing_wakes_no_date(
    catalog: Catalog, put: Callable[..., Applied]
) -> None:
    put(LAB[: LAB.index("  mk_l2")])
    file_on(catalog, "l1", date(2020, 1, 10))
    assert put(LAB.replace("days_before: 1", "kind: no_trigger")).woken == 0


def test_a_run_process_does_not_run_again_over_everything_for_a_new_code(
    catalog: Catalog, put: Callable[..., Applied]
) -> None:
    run = "  r: {name: r, timebase: RUN, inputs: [l0], code: {filename: c.sh, version: 1.0.0}}\n"
    put(LAB)
    file_on(catalog, "l0", date(2020, 1, 1))
    put(LAB + run)
    assert wakes(catalog, "r") == {date(2020, 1, 1): "r: new process"}
    newer = put(LAB + run.replace("1.0.0", "1.0.1"))
    assert newer.changed and newer.woken == 0


def test_files_keep_their_place_when_the_format_changes(
    catalog: Catalog, put: Callable[..., Applied]
) -> None:
    put(LAB)
    file_on(catalog, "l1", date(2020, 1, 1))
    applied = put(LAB.replace("relative_path: L1", "relative_path: level1"))
    (note,) = applied.notes
    assert note.startswith("product l1: new files get the new name and folder")
    with catalog.read() as connection:
        assert connection.scalar(select(File.path)) == "l1/l1_2020-01-01"


def test_a_code_version_that_made_files_cannot_mean_something_else(
    catalog: Catalog, put: Callable[..., Applied]
) -> None:
    put(LAB)
    other = LAB.replace(MK_L1, MK_L1.replace("c.sh", "d.sh"))
    assert put(other).changed, "nothing was made with it yet"
    file_on(catalog, "l1", date(2020, 1, 1), made_by="mk_l1")
    with pytest.raises(MissionFileError, match=r"its filename cannot change: give it a new ver"):
        put(LAB)
    assert load_mission(catalog, "lab").process("mk_l1").codes[0].filename == "d.sh"


def test_a_product_with_files_keeps_how_they_are_told_apart(
    catalog: Catalog, put: Callable[..., Applied]
) -> None:
    put(LAB)
    several = LAB.replace("level: 0,", "level: 0, several_per_day: true,")
    file_on(catalog, "l0", date(2020, 1, 1))
    with pytest.raises(MissionFileError, match="several_per_day of product 'l0' cannot change"):
        put(several)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("inputs: [l0]", "inputs: [l00]", "processes.mk_l1.inputs[0]: no product 'l00'; did you"),
        ("output: l1", "output: nothing", "processes.mk_l1.output: no product 'nothing'; known"),
        ("inputs: [l0]", "inputs: [l0, l0]", "inputs[1]: product 'l0' is named twice in inputs"),
        ("inputs: [l0]", "inputs: [l0, l2]", "form a circle"),
        ("inputs: [l0]", "inputs: [l0, l1]", "inputs[1]: the process 'mk_l1' makes 'l1' itself"),
        ("name: mk_l2", "name: MK_L1", "would both be called 'mk_l1' in Airflow"),
        ("name: mk_l2", "name: mk_l1", "a process named 'mk_l1' is defined already at"),
        ("name: mk_l2", "name: '???'", "process name '???' has no letter or digit"),
        ("name: l2,", "name: l1,", "a product named 'l1' is defined already at"),
        ("relative_path: L2", 'relative_path: "{Q}"', "unknown field {Q}; known are"),
        ("relative_path: L2", "relative_path: incoming", "its files would arrive again"),
        ('format: "l0_{Y}', 'format: "l0_{Y', "name format"),
        ('format: "l0_', 'format: "a/l0_', "holds a '/'"),
        ("errordir: errors", "errordir: incoming", "incoming_dir and errordir are both"),
        ("errordir: errors", "incoming_dir: .", "incoming_dir is rootdir itself"),
        (
            "inputs: [l0], code: {filename: c.sh}",
            "inputs: [l0], codes: [{filename: c.sh}, {filename: d.sh, version: 1.1.0}]",
            "processes.mk_l1.codes[1]: codes 1.0.0 and 1.1.0 of 'mk_l1' are both active from "
            "1970-01-01 to 2049-12-31",
        ),
        (
            "inputs: [l0], code: {filename: c.sh}",
            "inputs: [l0], codes: [{filename: c.sh}, {filename: d.sh, active: false}]",
            "code version 1.0.0 is listed twice",
        ),
    ],
)
def test_a_mission_that_does_not_hold_together_is_refused_whole(
    catalog: Catalog, put: Callable[..., Applied], tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert old in LAB
    with pytest.raises(MissionFileError) as caught:
        put(LAB.replace(old, new, 1))
    assert expected in str(caught.value)
    assert str(tmp_path / "lab.yaml") in str(caught.value)
    assert mission_names(catalog) == []
    assert not (tmp_path / "data").exists()


def test_codes_may_share_a_process_where_their_dates_do_not_meet(
    put: Callable[..., Applied], catalog: Catalog
) -> None:
    codes = (
        "codes: [{filename: c.sh, stop_date: 2020-12-31},"
        " {filename: d.sh, version: 1.1.0, start_date: 2021-01-01}]"
    )
    put(LAB.replace(MK_L1, MK_L1.replace("code: {filename: c.sh}", codes)))
    process = load_mission(catalog, "lab").process("mk_l1")
    assert [str(c.version) for c in process.codes_for(date(2020, 12, 31))] == ["1.0.0"]
    assert [str(c.version) for c in process.codes_for(date(2021, 1, 1))] == ["1.1.0"]


def test_a_circle_through_processes_of_an_earlier_file_is_seen(
    catalog: Catalog, put: Callable[..., Applied]
) -> None:
    put(LAB)
    head = LAB[: LAB.index("products:")]
    more = "processes:\n  b: {name: b, timebase: DAILY, output: l0, inputs: [l2], "
    with pytest.raises(MissionFileError, match="form a circle"):
        put(head + more + "code: {filename: c}}\n", name="more.yaml")
    fine = more.replace("inputs: [l2]", "inputs: [{product: l2, kind: no_trigger}]")
    assert put(head + fine + "code: {filename: c}}\n", name="more.yaml").changed


def test_several_files_make_one_mission(
    catalog: Catalog, put: Callable[..., Applied], tmp_path: Path
) -> None:
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
    catalog: Catalog, put: Callable[..., Applied]
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


def test_a_mission_without_products_stays_as_it_is(put: Callable[..., Applied]) -> None:
    bare = LAB[: LAB.index("products:")]
    assert put(bare).revision == 1
    assert put(bare).changes == ()


def test_formats_that_hardly_mean_what_they_say_are_pointed_out(
    put: Callable[..., Applied],
) -> None:
    applied = put(LAB.replace("l1_{Y}{m}{d}_v{VERSION}", "l1_{y}{version}"), dry_run=True)
    said = [warning for warning in applied.warnings if "format has" in warning]
    assert len(said) == 2
    assert "did you mean {VERSION}?" in said[0] and "line 8, products.l1" in said[0]
    assert "format has no {VERSION}" in said[1]


def test_a_second_mission_must_not_have_the_slug_of_another(
    catalog: Catalog, put: Callable[..., Applied]
) -> None:
    put(LAB)
    with pytest.raises(MissionFileError, match="would both be called 'lab' in Airflow"):
        put(LAB.replace("name: lab,", "name: LAB,"))
    put(LAB.replace("name: lab,", "name: other,"))
    assert mission_names(catalog) == ["lab", "other"]


def test_a_folder_that_cannot_be_made_stops_everything(
    catalog: Catalog, put: Callable[..., Applied], tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(MissionFileError, match=r"rootdir .*data cannot be made"):
        put(LAB)
    assert mission_names(catalog) == []


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


def test_what_is_exported_changes_nothing_when_applied(
    catalog: Catalog, put: Callable[..., Applied]
) -> None:
    put(LAB.replace("errordir: errors", "errordir: errors, settings: {environment: {A: b}}"))
    put(LAB.replace(MK_L1, NEW_CODE))
    exported = export_mission(catalog, "lab")
    assert put(exported, name="exported.yaml").changes == ()
    with pytest.raises(NotFoundError, match="no mission 'lob'; did you mean 'lab'"):
        export_mission(catalog, "lob")


def test_a_name_that_is_not_there_is_answered_with_the_nearest(
    catalog: Catalog, put: Callable[..., Applied]
) -> None:
    put(LAB)
    mission = load_mission(catalog, "lab")
    with pytest.raises(NotFoundError, match="mission lab has no product 'L11'; did you mean 'l1'"):
        mission.product("L11")
    with pytest.raises(NotFoundError, match="no process 'mk_l3'"):
        mission.process("mk_l3")


def test_every_config_that_dbprocessing_was_tried_with_can_be_applied_and_exported(
    catalog: Catalog, shared_dir: Path, tmp_path: Path
) -> None:
    """Each of them loads, also where the old loader failed (s51), and comes out as it went in."""
    cases = json.loads((shared_dir / "spec/cases/dbprocessing-scenarios.json").read_text())
    tried: set[str] = set()
    for case in cases["scenarios"]:
        texts = case["config"] if isinstance(case["config"], list) else [case["config"]]
        if str(texts) in tried:
            continue
        tried.add(str(texts))
        folder = tmp_path / case["id"]
        folder.mkdir()
        paths = [folder / f"{number}.conf" for number in range(len(texts))]
        for path, content in zip(paths, texts, strict=True):
            path.write_text(content.replace("@ROOT@", str(folder)))
        definitions = read_mission_files(paths)
        (applied,) = apply(catalog, definitions, ME)
        assert applied.revision == 1, case["id"]
        assert apply(catalog, definitions, ME)[0].changes == (), case["id"]
        exported = folder / "exported.yaml"
        exported.write_text(export_mission(catalog, "lab"))
        if load_mission(catalog, "lab").products:
            assert apply(catalog, read_mission_files([exported]), ME)[0].changes == (), case["id"]
        if case["id"].startswith("s51"):
            assert load_mission(catalog, "lab").product("i1_l0").relative_path == "lab-a/lab/0.0"
        if case["id"].startswith("s17"):
            assert load_mission(catalog, "lab").errordir == folder / "errs"
            assert (folder / "errs").is_dir()
        with catalog.begin() as connection:
            connection.execute(text(f"truncate {Mission.__table__} cascade"))
