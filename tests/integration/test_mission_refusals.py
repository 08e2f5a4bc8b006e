"""Mission files that cannot be applied: each is refused whole, and nothing is half done."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from mission_lab import LAB, ME, MK_L1, Put, file_on
from sqlalchemy import text

from bad_configs import BAD, GOOD
from headwater.catalog.connection import Catalog
from headwater.core.errors import MissionFileError
from headwater.missions.apply import apply
from headwater.missions.loaded import load_mission, mission_names
from headwater.missions.reading import read_mission_files


@pytest.mark.fault(70)
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
        ("errordir: errors", "incoming_dir: ..", "where it would be taken for an arrival"),
        ("errordir: errors", "errordir: incoming/errors", "would be taken for an arrival"),
        ("codedir: codes", "codedir: incoming/codes", "would be taken for an arrival"),
        ("errordir: errors", "qa_dir: ../qa", "is not below rootdir"),
        ("relative_path: L2", "relative_path: incoming/l2", "its files would arrive again"),
        ("relative_path: L2", "relative_path: errors/l2", "lies in errordir"),
        ("relative_path: L2", "relative_path: .work/l2", "is hidden"),
        ("relative_path: L2", "relative_path: ../L2", "cannot be used: expected a folder below"),
        ("relative_path: L2", "relative_path: L2/../../x", "expected a folder below"),
        ("relative_path: L2", "relative_path: /etc", "leads out of rootdir"),
        ("relative_path: L2", 'relative_path: "L2\\n"', "cannot be used"),
        ("filename: i.py", "filename: ../i.py", "leads out of inspectordir"),
        ("filename: i.py", "filename: /tmp/i.py", "leads out of inspectordir"),
        ("filename: i.py", "filename: i.py, relative_path: ..", "leads out of inspectordir"),
        ("filename: c.sh", "filename: ../c.sh", "leads out of codedir"),
        ("filename: c.sh", "filename: /bin/sh", "leads out of codedir"),
        ("filename: c.sh", "filename: c.sh, relative_path: a/../..", "leads out of codedir"),
        ("name: lab,", "name: ../lab,", "expected a name"),
        ("name: l2,", "name: ../l2,", "expected a name"),
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
    catalog: Catalog, put: Put, tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert old in LAB
    with pytest.raises(MissionFileError) as caught:
        put(LAB.replace(old, new, 1))
    assert expected in str(caught.value)
    assert str(tmp_path / "lab.yaml") in str(caught.value)
    assert mission_names(catalog) == []
    assert not (tmp_path / "data").exists()


def test_codes_may_share_a_process_where_their_dates_do_not_meet(
    put: Put, catalog: Catalog
) -> None:
    codes = (
        "codes: [{filename: c.sh, stop_date: 2020-12-31},"
        " {filename: d.sh, version: 1.1.0, start_date: 2021-01-01}]"
    )
    put(LAB.replace(MK_L1, MK_L1.replace("code: {filename: c.sh}", codes)))
    process = load_mission(catalog, "lab").process("mk_l1")
    assert [str(c.version) for c in process.codes_for(date(2020, 12, 31))] == ["1.0.0"]
    assert [str(c.version) for c in process.codes_for(date(2021, 1, 1))] == ["1.1.0"]


def test_a_circle_through_processes_of_an_earlier_file_is_seen(catalog: Catalog, put: Put) -> None:
    put(LAB)
    head = LAB[: LAB.index("products:")]
    more = "processes:\n  b: {name: b, timebase: DAILY, output: l0, inputs: [l2], "
    with pytest.raises(MissionFileError, match="form a circle"):
        put(head + more + "code: {filename: c}}\n", name="more.yaml")
    fine = more.replace("inputs: [l2]", "inputs: [{product: l2, kind: no_trigger}]")
    assert put(head + fine + "code: {filename: c}}\n", name="more.yaml").changed


def test_a_code_version_that_made_files_cannot_mean_something_else(
    catalog: Catalog, put: Put
) -> None:
    put(LAB)
    other = LAB.replace(MK_L1, MK_L1.replace("c.sh", "d.sh"))
    assert put(other).changed, "nothing was made with it yet"
    file_on(catalog, "l1", date(2020, 1, 1), made_by="mk_l1")
    with pytest.raises(MissionFileError, match=r"its filename cannot change: give it a new ver"):
        put(LAB)
    assert load_mission(catalog, "lab").process("mk_l1").codes[0].filename == "d.sh"


def test_a_product_with_files_keeps_how_they_are_told_apart(catalog: Catalog, put: Put) -> None:
    put(LAB)
    several = LAB.replace("level: 0,", "level: 0, several_per_day: true,")
    file_on(catalog, "l0", date(2020, 1, 1))
    with pytest.raises(MissionFileError, match="several_per_day of product 'l0' cannot change"):
        put(several)


def test_a_second_mission_must_not_have_the_slug_of_another(catalog: Catalog, put: Put) -> None:
    put(LAB)
    with pytest.raises(MissionFileError, match="would both be called 'lab' in Airflow"):
        put(LAB.replace("name: lab,", "name: LAB,"))
    put(LAB.replace("name: lab,", "name: other,"))
    assert mission_names(catalog) == ["lab", "other"]


def test_a_folder_that_cannot_be_made_stops_everything(
    catalog: Catalog, put: Put, tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(MissionFileError, match=r"rootdir .*data cannot be made"):
        put(LAB)
    assert mission_names(catalog) == []


def everything(catalog: Catalog, folder: Path) -> tuple[dict[str, list[str]], list[str]]:
    """All rows of the catalog by table, and all names on the disk but for mission files."""
    with catalog.read() as connection:
        tables = connection.scalars(
            text("select tablename from pg_tables where schemaname = 'headwater' order by 1")
        ).all()
        rows = {
            table: [str(row) for row in connection.execute(text(f"table headwater.{table}"))]
            for table in tables
        }
    found = (str(path) for path in folder.rglob("*") if path.suffix not in (".conf", ".yaml"))
    return rows, sorted(found)


def test_each_wrong_config_changes_nothing_also_of_the_files_beside_it(
    catalog: Catalog, put: Put, tmp_path: Path
) -> None:
    put(GOOD, name="lab.conf")
    before = everything(catalog, tmp_path)
    assert before[0]["process"], "the mission is there"
    other = tmp_path / "other.yaml"
    other.write_text(LAB.replace("name: lab,", "name: other,").replace("data", "elsewhere"))
    path = tmp_path / "lab.conf"
    for what, bad in BAD.items():
        path.write_text(bad.text.replace("product_description = raw", "product_description = new"))
        with pytest.raises(MissionFileError) as caught:
            apply(catalog, read_mission_files([other, path]), ME)
        assert str(path) in str(caught.value), what
        assert everything(catalog, tmp_path) == before, what
    path.write_text(GOOD)
    assert {one.changed for one in apply(catalog, read_mission_files([other, path]), ME)} == {
        True,
        False,
    }, "without a fault the file beside it is applied"


def test_two_missions_may_have_products_and_processes_of_equal_names(
    catalog: Catalog, put: Put
) -> None:
    put(LAB)
    second = LAB.replace("name: lab,", "name: other,").replace("level: 2,", "level: 2.5,")
    put(second.replace("rootdir: data", "rootdir: other_data"))
    assert load_mission(catalog, "lab").product("l2").level == 2.0
    assert load_mission(catalog, "other").product("l2").level == 2.5


def test_two_instruments_have_one_product_of_a_name_which_stays_with_the_first(
    catalog: Catalog, put: Put, tmp_path: Path
) -> None:
    """dbprocessing finds it by name alone, and silently goes on with that of the other one."""
    put(LAB)
    second = LAB.replace("name: i1", "name: i2")
    assert put(second).notes[0] == (
        "product l0 stays with satellite lab-a, instrument i1, where it was defined first"
    )
    differs = second.replace("level: 2,", "level: 2.5,")
    with pytest.raises(MissionFileError) as caught:
        put(differs, name="second.yaml")
    assert str(caught.value) == (
        f"{tmp_path / 'second.yaml'}, line 10, products.l2: product 'l2' is one of satellite "
        "lab-a, instrument i1 already, and differs in level: expected the same, or another name"
    )
    assert load_mission(catalog, "lab").product("l2").level == 2.0
