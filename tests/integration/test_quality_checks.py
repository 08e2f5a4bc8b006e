"""Checks of quality: what they hold, what they leave out, and how they are taken back."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from processing_lab import CHAIN, HEAD, Lab, process, product
from sqlalchemy import text

from command_runner import Command, Said
from headwater.catalog.connection import Catalog
from headwater.ingest.service import ingest_pending
from headwater.missions.apply import apply
from headwater.missions.reading import read_mission_files

DAY = date(2020, 1, 1)
L0, L1, L2 = (f"{product}_20200101_v1.0.0.dat" for product in ("l0", "l1", "l2"))


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    """The chain, with a folder for checks."""
    lab = Lab(catalog, tmp_path)
    file = lab.root / "lab.conf"
    head = HEAD.format(root=lab.root).replace("errordir", "qa_dir = qa\nerrordir")
    file.write_text(head + "".join(CHAIN))
    apply(catalog, read_mission_files([file]), lab.actor)
    lab.settings(settle_seconds=0.0)
    return lab


def checks(headwater: Command, tmp_path: Path, *lines: str) -> Said:
    path = tmp_path / "by hand.txt"
    path.write_text("\n".join(lines))
    return headwater("qa", str(path))


def marks(lab: Lab) -> list[tuple[object, ...]]:
    rows = lab.rows("select name, qa, quality_checked, quality_comment from headwater.file"
                    " where qa is not null order by name")  # fmt: skip
    return [tuple(row) for row in rows]


def builds(lab: Lab, name: str) -> list[tuple[str, str]]:
    return [(state, reason) for _, state, reason in lab.builds(name)]


def test_a_problem_holds_what_would_be_made_and_ok_lets_it_go(
    lab: Lab, headwater: Command, tmp_path: Path
) -> None:
    lab.put("l0", DAY)
    assert checks(headwater, tmp_path, f"{L0} problem saturated").code == 0
    lab.process()
    held = f"a check says that {L0} has a problem: saturated"
    assert builds(lab, "mk_l1") == [("held", held)]
    assert held in headwater("why", "l1", "2020-01-01").out
    assert marks(lab) == [(L0, "problem", True, "saturated")]
    checks(headwater, tmp_path, f"{L0} ok")
    lab.process()
    assert lab.newest("l2") == {"2020-01-01": "1.0.0"}
    assert marks(lab) == [(L0, "ok", True, None)]


def test_a_problem_of_what_was_used_already_holds_only_the_next_version(
    lab: Lab, headwater: Command, tmp_path: Path
) -> None:
    lab.put("l0", DAY)
    lab.process()
    checks(headwater, tmp_path, f"{L1} problem")
    lab.process()
    assert lab.newest("l2") == {"2020-01-01": "1.0.0"}
    lab.put("l0", DAY, "1.1.0")
    lab.process()
    assert lab.newest("l2") == {"2020-01-01": "1.1.0"}, "the new l1 has not been checked"


def test_neither_retry_nor_force_get_past_a_problem(
    lab: Lab, headwater: Command, tmp_path: Path
) -> None:
    lab.put("l0", DAY)
    checks(headwater, tmp_path, f"{L0} problem")
    lab.process()
    headwater("retry", "mk_l1", "2020-01-01", "--reason", "please")
    headwater("campaign", "new", "-p", "l1", "--force", "1", "--reason", "please")
    lab.process()
    assert [state for state, _ in builds(lab, "mk_l1")] == ["held"]
    assert lab.newest("l1") == {}


def test_an_ignored_file_is_left_out_and_no_older_one_stands_in(
    lab: Lab, headwater: Command, tmp_path: Path
) -> None:
    lab.put("l0", DAY)
    lab.process()
    lab.put("l0", DAY, "1.1.0")
    checks(headwater, tmp_path, "l0_20200101_v1.1.0.dat ignore noise")
    lab.process()
    assert lab.newest("l1") == {"2020-01-01": "1.0.0"}
    assert lab.newest("l0") == {"2020-01-01": "1.1.0"}
    checks(headwater, tmp_path, "l0_20200101_v1.1.0.dat ok")
    lab.process()
    assert lab.newest("l2") == {"2020-01-01": "1.1.0"}


def test_a_product_is_made_again_without_the_optional_input_that_is_ignored(
    lab: Lab, headwater: Command, tmp_path: Path
) -> None:
    inputs = "required_input1 = product_l0\noptional_input2 = product_aux"
    lab.change((product("l0", 0), product("aux", 0), product("l1", 1),
                process("mk", "l1", inputs)))  # fmt: skip
    lab.put("l0", DAY)
    lab.put("aux", DAY)
    lab.process()
    checks(headwater, tmp_path, "aux_20200101_v1.0.0.dat ignore")
    lab.process()
    assert lab.parents("l1_20200101_v1.1.0.dat") == [L0]


def test_why_names_the_ignored_file(lab: Lab, headwater: Command, tmp_path: Path) -> None:
    lab.put("l0", DAY)
    checks(headwater, tmp_path, f"{L0} ignore, noise")
    lab.process()
    said = headwater("why", "l2", "2020-01-01")
    assert (said.code, f"{L0} is left out, since a check says ignore: noise" in said.out) == (
        1,
        True,
    )
    assert "check: ignore: noise" in headwater("why", "l0", "2020-01-01").out


def test_a_check_that_says_nothing_new_changes_nothing(
    lab: Lab, headwater: Command, tmp_path: Path
) -> None:
    lab.put("l0", DAY)
    lab.process()
    for _ in range(2):
        checks(headwater, tmp_path, f"{L0} ok")
    events = lab.rows("select * from headwater.event where kind = 'file checked'")
    assert [str(event.reason) for event in events] == [f"{L0} is marked ok (by hand.txt)"]
    assert lab.process().results == []


def test_one_unknown_name_and_nothing_of_the_file_is_taken(
    lab: Lab, headwater: Command, tmp_path: Path
) -> None:
    lab.put("l0", DAY)
    said = checks(headwater, tmp_path, f"{L0} problem", "nothing.dat ok")
    assert (said.code, "no file nothing.dat" in said.err) == (1, True)
    assert marks(lab) == []


def test_what_checks_speak_against_is_listed(lab: Lab, headwater: Command, tmp_path: Path) -> None:
    lab.put_many("l0", [date(2020, 1, day) for day in (1, 2, 3)])
    checks(headwater, tmp_path, f"{L0} problem x", "l0_20200102_v1.0.0.dat ignore",
           "l0_20200103_v1.0.0.dat ok")  # fmt: skip
    rows = headwater("qa", "--json").data
    assert [(row["name"], row["mark"], row["comment"]) for row in rows] == [
        (L0, "problem", "x"),
        ("l0_20200102_v1.0.0.dat", "ignore", None),
    ]


# In the folder


def test_the_folder_is_read_by_each_ingest_and_each_file_once(lab: Lab, headwater: Command) -> None:
    lab.put("l0", DAY)
    (lab.root / "qa" / "first.csv").write_text(f"file,qa\n{L0},problem\n")
    (lab.root / "qa" / ".hidden").write_text("what is this")
    said = headwater("ingest")
    assert (said.code, "first.csv: 1 files marked" in said.err) == (0, True)
    assert marks(lab) == [(L0, "problem", True, None)]
    with lab.catalog.begin() as connection:
        connection.execute(text("update headwater.file set qa = 'ok'"))
    headwater("ingest")
    assert marks(lab)[0][1] == "ok", "it was not read again"
    later = lab.root / "qa" / "second.csv"
    later.write_text(f"{L0},ignore\n")
    headwater("ingest")
    assert marks(lab)[0][1] == "ignore"


def test_a_file_in_the_folder_that_changed_is_read_again(lab: Lab) -> None:
    lab.put("l0", DAY)
    path = lab.root / "qa" / "x.qa"
    for mark in ("problem", "ok"):
        path.write_text(f"{L0} {mark}\n")
        os.utime(path, ns=(0, len(mark)))
        ingest_pending(lab.catalog, lab.mission, lab.actor)
        assert marks(lab)[0][1] == mark


def test_a_wrong_file_is_named_and_tried_again_when_its_data_has_come(
    lab: Lab, headwater: Command
) -> None:
    (lab.root / "qa" / "early.qa").write_text(f"{L0} ignore\n")
    for _ in range(2):
        said = headwater("ingest")
        assert (said.code, f"no file {L0}" in said.err) == (1, True)
    assert len(lab.rows("select * from headwater.event where kind = 'file checked'")) == 1
    (lab.root / "incoming" / L0).write_text("data")
    assert headwater("ingest").code == 0
    assert marks(lab) == [(L0, "ignore", True, None)]


# As arrivals


def test_an_arrival_with_checks_is_filed_and_taken_after_the_data_it_came_with(
    lab: Lab, headwater: Command
) -> None:
    (lab.root / "incoming" / "a first.qa.csv").write_text(f"{L0},problem,saturated\n")
    (lab.root / "incoming" / L0).write_text("data")
    assert headwater("ingest").code == 0
    assert marks(lab) == [(L0, "problem", True, "saturated")]
    assert (lab.root / "qa" / "a first.qa.csv").is_file()
    rows = headwater("arrivals", "--json").data
    assert {(row["name"], row["disposition"]) for row in rows} == {
        ("a first.qa.csv", "adopted"),
        (L0, "adopted"),
    }
    assert "1 problem" in next(str(row["reason"]) for row in rows if "qa" in str(row["name"]))
    said = headwater("ingest")
    assert "files marked" not in said.err, "what arrived is not read again in its folder"
    assert lab.leftovers() == []


@pytest.mark.parametrize("content", ["nothing.dat ok\n", "nonsense\n"])
def test_an_arrival_with_wrong_checks_is_quarantined(
    lab: Lab, headwater: Command, content: str
) -> None:
    (lab.root / "incoming" / "x.qa").write_text(content)
    assert headwater("ingest").code == 1
    [row] = headwater("arrivals", "--json").data
    assert row["disposition"] == "quarantined"
    assert (lab.root / "errors" / "x.qa").read_text() == content
    assert list((lab.root / "qa").iterdir()) == []


def test_checks_that_came_before_are_not_overwritten(lab: Lab, headwater: Command) -> None:
    lab.put("l0", DAY)
    for mark, disposition in (("problem", "adopted"), ("ok", "quarantined")):
        (lab.root / "incoming" / "x.qa").write_text(f"{L0} {mark}\n")
        headwater("ingest")
        assert headwater("arrivals", "--json").data[0]["disposition"] == disposition
    assert marks(lab)[0][1] == "problem"


def test_a_mission_without_a_folder_for_checks_takes_them_for_data(
    catalog: Catalog, tmp_path: Path, headwater: Command
) -> None:
    lab = Lab(catalog, tmp_path)
    lab.settings(settle_seconds=0.0)
    lab.put("l0", DAY)
    (lab.root / "incoming" / "x.qa").write_text(f"{L0} problem\n")
    assert headwater("ingest").code == 1
    assert headwater("arrivals", "--json").data[0]["disposition"] == "quarantined"
    assert marks(lab) == []


# The mission's key


@pytest.mark.parametrize(
    ("folder", "says"), [("incoming", "used for something else"), ("../qa", "not below rootdir")]
)
def test_a_folder_for_checks_that_cannot_be_used_is_refused(
    lab: Lab, headwater: Command, folder: str, says: str
) -> None:
    file = lab.root / "lab.conf"
    file.write_text(file.read_text().replace("qa_dir = qa", f"qa_dir = {folder}"))
    said = headwater("mission", "apply", str(file))
    assert (said.code, says in said.err) == (1, True)


def test_the_folder_for_checks_is_exported(lab: Lab, headwater: Command, tmp_path: Path) -> None:
    exported = tmp_path / "exported.yaml"
    exported.write_text(headwater("mission", "export").out)
    assert "qa_dir: qa" in exported.read_text()
    assert headwater("mission", "diff", str(exported)).code == 0
