"""Holds by a person: what they stop, what does not lift them, and how they are let go."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from processing_lab import CHAIN, Lab, process, product
from sqlalchemy import text

from command_runner import Command
from headwater.catalog.connection import Catalog
from headwater.core.version import Bump
from headwater.processing import campaigns

DAY = date(2020, 1, 1)


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    return Lab(catalog, tmp_path)


def states(lab: Lab, name: str) -> list[str]:
    return [state for _, state, _ in lab.builds(name)]


def test_a_planned_build_is_held_with_the_reason_and_let_go(lab: Lab, headwater: Command) -> None:
    lab.put("l0", DAY)
    said = headwater("hold", "mk_l1", "2020-01-01", "--reason", "bad gyro")
    assert said.code == 0
    lab.process()
    assert lab.newest("l1") == {}
    [row] = headwater("hold", "list", "--json").data
    assert str(row["reason"]).endswith("bad gyro")
    headwater("hold", "lift", "mk_l1", "2020-01-01", "--reason", "it was good")
    lab.process()
    assert lab.newest("l2") == {"2020-01-01": "1.0.0"}
    kinds = [row.kind for row in lab.rows(
        "select kind from headwater.event where kind in ('build held', 'build retried')"
        " and (reason like '%bad gyro' or reason like '%it was good') order by id")]  # fmt: skip
    assert kinds == ["build held", "build retried"]


def test_a_date_is_held_before_anything_is_planned_for_it(lab: Lab, headwater: Command) -> None:
    headwater("hold", "l2", "2020-01-01", "2020-01-02", "--reason", "storm")
    lab.put_many("l0", [DAY, date(2020, 1, 2), date(2020, 1, 3)])
    lab.process()
    assert lab.newest("l1").keys() == {"2020-01-01", "2020-01-02", "2020-01-03"}
    assert lab.newest("l2") == {"2020-01-03": "1.0.0"}
    assert headwater("why", "l2", "2020-01-01").out.count("storm") >= 1
    headwater("hold", "release", "l2", "2020-01-02", "--reason", "over")
    lab.process()
    assert lab.newest("l2").keys() == {"2020-01-02", "2020-01-03"}


def test_a_held_date_without_inputs_stays_held_when_it_is_looked_at(
    lab: Lab, headwater: Command
) -> None:
    headwater("hold", "mk_l2", "2020-01-01", "--reason", "storm")
    with lab.catalog.begin() as connection:
        connection.execute(
            text("insert into headwater.wake (process_id, utc_date, reason)"
                 " select id, '2020-01-01', 'a look' from headwater.process")
        )  # fmt: skip
    lab.process()
    assert states(lab, "mk_l2") == ["held"]


def test_every_file_of_a_held_date_is_held_whatever_its_keywords(
    lab: Lab, headwater: Command
) -> None:
    numbered = "{}_{{Y}}{{m}}{{d}}_p{{nn}}_v{{VERSION}}.dat"
    lab.change(
        (
            product("l0", 0, numbered.format("l0")),
            product("l1", 1, numbered.format("l1")),
            process("mk_l1", "l1", "required_input1 = product_l0", timebase="FILE"),
        )
    )
    headwater("hold", "mk_l1", "2020-01-01", "--reason", "storm")
    for number in ("01", "02"):
        lab.put("l0", DAY, keywords=f"nn={number}", name=f"l0_20200101_p{number}_v1.0.0.dat")
    lab.process()
    assert lab.newest("l1") == {}
    headwater("hold", "lift", "mk_l1", "2020-01-01", "--reason", "over")
    lab.process()
    assert len(lab.rows("select * from headwater.file where level = 1")) == 2


def test_neither_new_inputs_nor_a_forced_campaign_lift_a_hold(lab: Lab, headwater: Command) -> None:
    lab.put("l0", DAY)
    lab.process()
    headwater("hold", "mk_l2", "2020-01-01", "--reason", "storm")
    lab.put("l0", DAY, "1.1.0")
    mission = lab.mission
    proposed = campaigns.propose(
        lab.catalog, mission, lab.actor, "all", processes={"mk_l2": True}, forced=Bump.QUALITY
    )
    assert proposed.number is not None
    campaigns.approve(lab.catalog, mission, proposed.number, lab.actor)
    lab.process()
    assert lab.newest("l1") == {"2020-01-01": "1.1.0"}
    assert lab.newest("l2") == {"2020-01-01": "1.0.0"}
    headwater("hold", "lift", "mk_l2", "2020-01-01", "--reason", "over")
    lab.process()
    assert lab.newest("l2") == {"2020-01-01": "1.1.0"}


def test_retry_makes_again_what_failed_too_often(lab: Lab, headwater: Command) -> None:
    lab.code("copy.sh", "#!/bin/sh\nexit 3\n")
    lab.change(CHAIN, automatic_attempts=1)
    lab.put("l0", DAY)
    lab.process()
    assert states(lab, "mk_l1") == ["held"]
    lifted = headwater("hold", "lift", "mk_l1", "2020-01-01", "--reason", "mended", "--json").data
    assert lifted["builds"] == 0, "no person held it"
    lab.code("copy.sh", "#!/bin/sh\nfor last; do :; done\necho good >$last\n")
    assert headwater("retry", "mk_l1", "2020-01-01", "--reason", "mended").code == 0
    lab.process()
    assert lab.newest("l2") == {"2020-01-01": "1.0.0"}


@pytest.mark.fault(52)
def test_a_run_that_is_under_way_is_named_and_left(lab: Lab, headwater: Command) -> None:
    lab.put("l0", DAY)
    lab.process()
    with lab.catalog.begin() as connection:
        connection.execute(
            text("update headwater.build set state = 'running', token = gen_random_uuid(),"
                 " lease_until = now() + interval '1 h' where process_id ="
                 " (select id from headwater.process where name = 'mk_l2')")
        )  # fmt: skip
    said = headwater("hold", "mk_l2", "2020-01-01", "--reason", "storm")
    assert "is running, and ends as it does" in said.out
    assert states(lab, "mk_l2") == ["running"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("nothing", "2020-01-01", "--reason", "x"), 1, "is no process and no product"),
        (("l0", "2020-01-01", "--reason", "x"), 1, "arrives, so nothing makes it"),
        (("mk_l1", "soon", "--reason", "x"), 2, "does not match the format"),
        (("mk_l1", "2020-01-01"), 2, "--reason"),
        (("mk_l1", "2020-01-02", "2020-01-01", "--reason", "x"), 1, "ends before it starts"),
    ],
)
def test_wrong_use_holds_nothing(
    lab: Lab, headwater: Command, words: tuple[str, ...], code: int, says: str
) -> None:
    said = headwater("hold", *words)
    assert said.code == code
    assert says in said.err
    assert lab.rows("select * from headwater.build") == []
