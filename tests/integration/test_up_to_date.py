"""``headwater plan``: of every product and date, whether it is current, and if not, why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from processing_lab import CHAIN, COPY, Lab, process, product

from headwater.catalog.connection import Catalog
from headwater.core.interval import DateSpan
from headwater.processing.up_to_date import ProductDate, up_to_date

D1, D2, D3 = date(2020, 1, 1), date(2020, 1, 2), date(2020, 1, 3)
Make = Callable[..., Lab]


@pytest.fixture
def made(catalog: Catalog, tmp_path: Path) -> Make:
    """A mission of which so many days have arrived and been made."""

    def make(*days: date, sections: tuple[str, ...] = CHAIN) -> Lab:
        lab = Lab(catalog, tmp_path, sections)
        if days:
            lab.put_many("l0", days)
            lab.process()
        return lab

    return make


def rows(lab: Lab, first: date = D1, last: date = D1, **limits: int) -> list[ProductDate]:
    return list(up_to_date(lab.catalog, lab.mission, span=DateSpan(first, last), **limits).rows)


def told(lab: Lab, first: date = D1, last: date = D1) -> dict[tuple[str, str], tuple[str, str]]:
    """(product, date) -> status and reason."""
    return {
        (str(one.product), one.interval_key): (one.status.value, one.reason)
        for one in rows(lab, first, last)
    }


def test_every_product_of_every_date_is_told_also_what_is_current(made: Make) -> None:
    lab = made(D1, D2)
    found = told(lab, D1, D3)
    assert len(found) == 9
    assert found["l0", "2020-01-01"] == ("current", "it arrived")
    assert found["l1", "2020-01-02"] == ("current", "up to date: l1_20200102_v1.0.0.dat")
    assert found["l0", "2020-01-03"] == ("missing", "none has arrived, and no process makes it")
    assert found["l1", "2020-01-03"] == ("missing", "needs l0 of 2020-01-03: none")
    assert found["l2", "2020-01-03"] == ("missing", "needs l1 of 2020-01-03: none")


def test_a_changed_input_makes_its_product_stale_and_the_next_one_wait(made: Make) -> None:
    lab = made(D1)
    lab.put("l0", D1, "1.0.1")
    found = told(lab)
    assert found["l1", "2020-01-01"] == ("stale", "l0 of 2020-01-01 1.0.0 -> 1.0.1")
    assert found["l2", "2020-01-01"] == ("waiting", "waits for mk_l1 of 2020-01-01 (to be planned)")


def test_a_row_says_what_is_there_and_what_would_be_made(made: Make) -> None:
    lab = made(D1)
    lab.put("l0", D1, "1.0.1")
    [l1] = [one for one in rows(lab) if one.product == "l1"]
    assert (l1.process, l1.file, str(l1.file_version)) == (
        "mk_l1",
        "l1_20200101_v1.0.0.dat",
        "1.0.0",
    )
    assert str(l1.version) == "1.0.1"
    [l2] = [one for one in rows(lab) if one.product == "l2"]
    assert (l2.waits_for, l2.needs) == ("mk_l1 of 2020-01-01 (to be planned)", None)


def test_what_has_never_been_made_waits_for_what_comes_first(made: Make) -> None:
    lab = made()
    lab.put("l0", D1)
    found = told(lab)
    assert found["l1", "2020-01-01"] == ("missing", "not made yet")
    assert found["l2", "2020-01-01"] == ("waiting", "waits for mk_l1 of 2020-01-01 (to be planned)")


def test_what_reads_a_product_that_ought_to_be_made_waits_even_if_nothing_is_due(
    made: Make,
) -> None:
    lab = made(D1)
    lab.put("l0", D1, "1.0.1")
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql("delete from headwater.wake")
    found = told(lab)
    assert found["l1", "2020-01-01"][0] == "stale"
    assert found["l2", "2020-01-01"] == ("waiting", "waits for mk_l1 of 2020-01-01 (to be made)")


def test_another_code_makes_a_product_stale(made: Make) -> None:
    lab = made(D1)
    lab.code("copy2.sh", COPY)
    newer = process(
        "mk_l1", "l1", "required_input1 = product_l0", timebase="FILE", code="copy2.sh",
        version="1.1.0",
    )  # fmt: skip
    lab.change((*CHAIN[:3], newer, CHAIN[4]))
    assert told(lab)["l1", "2020-01-01"] == ("stale", "code 1.0.0 -> 1.1.0")


def test_a_lost_file_is_missing(made: Make) -> None:
    lab = made(D1)
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql("update headwater.file set exists_on_disk = false")
    found = told(lab)
    assert found["l0", "2020-01-01"] == (
        "missing", "its file l0_20200101_v1.0.0.dat is lost, and no process makes it",
    )  # fmt: skip
    assert found["l1", "2020-01-01"] == ("missing", "needs l0 of 2020-01-01: none")


def test_a_failed_build_says_so_and_a_held_one_too(made: Make) -> None:
    lab = made()
    lab.code("copy.sh", "#!/bin/sh\nexit 3\n")
    lab.put("l0", D1)
    lab.process()
    status, reason = told(lab)["l1", "2020-01-01"]
    assert status == "missing"
    assert "exit code 3" in reason or "ended with 3" in reason
    lab.settings(automatic_attempts=1)
    status, reason = told(lab)["l1", "2020-01-01"]
    assert (status, reason[:6]) == ("missing", "held: ")


def test_what_is_being_made_is_waited_for(made: Make) -> None:
    lab = made(D1)
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql(
            "update headwater.build set state = 'running', token = gen_random_uuid(),"
            " claimed_by = 'somebody', lease_until = now() + interval '1 hour'"
            " where process_id = (select id from headwater.process where name = 'mk_l1')"
        )
    assert told(lab)["l1", "2020-01-01"] == ("waiting", "is being made by somebody")


def test_a_made_product_whose_input_is_gone_is_stale_one_that_arrived_is_current(
    made: Make,
) -> None:
    lab = made(D1)
    lab.put("l1", D2)
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql(
            "update headwater.file set exists_on_disk = false where name like 'l0%%'"
        )
    found = told(lab, D1, D2)
    assert found["l1", "2020-01-01"] == ("stale", "needs l0 of 2020-01-01: none")
    assert found["l1", "2020-01-02"] == ("current", "it arrived")


def test_a_run_process_has_no_product(made: Make) -> None:
    runs = process("notify", "", "required_input1 = product_l0", timebase="RUN")
    lab = made(D1, sections=(*CHAIN, runs))
    [row] = [one for one in rows(lab) if one.process == "notify"]
    assert (row.product, row.status.value) == (None, "current")


def test_without_dates_what_is_due_is_told(made: Make) -> None:
    lab = made(D1, D2)
    assert up_to_date(lab.catalog, lab.mission).rows == ()
    lab.put("l0", D2, "1.0.1")
    found = up_to_date(lab.catalog, lab.mission).rows
    assert [(one.product, str(one.utc_date)) for one in found] == [("l1", "2020-01-02")]


def test_one_process_is_told_alone_and_a_long_span_in_pieces(made: Make) -> None:
    lab = made(D1)
    only = up_to_date(
        lab.catalog, lab.mission, processes=[lab.mission.process("mk_l2")],
        span=DateSpan(D1, D3), limit=2,
    )  # fmt: skip
    assert only.more
    assert [(one.product, one.interval_key) for one in only.rows] == [
        ("l2", "2020-01-01"),
        ("l2", "2020-01-02"),
    ]


def test_it_changes_nothing(made: Make) -> None:
    lab = made(D1)
    lab.put("l0", D1, "1.0.1")
    before = lab.rows("select * from headwater.wake"), lab.builds("mk_l1")
    rows(lab)
    assert (lab.rows("select * from headwater.wake"), lab.builds("mk_l1")) == before


def test_a_product_of_a_file_with_keywords_is_told_by_keywords(made: Make) -> None:
    sections = (
        product("l0", 0),
        product("l1", 1, "l1_{Y}{m}{d}_p{nn}_v{VERSION}.dat"),
        process("mk_l1", "l1", "required_input1 = product_l0", timebase="FILE"),
    )
    lab = made(sections=sections)
    lab.put("l0", D1, keywords="nn=01", name="l0_20200101_p01_v1.0.0.dat")
    lab.put("l0", D1, keywords="nn=02", name="l0_20200101_p02_v1.0.0.dat")
    lab.process()
    assert [(one.product, one.keywords, one.status.value) for one in rows(lab)] == [
        ("l0", "nn=01", "current"),
        ("l0", "nn=02", "current"),
        ("l1", "nn=01", "current"),
        ("l1", "nn=02", "current"),
    ]
