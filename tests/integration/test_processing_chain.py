"""From filed L0 to the last product, with real codes, a real Postgres and real inspectors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from processing_lab import CHAIN, Lab, process, product
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.core.interval import DateSpan
from headwater.core.states import BuildState
from headwater.core.version import Bump
from headwater.processing.planner import plan_due, preview

D1, D2, D3 = date(2020, 1, 1), date(2020, 1, 2), date(2020, 1, 3)


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    return Lab(catalog, tmp_path / "lab")


def test_an_l0_becomes_every_derived_product(lab: Lab) -> None:
    lab.put("l0", D1)
    report = lab.process()
    assert [(r.process, r.state) for r in report.results] == [
        ("mk_l1", BuildState.BUILT),
        ("mk_l2", BuildState.BUILT),
    ], [r.reason for r in report.results]
    assert lab.newest("l2") == {"2020-01-01": "1.0.0"}
    assert (lab.root / "l2" / "l2_20200101_v1.0.0.dat").read_text() == "l0_20200101_v1.0.0.dat\n"
    assert lab.parents("l2_20200101_v1.0.0.dat") == ["l1_20200101_v1.0.0.dat"]
    assert lab.leftovers() == []


def test_a_second_pass_makes_nothing(lab: Lab) -> None:
    lab.put("l0", D1)
    lab.process()
    assert lab.process().results == []


@pytest.mark.parametrize(
    ("version", "expected"), [("1.0.1", "1.0.1"), ("1.1.0", "1.1.0"), ("2.0.0", "1.1.0")]
)
def test_a_newer_l0_makes_newer_products(lab: Lab, version: str, expected: str) -> None:
    lab.put("l0", D1)
    lab.process()
    lab.put("l0", D1, version)
    lab.process()
    assert lab.newest("l1") == lab.newest("l2") == {"2020-01-01": expected}
    assert [state for _, state, _ in lab.builds("mk_l2")] == ["superseded", "built"]


def test_an_older_l0_after_a_newer_one_makes_nothing(lab: Lab) -> None:
    lab.put("l0", D1, "1.1.0")
    lab.process()
    lab.put("l0", D1, "1.0.0")
    assert lab.process().results == []


def test_yesterday_widens_the_inputs_and_a_late_yesterday_makes_today_again(
    catalog: Catalog, tmp_path: Path
) -> None:
    sections = (*CHAIN[:4], process("mk_l2", "l2", 'required_input1 = ("product_l1", 1, 0)'))
    lab = Lab(catalog, tmp_path / "lab", sections)
    lab.put("l0", D2)
    lab.process()
    assert lab.newest("l2") == {"2020-01-02": "1.0.0"}
    lab.put("l0", D1)
    lab.process()
    assert lab.newest("l2") == {"2020-01-01": "1.0.0", "2020-01-02": "1.1.0"}
    assert lab.parents("l2_20200102_v1.1.0.dat") == [
        "l1_20200101_v1.0.0.dat",
        "l1_20200102_v1.0.0.dat",
    ]


def test_yesterday_alone_makes_no_product_of_today(catalog: Catalog, tmp_path: Path) -> None:
    sections = (*CHAIN[:4], process("mk_l2", "l2", 'required_input1 = ("product_l1", 1, 0)'))
    lab = Lab(catalog, tmp_path / "lab", sections)
    lab.put_many("l0", [D1, D2, D3])
    lab.process()
    assert lab.newest("l2") == {f"2020-01-0{n}": "1.0.0" for n in (1, 2, 3)}


def test_a_product_of_two_levels_is_made_once_an_event(catalog: Catalog, tmp_path: Path) -> None:
    """L2 reads L0 and L1: it waits for the new L1 (dbprocessing makes it twice, s32)."""
    inputs = "required_input1 = product_l0\nrequired_input2 = product_l1"
    sections = (*CHAIN[:4], process("a_l2", "l2", inputs))
    lab = Lab(catalog, tmp_path / "lab", sections)
    lab.put("l0", D1)
    lab.process()
    lab.put("l0", D1, "1.0.1")
    lab.process()
    assert lab.newest("l2") == {"2020-01-01": "1.0.1"}
    assert lab.parents("l2_20200101_v1.0.1.dat") == [
        "l0_20200101_v1.0.1.dat",
        "l1_20200101_v1.0.1.dat",
    ]


def test_keywords_of_the_inputs_name_the_outputs(catalog: Catalog, tmp_path: Path) -> None:
    sections = (
        product("l0", 0, "l0_{Y}{m}{d}_p{nn}_v{VERSION}.dat"),
        product("l1", 1, "l1_{Y}{m}{d}_p{nn}_v{VERSION}.dat"),
        process("mk_l1", "l1", "required_input1 = product_l0", timebase="FILE"),
    )
    lab = Lab(catalog, tmp_path / "lab", sections)
    for nn in ("01", "02"):
        lab.put("l0", D1, keywords=f"nn={nn}", name=f"l0_20200101_p{nn}_v1.0.0.dat")
    lab.process()
    assert sorted(path.name for path in (lab.root / "l1").iterdir()) == [
        "l1_20200101_p01_v1.0.0.dat",
        "l1_20200101_p02_v1.0.0.dat",
    ]
    assert lab.process().results == []


def test_run_runs_once_for_what_it_does(catalog: Catalog, tmp_path: Path) -> None:
    sections = (
        product("l0", 0),
        process(
            "tell", "", "required_input1 = product_l0", timebase="RUN", code="tell.sh",
            extra="--date|{DATE}|a b", arguments="{CODEVERSION} $HOME",
        ),
    )  # fmt: skip
    lab = Lab(catalog, tmp_path / "lab", sections)
    lab.code("tell.sh", f'#!/bin/sh\nfor one; do echo "$one" >>{tmp_path}/told; done\n')
    lab.put("l0", D1)
    assert lab.process().count(BuildState.BUILT) == 1
    told = (tmp_path / "told").read_text().splitlines()
    assert told[:4] == ["--date", "20200101", "a b", "1.0.0"]
    assert told[5:] == [str(lab.root / "l0" / "l0_20200101_v1.0.0.dat")]
    assert lab.process().results == []


def test_a_lost_output_is_made_again_above_the_lost_one(lab: Lab) -> None:
    lab.put("l0", D1)
    lab.process()
    with lab.catalog.begin() as connection:
        connection.execute(
            text("update headwater.file set exists_on_disk = false where name like 'l1%'")
        )
        connection.execute(
            text("insert into headwater.wake (process_id, utc_date, reason)"
                 " select id, '2020-01-01', 'lost' from headwater.process where name = 'mk_l1'")
        )  # fmt: skip
    lab.process()
    assert lab.newest("l1") == {"2020-01-01": "1.0.1"}


def test_many_days_are_made_and_nothing_is_left(lab: Lab) -> None:
    days = [date.fromordinal(D1.toordinal() + n) for n in range(60)]
    lab.put_many("l0", days)
    report = lab.process()
    assert report.count(BuildState.BUILT) == 120
    assert len(lab.newest("l2")) == 60
    assert lab.leftovers() == []
    assert lab.rows("select * from headwater.wake") == []


def two_outputs(lab: Lab, *, required: bool) -> None:
    """Let mk_l1 make ``l2`` beside ``l1``."""
    with lab.catalog.begin() as connection:
        connection.execute(
            text(
                "insert into headwater.process_output (process_id, product_id, position, required)"
                " select p.id, q.id, 1, :required from headwater.process p, headwater.product q"
                " where p.name = 'mk_l1' and q.name = 'l2'"
            ),
            {"required": required},
        )


BOTH = '#!/bin/sh\ncat "$1" >"$2"\ncat "$1" >"$3"\n'
FIRST = '#!/bin/sh\ncat "$1" >"$2"\n'


def test_two_outputs_of_a_run_are_filed_together(catalog: Catalog, tmp_path: Path) -> None:
    lab = Lab(catalog, tmp_path / "lab", CHAIN[:4])
    two_outputs(lab, required=True)
    lab.code("copy.sh", BOTH)
    lab.put("l0", D1)
    [result] = lab.process().results
    assert [output.product for output in result.outputs] == ["l1", "l2"]
    assert lab.newest("l1") == lab.newest("l2") == {"2020-01-01": "1.0.0"}


def test_when_one_of_two_outputs_is_refused_neither_is_filed(
    catalog: Catalog, tmp_path: Path
) -> None:
    lab = Lab(catalog, tmp_path / "lab", CHAIN[:4])
    two_outputs(lab, required=True)
    lab.code("copy.sh", BOTH)
    (lab.root / "l2").mkdir()
    (lab.root / "l2" / "l2_20200101_v1.0.0.dat").write_text("precious")
    lab.put("l0", D1)
    [result] = lab.process().results
    assert result.state is BuildState.FAILED
    assert lab.newest("l1") == lab.newest("l2") == {}
    assert list((lab.root / "l1").iterdir()) == []
    assert (lab.root / "l2" / "l2_20200101_v1.0.0.dat").read_text() == "precious"
    assert lab.leftovers() == []


@pytest.mark.parametrize(
    ("required", "state"), [(True, BuildState.FAILED), (False, BuildState.BUILT)]
)
def test_an_output_that_is_only_possible_may_be_missing(
    catalog: Catalog, tmp_path: Path, required: bool, state: BuildState
) -> None:
    lab = Lab(catalog, tmp_path / "lab", CHAIN[:4])
    two_outputs(lab, required=required)
    lab.code("copy.sh", FIRST)
    lab.put("l0", D1)
    [result] = lab.process().results
    assert result.state is state


def test_a_force_grows_the_version_though_nothing_changed(lab: Lab) -> None:
    lab.put("l0", D1)
    lab.process()
    mission = lab.mission
    span = DateSpan(D1, D1)
    made_by = mission.process("mk_l1")
    plan_due(lab.catalog, mission, made_by, actor=lab.actor, span=span, forced=Bump.INTERFACE)
    lab.process()
    assert lab.newest("l1") == {"2020-01-01": "2.0.0"}
    assert lab.newest("l2") == {"2020-01-01": "1.1.0"}
    assert lab.process().results == []


def test_a_preview_changes_nothing(lab: Lab) -> None:
    lab.put("l0", D1)
    mission = lab.mission
    seen = preview(lab.catalog, mission, mission.process("mk_l1"))
    assert [str(entry.version) for entry in seen.entries] == ["1.0.0"]
    assert lab.builds("mk_l1") == []
    assert len(lab.rows("select * from headwater.wake")) == 1


def test_a_newer_code_makes_newer_products_when_its_dates_are_planned(lab: Lab) -> None:
    lab.put("l0", D1)
    lab.process()
    newer = process("mk_l1", "l1", "required_input1 = product_l0", timebase="FILE", version="1.0.1")
    mission = lab.change((*CHAIN[:3], newer, CHAIN[4]))
    plan_due(lab.catalog, mission, mission.process("mk_l1"), actor=lab.actor, span=DateSpan(D1, D1))
    lab.process()
    assert lab.newest("l1") == lab.newest("l2") == {"2020-01-01": "1.0.1"}


def test_two_that_process_at_once_make_nothing_twice(lab: Lab) -> None:
    days = [date.fromordinal(D1.toordinal() + n) for n in range(30)]
    lab.put_many("l0", days)
    with ThreadPoolExecutor(2) as pool:
        reports = [each.result() for each in [pool.submit(lab.process) for _ in range(2)]]
    lab.process()
    results = [result for report in reports for result in report.results if result.ours]
    made = [result.build_id for result in results if result.state is BuildState.BUILT]
    assert len(set(made)) == len(made)
    assert set(lab.newest("l1").values()) == set(lab.newest("l2").values()) == {"1.0.0"}
    assert len(lab.newest("l2")) == 30
    assert lab.leftovers() == []
