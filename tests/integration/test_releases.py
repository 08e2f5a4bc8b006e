"""Releases: what is in them, what is left out, and what they protect."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from processing_lab import Lab
from sqlalchemy import text

from command_runner import Command
from headwater.catalog.connection import Catalog

DAY = date(2020, 1, 1)
OLD = [f"l{n}_20200101_v1.0.0.dat" for n in range(3)]
NEW = [f"l{n}_20200101_v1.1.0.dat" for n in range(3)]


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    """Scenario s63: two versions of one day in three products."""
    lab = Lab(catalog, tmp_path)
    for version in ("1.0.0", "1.1.0"):
        lab.put("l0", DAY, version)
        lab.process()
    return lab


def shown(headwater: Command, name: str = "r1") -> list[tuple[object, object]]:
    rows = headwater("release", "show", name, "--json").data
    return [(row["name"], row["excluded"]) for row in rows]


def test_the_newest_files_are_tagged_and_listed(lab: Lab, headwater: Command) -> None:
    said = headwater("release", "tag", "r1", "--newest", "--reason", "for all")
    assert (said.code, "3 files" in said.out) == (0, True)
    assert shown(headwater) == [(name, None) for name in NEW]
    paths = headwater("release", "show", "r1", "--paths").out.split()
    assert paths == [str(lab.root / name[:2] / name) for name in NEW]
    [row] = headwater("release", "list", "--json").data
    assert (row["release"], row["files"], row["excluded"], row["reason"]) == ("r1", 3, 0, "for all")
    assert str(row["created_by"]).startswith("cli:")


def test_a_release_stays_as_it_is_when_newer_files_come(lab: Lab, headwater: Command) -> None:
    headwater("release", "tag", "r1", "--newest", "--reason", "x")
    lab.put("l0", DAY, "1.2.0")
    lab.process()
    assert shown(headwater) == [(name, None) for name in NEW]


def test_listed_files_and_products_can_be_tagged(lab: Lab, headwater: Command) -> None:
    assert headwater("release", "tag", "r1", OLD[2], NEW[1], "--reason", "x").code == 0
    assert {name for name, _ in shown(headwater)} == {OLD[2], NEW[1]}
    headwater("release", "tag", "r2", "--newest", "-p", "l2", "--reason", "x")
    assert shown(headwater, "r2") == [(NEW[2], None)]
    said = headwater("release", "tag", "r3", "--newest", "--first", "2021-01-01", "--reason", "x")
    assert (said.code, "would get no file" in said.err) == (1, True)
    assert {row["release"] for row in headwater("release", "list", "--json").data} == {"r1", "r2"}


def test_an_excluded_file_gives_way_to_none(lab: Lab, headwater: Command) -> None:
    headwater("release", "tag", "r1", "--newest", "--reason", "x")
    assert headwater("release", "exclude", "r1", NEW[2], "--reason", "saturated").code == 0
    assert shown(headwater) == [(NEW[0], None), (NEW[1], None), (NEW[2], "saturated")]
    assert lab.newest("l2") == {"2020-01-01": "1.1.0"}
    headwater("release", "tag", "r1", NEW[2], "--add", "--reason", "it was not")
    assert shown(headwater) == [(name, None) for name in NEW]
    events = lab.rows("select * from headwater.event where kind = 'release changed' order by id")
    reasons = [str(event.reason) for event in events]
    assert reasons[0] == "release r1 was made: x"
    assert reasons[-2:] == [
        f"{NEW[2]} was taken out of release r1: saturated",
        f"{NEW[2]} belongs to release r1: it was not",
    ]


def test_a_released_file_is_not_purged_until_it_is_excluded(lab: Lab, headwater: Command) -> None:
    headwater("release", "tag", "r1", NEW[2], "--reason", "x")
    refused = headwater("purge", NEW[2], "--reason", "wrong")
    assert (refused.code, "belongs to release r1" in refused.err) == (1, True)
    headwater("release", "exclude", "r1", NEW[2], "--reason", "wrong")
    assert headwater("purge", NEW[2], "--reason", "wrong").code == 0
    assert shown(headwater) == []


def test_a_removed_release_protects_nothing_and_its_files_stay(
    lab: Lab, headwater: Command
) -> None:
    headwater("release", "tag", "r1", "--newest", "--reason", "x")
    assert headwater("release", "remove", "r1", "--reason", "old").code == 0
    assert headwater("release", "list", "--json").data == []
    assert lab.newest("l2") == {"2020-01-01": "1.1.0"}
    assert headwater("purge", NEW[2], "--reason", "wrong").code == 0


def test_newest_files_that_are_lost_are_left_out_and_said(lab: Lab, headwater: Command) -> None:
    with lab.catalog.begin() as connection:
        connection.execute(
            text("update headwater.file set exists_on_disk = false where name = :n"), {"n": NEW[1]}
        )
    said = headwater("release", "tag", "r1", "--newest", "--reason", "x")
    assert f"left out: {NEW[1]}: its file is lost" in said.err
    assert shown(headwater) == [(NEW[0], None), (NEW[2], None)]


@pytest.mark.fault(69)
def test_what_was_made_from_a_file_with_a_bad_check_is_left_out_with_that_files_name(
    lab: Lab, headwater: Command
) -> None:
    with lab.catalog.begin() as connection:
        connection.execute(
            text("update headwater.file set qa = 'problem', quality_comment = 'saturated'"
                 " where name = :n"), {"n": NEW[0]}
        )  # fmt: skip
    said = headwater("release", "tag", "r1", "--newest", "-p", "l2", "--reason", "x")
    assert (said.code, "would get no file" in said.err) == (1, True)
    lab.put("l0", date(2020, 1, 2))
    lab.process()
    said = headwater("release", "tag", "r1", "--newest", "--reason", "x")
    assert f"left out: {NEW[0]}: a check says problem: saturated" in said.err
    for name in NEW[1:]:
        assert f"left out: {name}: it was made from {NEW[0]}, against which a check" in said.err
    later = [f"l{n}_20200102_v1.0.0.dat" for n in range(3)]
    assert shown(headwater) == [(name, None) for name in later]
    assert headwater("release", "tag", "r2", NEW[2], "--reason", "all the same").code == 0
    assert shown(headwater, "r2") == [(NEW[2], None)]


def test_an_imported_release_is_listed_although_nobody_knows_who_made_it(
    lab: Lab, headwater: Command
) -> None:
    with lab.catalog.begin() as connection:
        connection.execute(
            text("insert into headwater.release (file_id, release_num)"
                 " select id, 'old' from headwater.file where newest")
        )  # fmt: skip
    [row] = headwater("release", "list", "--json").data
    assert (row["release"], row["files"], row["created_by"]) == ("old", 3, None)
    said = headwater("release", "tag", "old", "--newest", "--reason", "x")
    assert (said.code, "has a release 'old' already" in said.err) == (1, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("tag", "r1"), "--reason"),
        (("tag", "r1", "--reason", "x"), "either --newest or the names"),
        (("tag", "r1", OLD[0], "--newest", "--reason", "x"), "either --newest or the names"),
        (("tag", "r1", OLD[0], "-p", "l0", "--reason", "x"), "go with --newest"),
        (("tag", "r" * 65, "--newest", "--reason", "x"), "1 to 64 characters"),
        (("tag", "r1", "none.dat", "--reason", "x"), "no file none.dat"),
        (("tag", "r1", "--newest", "--add", "--reason", "x"), "has no release 'r1' to add to"),
        (("tag", "r1", "--newest", "-p", "l9", "--reason", "x"), "no product 'l9'"),
        (("exclude", "r1", OLD[0], "--reason", "x"), "has no release 'r1'"),
        (("remove", "r1", "--reason", "x"), "has no release 'r1'"),
        (("show", "r1"), "has no release 'r1'"),
    ],
)
def test_wrong_use_makes_no_release(
    lab: Lab, headwater: Command, words: tuple[str, ...], says: str
) -> None:
    said = headwater("release", *words)
    assert said.code in (1, 2)
    assert says in said.err
    assert headwater("release", "list", "--json").data == []


def test_a_file_that_the_release_lacks_cannot_be_taken_out(lab: Lab, headwater: Command) -> None:
    headwater("release", "tag", "r1", NEW[2], "--reason", "x")
    said = headwater("release", "exclude", "r1", NEW[2], OLD[2], "--reason", "x")
    assert (said.code, f"does not hold {OLD[2]}" in said.err) == (1, True)
    assert shown(headwater) == [(NEW[2], None)]
