"""Scripts that check: scrubber, possibleProblemDates, testInspector, configFromDB."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_lab import Said
from processing_lab import Lab, product
from script_lab import D1, Script

from headwater.catalog.queries.consistency import RULES
from headwater.core.actor import Actor
from headwater.missions.apply import apply
from headwater.missions.reading import read_mission_files


def run(lab: Lab, statement: str) -> None:
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql(statement)


# scrubber, possibleProblemDates


def test_all_is_well(script: Script, lab: Lab) -> None:
    said = script("scrubber.py", "-m", "lab")
    assert (said.code, said.lines) == (0, ["All parents of newest are newest"])
    said = script("possibleProblemDates.py", "-m", "lab")
    assert (said.code, said.lines) == (0, [f"Running {rule.name}" for rule in RULES])


def test_parents_and_large_versions_are_told(script: Script, lab: Lab) -> None:
    lab.put("l0", D1, "1.0.1")
    run(lab, "delete from headwater.wake")
    run(lab, "update headwater.file set quality_version = 1000 where name like 'l0_20200103%%'")
    said = script("scrubber.py", "-m", "lab")
    assert said.code == 0
    assert said.lines == [
        "Parents of newest aren't newest",
        "l1_20200101_v1.0.0.dat was made from l0_20200101_v1.0.0.dat, which is not the newest",
        "l0_20200103_v1.0.0.dat has version 1.1000.0",
    ]


def test_problems_are_printed_below_their_rule_and_mended_on_request(
    script: Script, lab: Lab
) -> None:
    run(lab, "update headwater.file set newest = false where name = 'l2_20200101_v1.0.0.dat'")
    found = script("possibleProblemDates.py", "-m", "lab").lines
    place = found.index("Running no newest")
    assert found[place + 1] == "l2 of 2020-01-01 has 1 files and none is the newest"
    assert found[place + 2].startswith(" ** To mend it: the highest version becomes the newest")
    assert lab.newest("l2") == {"2020-01-03": "1.0.0"}
    fixed = script("possibleProblemDates.py", "-m", "lab", "--fix").lines
    assert fixed[place + 2].startswith(" ** Mended: ")
    assert lab.newest("l2") == {"2020-01-01": "1.0.0", "2020-01-03": "1.0.0"}


def test_a_mission_that_cannot_be_loaded_is_checked(script: Script, lab: Lab) -> None:
    run(
        lab,
        "set local session_replication_role to replica;"
        " delete from headwater.inspector where arguments = 'stem=l2'",
    )
    said = script("possibleProblemDates.py", "-m", "lab")
    assert "l2 has no inspector" in said.lines


@pytest.mark.parametrize("name", ["scrubber.py", "possibleProblemDates.py"])
def test_an_unknown_mission_is_one_sentence(script: Script, lab: Lab, name: str) -> None:
    said = script(name, "-m", "moon")
    assert (said.code, "no mission is named 'moon'" in said.err) == (1, True)


# testInspector


@pytest.fixture
def arrival(tmp_path: Path) -> Path:
    path = tmp_path / "l0_20200105_p07_v1.2.3.dat"
    path.write_text("x")
    return path


def inspect(script: Script, lab: Lab, file: Path, *more: str, source: Path | None = None) -> Said:
    source = source or lab.root / "inspectors" / "generic.py"
    return script("testInspector.py", "-m", "lab", "-f", file, "-i", source, "-p", "l0", *more)


def test_what_an_inspector_found_is_printed(script: Script, lab: Lab, arrival: Path) -> None:
    said = inspect(script, lab, arrival, "-a", "stem=l0")
    assert said.code == 0
    for line in (
        "params['filename'] = l0_20200105_p07_v1.2.3.dat",
        "params['utc_file_date'] = 2020-01-05",
        "params['version'] = 1.2.3",
        "params['process_keywords'] = nn=07",
    ):
        assert line in said.lines
    assert lab.newest("l0").keys() == {"2020-01-01", "2020-01-03"}, "nothing is filed"
    assert arrival.exists()


def test_a_file_that_is_not_of_the_product_is_none(script: Script, lab: Lab, arrival: Path) -> None:
    said = inspect(script, lab, arrival, "-a", "stem=l1")
    assert said.code == 0
    assert said.lines[0] == "None"


def test_an_inspector_that_raises_is_told(
    script: Script, lab: Lab, arrival: Path, tmp_path: Path
) -> None:
    source = tmp_path / "own.py"
    source.write_text("raise RuntimeError('not today')")
    said = inspect(script, lab, arrival, source=source)
    assert said.code == 1
    assert "own.py" in said.err
    assert "not today" in said.err
    assert said.lines == ["None"]


def test_an_inspector_that_nobody_applied_can_be_tried_by_a_relative_path(
    script: Script, lab: Lab, arrival: Path
) -> None:
    Path("mine.py").write_text((lab.root / "inspectors" / "generic.py").read_text())
    said = inspect(script, lab, arrival, "-a", "stem=l0", source=Path("mine.py"))
    assert "params['version'] = 1.2.3" in said.lines


@pytest.mark.parametrize(
    ("flag", "value", "code", "says"),
    [
        ("-f", "no-such.dat", 2, "there is no file no-such.dat"),
        ("-i", "no-such.py", 2, "there is no file no-such.py"),
        ("-p", "l9", 1, "no product 'l9'"),
        ("-m", "moon", 1, "no mission is named 'moon'"),
    ],
)
def test_a_wrong_argument_is_one_sentence(
    script: Script, lab: Lab, arrival: Path, flag: str, value: str, code: int, says: str
) -> None:
    given = {
        "-m": "lab", "-f": str(arrival), "-i": str(lab.root / "inspectors" / "generic.py"),
        "-p": "l0", flag: value,
    }  # fmt: skip
    assert script(
        "testInspector.py", *(word for pair in given.items() for word in pair)
    ).is_problem(code, says)


# configFromDB


def test_a_config_is_written_that_changes_nothing_when_it_is_added(
    script: Script, lab: Lab
) -> None:
    said = script("configFromDB.py", "-m", "lab", "-s", "lab-a", "-i", "i1", "out.conf")
    assert (said.code, said.lines) == (0, ["wrote out.conf"])
    text = Path("out.conf").read_text()
    assert text.startswith("#")
    assert "[product_l1]" in text
    (applied,) = apply(
        lab.catalog, read_mission_files([Path("out.conf")]), Actor("tester"), dry_run=True
    )
    assert not applied.changed


def test_an_existing_file_is_overwritten_on_request_only(script: Script, lab: Lab) -> None:
    Path("out.conf").write_text("mine")
    said = script("configFromDB.py", "-m", "lab", "out.conf")
    assert (said.code, "give -f" in said.err) == (2, True)
    assert Path("out.conf").read_text() == "mine"
    assert script("configFromDB.py", "-m", "lab", "-f", "-c", "out.conf").code == 0
    assert Path("out.conf").read_text().startswith("[mission]")


def test_which_instrument_must_be_said_where_there_are_several(script: Script, lab: Lab) -> None:
    file = lab.root / "lab.conf"
    other = file.read_text().split("[product_")[0] + product("b0", 0)
    file.with_name("b.conf").write_text(other.replace("lab-a", "lab-b"))
    apply(lab.catalog, read_mission_files([file.with_name("b.conf")]), lab.actor)
    said = script("configFromDB.py", "-m", "lab", "out.conf")
    assert (said.code, "one instrument a file" in said.err) == (1, True)
    said = script("configFromDB.py", "-m", "lab", "-s", "lab-c", "out.conf")
    assert (said.code, "has no instrument of lab-c" in said.err) == (1, True)
    assert script("configFromDB.py", "-m", "lab", "-s", "lab-b", "out.conf").code == 0
    assert "[product_b0]" in Path("out.conf").read_text()
    assert "[product_l0]" not in Path("out.conf").read_text()


def test_a_file_that_cannot_be_written_is_one_sentence(script: Script, lab: Lab) -> None:
    said = script("configFromDB.py", "-m", "lab", "no/such/folder/out.conf")
    assert (said.code, "cannot be written" in said.err) == (1, True)
