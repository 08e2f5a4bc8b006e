"""What must be looked at again when a mission changes: codes and processes."""

from __future__ import annotations

from datetime import date

from mission_lab import LAB, MK_L1, NEW_CODE, Put, events, file_on, shown, wakes

from headwater.catalog.connection import Catalog
from headwater.core.states import EventKind
from headwater.missions.loaded import load_mission


def test_a_new_code_replaces_the_old_and_wakes_the_dates_of_its_outputs(
    catalog: Catalog, put: Put
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
    assert wakes(catalog, "mk_l1") == dict.fromkeys(days, "campaign 1: mk_l1: code 1.1.0 activated")
    assert applied.woken == 3
    assert wakes(catalog, "mk_l2") == {}
    assert events(catalog, EventKind.CODE_ACTIVATED) == [("ana", "code 1.1.0 activated")]
    assert put(LAB.replace(MK_L1, NEW_CODE)).changes == ()


def test_an_earlier_code_can_be_listed_again(catalog: Catalog, put: Put) -> None:
    put(LAB)
    put(LAB.replace(MK_L1, NEW_CODE))
    back = put(LAB)
    assert "code mk_l1 1.0.0: active False -> True" in shown(back.changes)
    (code,) = load_mission(catalog, "lab").process("mk_l1").codes_for(date(2020, 1, 1))
    assert str(code.version) == "1.0.0"
    assert len(load_mission(catalog, "lab").process("mk_l1").codes) == 2


def test_a_new_process_is_woken_for_each_date_whose_window_holds_a_file(
    catalog: Catalog, put: Put
) -> None:
    put(LAB[: LAB.index("  mk_l2")])
    file_on(catalog, "l1", date(2020, 1, 10))
    put(LAB.replace("days_before: 1", "days_before: 1, days_after: 2"))
    days = [date(2020, 1, 8), date(2020, 1, 9), date(2020, 1, 10), date(2020, 1, 11)]
    assert wakes(catalog, "mk_l2") == dict.fromkeys(days, "campaign 1: mk_l2: new process")


def test_an_input_that_triggers_nothing_wakes_no_date(catalog: Catalog, put: Put) -> None:
    put(LAB[: LAB.index("  mk_l2")])
    file_on(catalog, "l1", date(2020, 1, 10))
    assert put(LAB.replace("days_before: 1", "kind: no_trigger")).woken == 0


def test_a_run_process_does_not_run_again_over_everything_for_a_new_code(
    catalog: Catalog, put: Put
) -> None:
    run = "  r: {name: r, timebase: RUN, inputs: [l0], code: {filename: c.sh, version: 1.0.0}}\n"
    put(LAB)
    file_on(catalog, "l0", date(2020, 1, 1))
    put(LAB + run)
    assert wakes(catalog, "r") == {date(2020, 1, 1): "campaign 1: r: new process"}
    newer = put(LAB + run.replace("1.0.0", "1.0.1"))
    assert newer.changed and newer.woken == 0
