"""A product gets another folder, a process another input: as commands and as scripts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from processing_lab import CHAIN, Lab, process, product
from sqlalchemy import text

from command_runner import Command
from headwater.catalog.connection import Catalog

DAYS = [date(2019, 12, 31), date(2020, 1, 1)]


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    lab = Lab(catalog, tmp_path)
    lab.put_many("l0", DAYS)
    lab.process()
    return lab


def paths(lab: Lab, product: str) -> list[str]:
    rows = lab.rows("select path from headwater.file where name like :n order by path",
                    n=f"{product}%")  # fmt: skip
    return [str(row.path) for row in rows]


NEW = ["moved/2019/l1_20191231_v1.0.0.dat", "moved/2020/l1_20200101_v1.0.0.dat"]


def test_files_follow_their_product_to_its_new_folder(lab: Lab, headwater: Command) -> None:
    content = [(lab.root / path).read_bytes() for path in paths(lab, "l1")]
    said = headwater("product", "move", "l1", "moved/{Y}", "--reason", "by year")
    assert (said.code, "2 files moved" in said.out) == (0, True)
    assert paths(lab, "l1") == NEW
    assert [(lab.root / path).read_bytes() for path in NEW] == content
    assert list((lab.root / "l1").iterdir()) == []
    assert lab.mission.product("l1").relative_path == "moved/{Y}"
    assert lab.leftovers() == []
    [event] = lab.rows("select * from headwater.event where kind = 'mission applied'"
                       " order by id desc limit 1")  # fmt: skip
    assert str(event.reason).endswith("by year")
    assert len(lab.rows("select * from headwater.event where kind = 'file moved'")) == 2


def test_a_moved_product_is_made_and_read_as_before(lab: Lab, headwater: Command) -> None:
    revision = lab.mission.revision
    headwater("product", "move", "l1", "moved/{Y}", "--reason", "x")
    assert lab.mission.revision == revision + 1
    assert lab.process().results == []
    lab.put("l0", DAYS[1], "1.1.0")
    lab.process()
    assert "moved/2020/l1_20200101_v1.1.0.dat" in paths(lab, "l1")
    assert lab.newest("l2")["2020-01-01"] == "1.1.0"


def test_a_second_move_changes_nothing(lab: Lab, headwater: Command) -> None:
    headwater("product", "move", "l1", "moved/{Y}", "--reason", "x")
    revision = lab.mission.revision
    said = headwater("product", "move", "l1", "moved/{Y}", "--reason", "x")
    assert (said.code, "0 files moved, 2 lay there already" in said.out) == (0, True)
    assert lab.mission.revision == revision


def test_what_cannot_be_moved_is_left_and_taken_up_later(lab: Lab, headwater: Command) -> None:
    changed, taken = (lab.root / path for path in paths(lab, "l1"))
    good = changed.read_bytes()
    changed.write_bytes(b"other")
    in_the_way = lab.root / NEW[1]
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_bytes(b"in the way")
    said = headwater("product", "move", "l1", "moved/{Y}", "--reason", "x")
    assert said.code == 1
    assert "its bytes are not those that the catalog knows" in said.err
    assert "with other bytes is in the archive already" in said.err
    assert all(path.exists() for path in (changed, taken))
    assert in_the_way.read_bytes() == b"in the way"
    changed.write_bytes(good)
    in_the_way.unlink()
    assert headwater("product", "move", "l1", "moved/{Y}", "--reason", "x").code == 0
    assert paths(lab, "l1") == NEW


def test_a_file_that_a_code_reads_is_left(lab: Lab, headwater: Command) -> None:
    with lab.catalog.begin() as connection:
        connection.execute(
            text("update headwater.build set state = 'running', token = gen_random_uuid(),"
                 " lease_until = now() + interval '1 h' where utc_date = '2020-01-01' and"
                 " process_id = (select id from headwater.process where name = 'mk_l2')")
        )  # fmt: skip
    said = headwater("product", "move", "l1", "moved/{Y}", "--reason", "x")
    assert "a code is reading it" in said.err
    assert paths(lab, "l1") == ["l1/l1_20200101_v1.0.0.dat", NEW[0]]


@pytest.mark.parametrize("folder", ["../out", "/tmp/out", "moved/{NOTHING}", "incoming"])
def test_a_folder_that_cannot_be_used_changes_nothing(
    lab: Lab, headwater: Command, folder: str
) -> None:
    before = paths(lab, "l1")
    assert headwater("product", "move", "l1", folder, "--reason", "x").code == 1
    assert paths(lab, "l1") == before
    assert lab.mission.product("l1").relative_path == "l1"


def test_change_product_dir_does_the_same(lab: Lab, headwater: Command) -> None:
    number = str(lab.mission.product("l1").id)
    said = headwater("dbprocessing", "changeProductDir.py", "-m", "lab", number, "moved/{Y}")
    assert (said.code, said.out) == (0, "")
    assert paths(lab, "l1") == NEW
    assert headwater("dbprocessing", "changeProductDir.py", "-m", "lab", "l9", "x").code == 1


def test_products_are_listed_and_shown(lab: Lab, headwater: Command) -> None:
    rows = headwater("product", "list", "--json").data
    assert [(row["product"], row["made_by"], row["read_by"]) for row in rows] == [
        ("l0", "", "mk_l1"),
        ("l1", "mk_l1", "mk_l2"),
        ("l2", "mk_l2", ""),
    ]
    shown = headwater("product", "show", "l1", "--json").data
    assert (shown["files"], shown["path"], shown["last"]) == (2, "l1", "2020-01-01")
    assert headwater("product", "show", "l9").code == 1


LINK = ("dbprocessing", "addProductProcessLink.py", "-n", "lab", "-c", "mk_l2", "-d")


@pytest.fixture
def with_aux(lab: Lab) -> Lab:
    """The chain, and a product that nobody reads."""
    lab.change((*CHAIN, product("aux", 0)))
    lab.put("aux", DAYS[1])
    lab.process()
    return lab


def test_a_new_input_makes_the_dates_be_looked_at_again(with_aux: Lab, headwater: Command) -> None:
    revision = with_aux.mission.revision
    assert headwater(*LINK, "aux", "-y").code == 0
    added = with_aux.mission.process("mk_l2").inputs[-1]
    assert (added.kind, added.days_before, added.days_after) == ("soft", 1, 0)
    assert with_aux.mission.revision == revision + 1
    with_aux.process()
    assert with_aux.newest("l2") == {"2019-12-31": "1.0.0", "2020-01-01": "1.1.0"}
    parents = with_aux.parents("l2_20200101_v1.1.0.dat")
    assert parents == ["aux_20200101_v1.0.0.dat", "l1_20200101_v1.0.0.dat"]
    [campaign] = with_aux.rows("select reason from headwater.campaign order by id desc limit 1")
    assert "the definition of the process changed" in str(campaign.reason)


def test_o_makes_it_mandatory(with_aux: Lab, headwater: Command) -> None:
    assert headwater(*LINK, "aux", "-o", "-t").code == 0
    added = with_aux.mission.process("mk_l2").inputs[-1]
    assert (added.kind, added.days_after) == ("hard", 1)


def test_a_link_that_is_there_is_said_and_left(with_aux: Lab, headwater: Command) -> None:
    revision = with_aux.mission.revision
    said = headwater(*LINK, "l1")
    assert (said.code, "already in database" in said.out) == (0, True)
    assert with_aux.mission.revision == revision


def test_a_circle_is_refused(with_aux: Lab, headwater: Command) -> None:
    said = headwater("dbprocessing", "addProductProcessLink.py", "-n", "lab", "-c", "mk_l1",
                     "-d", "l2")  # fmt: skip
    assert said.code == 1
    assert len(with_aux.mission.process("mk_l1").inputs) == 1


def test_a_process_of_its_own_is_not_touched(with_aux: Lab, headwater: Command) -> None:
    """Only the process that is named changes, whatever other codes and processes there are."""
    with_aux.change(
        (*CHAIN, product("aux", 0), product("other", 3),
         process("mk_other", "other", "required_input1 = product_l2"))
    )  # fmt: skip
    before = with_aux.mission.process("mk_other")
    headwater(*LINK, "aux")
    assert with_aux.mission.process("mk_other") == before
