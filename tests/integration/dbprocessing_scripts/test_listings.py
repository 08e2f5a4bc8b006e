"""Scripts that list: printInfo, printRequired, compareDB, and what every script has."""

from __future__ import annotations

from pathlib import Path

import pytest
from processing_lab import CHAIN, Lab, process
from script_lab import D1, D2, D3, Script, Twin

from headwater.cli.dbprocessing.scripts import SCRIPTS


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_every_script_says_what_it_takes(script: Script, name: str) -> None:
    said = script(name, "--help")
    assert said.code == 0
    assert said.out.startswith(f"usage: {name}")


@pytest.mark.parametrize("name", ["MigrateDB.py", "updateUnixTime.py", "replaceArgsWithRootdir.py"])
def test_what_has_no_meaning_any_more_says_why(script: Script, name: str) -> None:
    said = script(name, "-m", "lab.sqlite", "-y")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("nothing to do: ")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("printRequired.py", "-m", "moon", "x"), 1, "no mission is named 'moon'"),
        (("printRequired.py", "-m", "lab", "nothing"), 1, "no process 'nothing'"),
        (("printRequired.py", "-m", "lab"), 2, "required: process"),
        (("printInfo.py", "lab", "Weather"), 2, "expected one of Product, Mission"),
        (("printInfo.py", "lab", "File"), 2, "name their product with -p"),
        (("printInfo.py", "lab", "File", "-p", "l9"), 1, "no product 'l9'"),
        (("printInfo.py", "lab", "File", "-p", "l0", "-s", "soon"), 2, "'soon' is not a date"),
        (("compareDB.py", "-m", "lab"), 2, "-m is needed twice"),
        (("compareDB.py", "-m", "lab", "-m", "moon"), 1, "no mission is named 'moon'"),
    ],
)
def test_a_problem_is_one_sentence(
    script: Script, lab: Lab, words: tuple[str, ...], code: int, says: str
) -> None:
    assert script(*words).is_problem(code, says)


# printInfo


def test_products_are_printed_with_level_and_path(script: Script, lab: Lab) -> None:
    lines = script("printInfo.py", "lab", "product").lines
    assert lines[0].split() == ["ID", "LEVEL", "NAME", "PATH"]
    assert lines[2].split()[1:] == ["1.0", "l1", str(lab.root / "l1")]


def test_the_mission_is_printed_with_its_folders(script: Script, lab: Lab) -> None:
    lines = script("printInfo.py", "lab", "Mission").lines
    assert lines[1].split()[1:] == ["lab", str(lab.root), str(lab.root / "incoming")]


def test_processes_are_printed_with_inputs_and_codes(script: Script, lab: Lab) -> None:
    soft = process("mk_l2", "l2", "required_input1 = product_l1\noptional_input1 = product_l0")
    lab.change((*CHAIN[:4], soft))
    lines = script("printInfo.py", "lab", "Process").lines
    assert lines[1].split()[1:3] == ["mk_l1", "FILE"]
    assert lines[1].split()[-1] == "l1"
    assert [line.split()[-1] for line in lines if line.strip().startswith("optional")] == ["l0"]
    assert "copy.sh" in lines[3]
    assert lines[3].endswith("1970-01-01->2049-12-31")


def test_codes_are_printed_with_version_and_dates(script: Script, lab: Lab) -> None:
    lines = script("printInfo.py", "lab", "Code").lines
    assert len(lines) == 3
    for part in ("copy.sh", "1.0.0", "(1.Y.Z)", str(lab.root / "codes"), "mk_l1", "1-1"):
        assert part in lines[1]
    assert lines[1].endswith("1970-01-01 -> 2049-12-31")


def test_files_of_a_product_are_printed_all_versions_of_the_dates(script: Script, lab: Lab) -> None:
    lab.put("l0", D1, "1.0.1")
    lines = script("printInfo.py", "lab", "File", "-p", "l0").lines
    assert [line.split()[3:] for line in lines[1:]] == [
        ["l0_20200101_v1.0.0.dat", "False"],
        ["l0_20200101_v1.0.1.dat", "True"],
        ["l0_20200103_v1.0.0.dat", "True"],
    ]
    some = script("printInfo.py", "lab", "File", "-p", "l0", "-s", D1, "-e", D1).lines
    assert len(some) == 3
    none = script("printInfo.py", "lab", "File", "-p", "l0", "-s", "2021-01-01")
    assert none.out.startswith("No files found for product ")


# printRequired


def test_required_inputs_are_printed_and_their_numbers_in_one_line(
    script: Script, lab: Lab
) -> None:
    soft = process("mk_l2", "l2", "required_input1 = product_l1\noptional_input1 = product_l0")
    lab.change((*CHAIN[:4], soft))
    number = lab.mission.product("l1").id
    said = script("printRequired.py", "-m", "lab", "mk_l2")
    assert said.lines == ["mk_l2", f"\t{number:5d} l1", "", str(number)]
    by_number = script("printRequired.py", "-m", "lab", lab.mission.process("mk_l2").id)
    assert by_number.lines[1:] == said.lines[1:]


# compareDB


@pytest.fixture
def twin(lab: Lab, tmp_path: Path) -> Lab:
    """A second mission in the same catalog, made the same way."""
    return Twin(lab.catalog, tmp_path / "twin")


def test_two_missions_that_are_the_same_have_no_difference(
    script: Script, lab: Lab, twin: Lab
) -> None:
    twin.put_many("l0", [D1, D3])
    twin.process()
    said = script("compareDB.py", "-m", "lab", "-m", "twin")
    assert (said.code, said.out) == (0, "")


def test_what_only_one_mission_has_and_what_differs_is_printed(
    script: Script, lab: Lab, twin: Lab
) -> None:
    twin.put_many("l0", [D1, D2])
    twin.process()
    with twin.catalog.begin() as connection:
        connection.exec_driver_sql(
            "update headwater.product set level = 7 where name = 'l2' and mission_id ="
            " (select id from headwater.mission where name = 'twin')"
        )
        connection.exec_driver_sql(
            "delete from headwater.file_link where resulting_file in (select f.id from"
            " headwater.file f join headwater.mission m on m.id = f.mission_id"
            " where m.name = 'twin' and f.name = 'l1_20200101_v1.0.0.dat')"
        )
    lines = script("compareDB.py", "-m", "lab", "-m", "twin").lines
    assert "Product l2 level is 2 in mission1 but 7 in mission2" in lines
    assert "File l0_20200103_v1.0.0.dat is in mission1 but not mission2." in lines
    assert "File l0_20200102_v1.0.0.dat is in mission2 but not mission1." in lines
    links = [line for line in lines if line.startswith("l1_")]
    assert links == [
        "l1_20200101_v1.0.0.dat input file l0_20200101_v1.0.0.dat is in mission1 but not mission2."
    ], "what one mission has not at all is told once"
