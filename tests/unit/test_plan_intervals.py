"""The plan of weeks, months, years and orbits, and of processes that wait for an interval's end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from test_plan_rules import (
    AUX,
    D1,
    D2,
    L1,
    NOW,
    build,
    code,
    file,
    one,
    output,
    parent,
    planned,
    process,
    put,
)

from headwater.catalog.queries.planning import UpstreamWork
from headwater.core.fingerprint import fingerprint
from headwater.core.interval import day_start, day_stop
from headwater.core.output_interval import Orbit
from headwater.core.states import BuildState, InputKind, Timebase
from headwater.core.version import Bump
from headwater.processing.plan import plan
from headwater.processing.plan_state import Action, PlanState, PlanUpstream

WEEK = process(timebase=Timebase.WEEKLY)
MONTH = process(timebase=Timebase.MONTHLY)
ORBITS = (
    Orbit(datetime(2020, 1, 1, 20, tzinfo=UTC), datetime(2020, 1, 1, 22, tzinfo=UTC), 7),
    Orbit(datetime(2020, 1, 1, 22, tzinfo=UTC), datetime(2020, 1, 2, 1, tzinfo=UTC), 8),
)


def at(hour: int, until: int, id: int, day: date = D1):
    """A file of some hours of a day."""
    start = day_start(day) + timedelta(hours=hour)
    return replace(file(id, day), start=start, stop=day_start(day) + timedelta(hours=until))


# Weeks, months, years


def test_a_week_takes_what_touches_it_and_is_named_by_it() -> None:
    sunday_before = file(1, date(2019, 12, 29))
    over_midnight = file(2, date(2019, 12, 29), stop=day_start(date(2019, 12, 30)))
    inside, monday_after = file(3, date(2020, 1, 5)), file(4, date(2020, 1, 6))
    entry = one(WEEK, sunday_before, over_midnight, inside, monday_after)
    assert entry.input_file_ids == (2, 3)
    assert (entry.interval_key, entry.utc_date) == ("2020-W01", date(2019, 12, 30))
    assert (entry.start, entry.stop) == (
        day_start(date(2019, 12, 30)),
        day_stop(date(2020, 1, 5)),
    )


def test_any_days_of_a_month_plan_it_once() -> None:
    entry = one(MONTH, file(1, D1), dates=(date(2020, 1, 3), date(2020, 1, 31)))
    assert (entry.interval_key, entry.input_file_ids) == ("2020-01", (1,))


def test_a_window_widens_a_month_by_days() -> None:
    wide = process(put(before=1, after=1), timebase=Timebase.MONTHLY)
    days = [date(2019, 12, 30), date(2019, 12, 31), D1, date(2020, 2, 1), date(2020, 2, 2)]
    files = [file(n, day) for n, day in enumerate(days)]
    assert one(wide, *files).input_file_ids == (1, 2, 3)


def test_the_window_alone_makes_no_month() -> None:
    wide = process(put(before=1), timebase=Timebase.MONTHLY)
    entry = one(wide, file(1, date(2019, 12, 31)))
    assert (entry.action, entry.reason) == (Action.NOTHING, "needs l0 of 2020-01: none")


def test_a_missing_input_of_a_year_is_named_with_its_window() -> None:
    both = process(put(), put(AUX, before=1), timebase=Timebase.YEARLY)
    assert one(both, file(1, D1)).reason == "needs aux of 2019-12-31/2020-12-31: none"


def test_the_output_of_a_month_is_that_of_its_first_day() -> None:
    made = replace(output(parents=(parent(1), parent(2, D2))), utc_file_date=D1)
    files = (file(1, D1), file(2, D2))
    assert one(MONTH, *files, outputs=(made,)).reason == "up to date: l1_v1.0.0.dat"
    more = one(MONTH, *files, file(3, date(2020, 1, 9)), outputs=(made,))
    assert (str(more.version), more.reason) == ("1.1.0", "l0 of 2020-01-09 is a new input")


def test_the_code_is_that_of_the_first_day() -> None:
    late = process(codes=(replace(code(), start_date=D2),), timebase=Timebase.MONTHLY)
    assert one(late, file(1, D2)).reason.endswith("active and newest for 2020-01-01")


# Orbits


def orbit_process(**others):
    return process(timebase=Timebase.ORBIT, **others)


def test_an_orbit_takes_what_touches_it_to_the_moment() -> None:
    files = (at(19, 20, 1), at(20, 21, 2), at(22, 23, 3), at(2, 3, 4, D2))
    entries = planned(orbit_process(), *files, orbits=ORBITS)
    assert [(e.interval_key, e.utc_date, e.input_file_ids) for e in entries] == [
        ("orbit-00007", D1, (1, 2)),
        ("orbit-00008", D1, (3,)),
    ]


def test_a_window_widens_an_orbit_by_days_from_its_own_times() -> None:
    wide = process(put(before=1), timebase=Timebase.ORBIT)
    files = (at(21, 22, 1, date(2019, 12, 31)), at(18, 19, 2, date(2019, 12, 31)), at(21, 21, 3))
    assert one(wide, *files, orbits=ORBITS[:1]).input_file_ids == (1, 3)


def test_a_date_without_an_orbit_says_so() -> None:
    entry = one(orbit_process(), file(1, D1))
    assert (entry.action, entry.utc_date) == (Action.NOTHING, D1)
    assert entry.reason.startswith("no orbit of 2020-01-01 is known: ")
    assert one(orbit_process(), file(1, D1), orbits=ORBITS[:1]).interval_key == "orbit-00007"


def test_an_orbit_that_was_loaded_with_other_times_is_made_again() -> None:
    orbit, files = ORBITS[0], (at(20, 21, 1),)
    span = f"{orbit.interval.start.isoformat()}/{orbit.interval.stop.isoformat()}"
    made = replace(output(), interval_key="orbit-00007")
    built = build(BuildState.BUILT, interval_key="orbit-00007",
                  fingerprint=fingerprint(7, (1,), span))  # fmt: skip
    known = {"outputs": (made,), "builds": (built,)}
    assert one(orbit_process(), *files, orbits=(orbit,), **known).reason.startswith("up to date")
    moved = replace(orbit, stop=orbit.stop + timedelta(minutes=1))
    entry = one(orbit_process(), *files, orbits=(moved,), **known)
    assert (entry.action, str(entry.version)) == (Action.MAKE, "1.0.1")
    assert entry.reason == "the times of the orbit changed"


def test_an_open_build_of_an_orbit_that_went_is_not_needed() -> None:
    lost = build(BuildState.PENDING, interval_key="orbit-00009")
    entries = planned(orbit_process(), at(20, 21, 1), orbits=ORBITS[:1], builds=(lost,))
    assert entries[1].reason == "its orbit is no longer known, or at another time"


# Until the end of the interval


def test_a_process_may_wait_for_the_end_of_its_interval() -> None:
    patient = process(timebase=Timebase.MONTHLY, wait_for_end=True)
    late = datetime(2020, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)
    for now, action in ((late, Action.WAIT), (day_start(date(2020, 2, 1)), Action.MAKE)):
        entry = one_at(now, patient, file(1, D1))
        assert entry.action is action
    entry = one_at(late, patient, file(1, D1))
    assert entry.reason == "its interval ends 2020-02-01 00:00:00 UTC"
    assert entry.not_before == day_start(date(2020, 2, 1))


def one_at(now: datetime, *args, **others):
    made_by, *files = args
    [entry] = plan(PlanState(made_by, (D1,), files, (), (), (), now, **others))
    return entry


def test_a_force_does_not_wait_and_what_has_a_hole_is_told_at_once() -> None:
    patient = process(timebase=Timebase.MONTHLY, wait_for_end=True)
    assert one_at(day_start(D2), patient, file(1, D1), forced=Bump.QUALITY).action is Action.MAKE
    assert one_at(day_start(D2), patient).reason == "needs l0 of 2020-01: none"


def test_the_wait_for_upstream_is_counted_from_the_end_of_the_interval() -> None:
    facts = {"wait_for_end": True, "upstream": {4: PlanUpstream("mk_l0", 0, 0)}}
    patient = process(timebase=Timebase.DAILY, **facts)
    since_days = build(BuildState.WAITING, created_at=day_start(D1))
    work = UpstreamWork(4, D1, "running")
    for hours, action in ((1, Action.WAIT), (7, Action.MAKE)):
        now = day_start(D2) + timedelta(hours=hours)
        [entry] = plan(PlanState(patient, (D1,), (file(1, D1),), (), (since_days,), (work,), now))
        assert entry.action is action


# Waiting for upstream work across intervals


@pytest.mark.parametrize(("day", "action"), [(31, Action.WAIT), (1, Action.WAIT)])
def test_a_month_waits_for_work_of_any_of_its_days(day: int, action: Action) -> None:
    reader = process(timebase=Timebase.MONTHLY, upstream={4: PlanUpstream("mk_l0", 0, 0)})
    work = UpstreamWork(4, date(2020, 1, day), "pending")
    assert one(reader, file(1, D1), upstream=(work,)).action is action
    other = UpstreamWork(4, date(2020, 2, 1), "pending")
    assert one(reader, file(1, D1), upstream=(other,)).action is Action.MAKE


def test_a_day_waits_for_the_work_of_its_month() -> None:
    month = PlanUpstream("mk_month", 0, 0, Timebase.MONTHLY)
    reader = process(upstream={4: month})
    built = UpstreamWork(4, D1, "running", date(2020, 1, 31))
    wake = UpstreamWork(4, date(2020, 1, 20), "to be planned", date(2020, 1, 20))
    for work in (built, wake):
        entry = one(reader, file(1, D2), dates=(D2,), upstream=(work,))
        assert entry.action is Action.WAIT, work


def test_a_soft_trigger_input_makes_a_week_too() -> None:
    soft = process(put(kind=InputKind.SOFT), put(L1, InputKind.NO_TRIGGER),
                   timebase=Timebase.WEEKLY)  # fmt: skip
    entry = one(soft, file(1, D1), file(2, D1, product=L1))
    assert (entry.action, entry.input_file_ids) == (Action.MAKE, (1, 2))
    assert one(soft, file(2, D1, product=L1)).action is Action.NOTHING
    assert entry.not_before is None and entry.stop < NOW
