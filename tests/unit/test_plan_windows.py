"""Inputs from afar: the nearest files, and files that are valid for a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from test_plan_rules import AUX, D1, D2, D3, L0, code, file, one, output, parent, planned, put

from headwater.catalog.queries.input_files import CandidateFile
from headwater.core.interval import day_start, day_stop
from headwater.core.states import InputKind, Timebase
from headwater.core.version import Version
from headwater.processing.plan_state import Action, PlanInput, PlanOutput, PlanProcess

HARD, SOFT, QUIET = InputKind.HARD, InputKind.SOFT, InputKind.NO_TRIGGER
L1 = 3


def near(before: int = 0, after: int = 0, product: int = L0, several: bool = False) -> PlanInput:
    return replace(put(product, several=several), files_before=before, files_after=after)


def cal(kind: InputKind = HARD) -> PlanInput:
    return replace(put(AUX, kind), latest_valid=True)


def process(*inputs: PlanInput, timebase: Timebase = Timebase.DAILY) -> PlanProcess:
    return PlanProcess(9, "mk_l1", timebase, inputs, (PlanOutput(L1, "l1"),), (code(),))


def valid(id: int, first: date, last: date, version: str = "1.0.0", keywords: str = ""):
    return CandidateFile(
        id, AUX, first.isoformat(), keywords, first, day_start(first), day_stop(last),
        Version.parse(version),
    )  # fmt: skip


DAYS = [file(n, date(2020, 1, n)) for n in (1, 2, 5, 8, 9)]


# The nearest files


def test_the_nearest_files_are_counted_across_gaps_besides_those_of_the_interval() -> None:
    entry = one(process(near(2, 1)), *DAYS, dates=(date(2020, 1, 8),))
    assert entry.input_file_ids == (2, 5, 8, 9)
    assert one(process(near(9, 9)), *DAYS, dates=(date(2020, 1, 5),)).input_file_ids == (
        1, 2, 5, 8, 9,
    )  # fmt: skip


def test_the_nearest_files_are_taken_as_they_are_where_there_are_fewer() -> None:
    assert one(process(near(1, 1)), *DAYS[:1]).input_file_ids == (1,)


def test_neighbours_alone_make_no_output() -> None:
    entry = one(process(near(1, 1)), *DAYS, dates=(D3,))
    assert entry.reason == "needs l0 of 2020-01-03: none"
    two = process(put(product=L0), near(1, product=AUX))
    assert one(two, file(1, D2), file(2, D1, product=AUX), dates=(D2,)).input_file_ids == (1, 2)


def test_files_before_a_week_are_those_that_do_not_touch_it() -> None:
    over = file(1, date(2019, 12, 29), stop=datetime(2019, 12, 30, 1, tzinfo=UTC))
    files = (file(7, date(2019, 12, 20)), over, file(3, date(2020, 1, 5)))
    assert one(process(near(1), timebase=Timebase.WEEKLY), *files).input_file_ids == (7, 1, 3)


def test_passes_of_a_day_have_the_passes_before_them_with_their_own_keywords() -> None:
    def at(id: int, hour: int, day: date = D1, keywords: str = "") -> CandidateFile:
        start = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        return replace(
            file(id, day, key=f"t{id}", keywords=keywords), start=start, stop=start
        )  # fmt: skip

    passes = process(near(1, several=True), timebase=Timebase.FILE)
    files = (at(1, 20, date(2019, 12, 31)), at(2, 3), at(3, 9), at(4, 6, keywords="nn=2"))
    assert [e.input_file_ids for e in planned(passes, *files)] == [(1, 2), (2, 3), (4,)]


def test_a_hard_input_of_neighbours_is_satisfied_by_one_of_them() -> None:
    both = process(put(), near(1, product=AUX))
    made = one(both, file(1, D3), file(2, D1, product=AUX), dates=(D3,))
    assert made.input_file_ids == (1, 2)
    assert one(both, file(1, D3), dates=(D3,)).missing == "aux"


# What is valid for a time


def test_the_one_with_the_latest_start_that_covers_the_start_of_the_interval_is_taken() -> None:
    files = (valid(10, D1, date(2050, 1, 1)), valid(11, D2, D2), valid(12, D3, date(2050, 1, 1)))
    days = [file(n, date(2020, 1, n)) for n in range(1, 5)]
    entries = planned(
        process(put(), cal()), *days, *files, dates=tuple(d.utc_file_date for d in days)
    )
    assert [e.input_file_ids[1] for e in entries] == [10, 11, 12, 12]


def test_of_equal_starts_the_higher_version_is_taken() -> None:
    files = (valid(10, D1, D3, "1.10.0"), valid(11, D1, D2, "1.9.0"))
    assert one(process(put(), cal()), file(1, D1), *files).input_file_ids == (1, 10)


def test_a_month_takes_what_is_valid_at_its_start() -> None:
    month = process(put(), cal(), timebase=Timebase.MONTHLY)
    late = (valid(10, date(2019, 1, 1), D1), valid(11, D2, date(2050, 1, 1)))
    assert one(month, file(1, D2), *late).input_file_ids == (1, 10)


def test_a_missing_calibration_is_told_and_a_soft_one_is_not_needed() -> None:
    entry = one(process(put(), cal()), file(1, D1), valid(10, D2, D3))
    assert entry.reason == "needs aux that is valid at 2020-01-01 00:00:00 UTC: none"
    assert one(process(put(), cal(SOFT)), file(1, D1)).action is Action.MAKE


def test_a_calibration_alone_makes_no_output() -> None:
    forever = valid(10, D1, date(2050, 1, 1))
    assert one(process(put(), cal()), forever).reason == "needs l0 of 2020-01-01: none"
    soft = process(put(kind=SOFT), cal(SOFT))
    assert one(soft, forever).reason == "needs l0 of 2020-01-01: none"
    alone = one(process(cal()), forever)
    assert alone.reason == "has no input that triggers it: it is made by hand only"
    assert one(process(cal()), forever, by_hand=True).input_file_ids == (10,)
    assert one(process(cal()), by_hand=True).reason.startswith("needs aux that is valid at")


def test_another_calibration_makes_the_output_again_and_one_without_a_trigger_does_not() -> None:
    old, new = valid(10, D1, date(2050, 1, 1)), valid(11, D1, date(2050, 1, 1), "1.0.1")
    recorded = output(parents=(parent(1), parent(10, product=AUX)))
    for kind, action in ((HARD, Action.MAKE), (QUIET, Action.NOTHING)):
        mk = process(put(), cal(kind))
        assert one(mk, file(1, D1), old, outputs=(recorded,)).action is Action.NOTHING
        assert one(mk, file(1, D1), new, outputs=(recorded,)).action is action
    entry = one(process(put(), cal()), file(1, D1), new, outputs=(recorded,))
    assert (str(entry.version), entry.reason) == ("1.0.1", "aux of 2020-01-01 1.0.0 -> 1.0.1")


def test_a_pass_takes_the_calibration_of_its_own_start_with_its_keywords_or_none() -> None:
    def at(id: int, hour: int) -> CandidateFile:
        start = datetime(2020, 1, 1, hour, tzinfo=UTC)
        return replace(file(id, D1, key=f"t{id}", keywords="nn=2"), start=start, stop=start)

    noon = replace(valid(11, D1, D3), start=datetime(2020, 1, 1, 12, tzinfo=UTC))
    other = replace(valid(12, D1, D3, keywords="nn=9"), start=noon.start)
    passes = process(put(several=True), cal(), timebase=Timebase.FILE)
    entries = planned(passes, at(1, 3), at(2, 15), valid(10, D1, D3), noon, other)
    assert [e.input_file_ids for e in entries] == [(1, 10), (2, 11)]
