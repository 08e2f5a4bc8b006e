"""The rules of the plan, a case each: inputs, code, version, and whether at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from headwater.catalog.queries.input_files import CandidateFile
from headwater.catalog.queries.planning import (
    KnownBuild,
    NewestOutput,
    Parent,
    UpstreamWork,
)
from headwater.core.fingerprint import fingerprint
from headwater.core.interval import day_start, day_stop
from headwater.core.states import BuildState, InputKind, Timebase
from headwater.core.version import Bump, Version
from headwater.processing.plan import plan
from headwater.processing.plan_state import (
    Action,
    PlanCode,
    PlanInput,
    PlanOutput,
    PlanProcess,
    PlanState,
    PlanUpstream,
    ProposedBuild,
)

D1, D2, D3 = date(2020, 1, 1), date(2020, 1, 2), date(2020, 1, 3)
NOW = datetime(2020, 2, 1, 12, tzinfo=UTC)
L0, AUX, L1 = 1, 2, 3
ALWAYS = (date(1970, 1, 1), date(2049, 12, 31))


def put(product: int = L0, kind: InputKind = InputKind.HARD, before: int = 0, after: int = 0,
        several: bool = False) -> PlanInput:  # fmt: skip
    name = {L0: "l0", AUX: "aux", L1: "l1"}[product]
    return PlanInput(product, name, kind, before, after, product, several)


def code(version: str = "1.0.0", interface: int = 1, id: int = 7, usable: bool = True) -> PlanCode:
    return PlanCode(id, "mk.sh", Version.parse(version), interface, *ALWAYS, usable)


def process(*inputs: PlanInput, timebase: Timebase = Timebase.DAILY, **others: Any) -> PlanProcess:
    facts: dict[str, Any] = {"outputs": (PlanOutput(L1, "l1"),), "codes": (code(),), **others}
    return PlanProcess(9, "mk_l1", timebase, inputs or (put(),), **facts)


def file(id: int, day: date, version: str = "1.0.0", product: int = L0, keywords: str = "",
         stop: datetime | None = None, key: str | None = None) -> CandidateFile:  # fmt: skip
    return CandidateFile(
        id, product, key or day.isoformat(), keywords, day, day_start(day), stop or day_stop(day),
        Version.parse(version),
    )  # fmt: skip


def parent(id: int, day: date = D1, version: str = "1.0.0", product: int = L0) -> Parent:
    return Parent(id, product, day.isoformat(), "", Version.parse(version))


def output(version: str = "1.0.0", parents: tuple[Parent, ...] = (), code_version: str = "1.0.0",
           code_id: int = 7, on_disk: bool = True, product: int = L1) -> NewestOutput:  # fmt: skip
    return NewestOutput(
        50, f"l1_v{version}.dat", product, D1.isoformat(), "", D1, Version.parse(version), on_disk,
        code_id, Version.parse(code_version), parents or (parent(1),),
    )  # fmt: skip


def build(state: BuildState, inputs: tuple[int, ...] = (1,), **others: Any) -> KnownBuild:
    known = KnownBuild(
        30, D1.isoformat(), D1, "", state, "as it was", None, fingerprint(7, inputs), 1, None,
        NOW - timedelta(hours=1), None, "somebody",
    )  # fmt: skip
    return replace(known, **others)


def planned(process: PlanProcess, *files: CandidateFile, dates: tuple[date, ...] = (D1,),
            outputs: tuple[NewestOutput, ...] = (), builds: tuple[KnownBuild, ...] = (),
            upstream: tuple[UpstreamWork, ...] = (),
            **others: Any) -> list[ProposedBuild]:  # fmt: skip
    return plan(PlanState(process, dates, files, outputs, builds, upstream, NOW, **others))


def one(*args: Any, **others: Any) -> ProposedBuild:
    [entry] = planned(*args, **others)
    return entry


# Which inputs


def test_daily_takes_what_touches_the_day_both_ends_included() -> None:
    night = file(1, D1, stop=datetime(2020, 1, 2, 3, tzinfo=UTC))
    midnight = file(2, D1, stop=day_start(D2))
    before = file(3, D1, stop=day_start(D2) - timedelta(microseconds=1))
    assert one(process(), night, midnight, before, dates=(D2,)).input_file_ids == (1, 2)


def test_file_and_run_take_files_by_their_date() -> None:
    night = file(1, D1, stop=datetime(2020, 1, 2, 3, tzinfo=UTC))
    for timebase in (Timebase.FILE, Timebase.RUN):
        entry = one(process(timebase=timebase), night, dates=(D2,))
        assert (entry.action, entry.missing) == (Action.NOTHING, "l0")


def test_a_window_adds_days_before_and_after() -> None:
    files = [file(n, date(2020, 1, n)) for n in range(1, 6)]
    entry = one(process(put(before=1, after=2)), *files, dates=(D2,))
    assert entry.input_file_ids == (1, 2, 3, 4)


def test_one_file_anywhere_in_the_window_satisfies_a_hard_input() -> None:
    both = process(put(), put(AUX, before=3))
    assert one(both, file(1, D3), file(2, D1, product=AUX), dates=(D3,)).action is Action.MAKE


def test_the_window_alone_makes_no_output_of_a_day_that_no_trigger_touches() -> None:
    entry = one(process(put(before=1)), file(1, D1), dates=(D2,))
    assert entry.action is Action.NOTHING
    assert entry.reason == "needs l0 of 2020-01-02: none"


def test_a_missing_hard_input_is_named() -> None:
    entry = one(process(put(), put(AUX, before=1)), file(1, D2), dates=(D2,))
    assert entry.reason == "needs aux of 2020-01-01/2020-01-02: none"
    assert entry.missing == "aux"


def test_soft_inputs_may_be_missing_but_not_all_of_them() -> None:
    soft = process(put(kind=InputKind.SOFT), put(AUX, InputKind.SOFT))
    assert one(soft, file(1, D1)).action is Action.MAKE
    assert one(soft).reason == "needs l0 or aux of 2020-01-01: none"


def test_inputs_are_ordered_by_place_then_version() -> None:
    wide = process(put(before=1, after=1), put(AUX))
    entry = one(
        wide, file(1, D1, "1.1.0"), file(2, D2, "1.0.0"), file(3, D2, product=AUX),
        file(4, D3, "1.0.1"), dates=(D2,),
    )  # fmt: skip
    assert entry.input_file_ids == (2, 4, 1, 3)


def test_file_makes_one_output_for_each_keywords() -> None:
    entries = planned(
        process(put(), put(AUX, InputKind.SOFT), timebase=Timebase.FILE),
        file(1, D1, keywords="nn=01"), file(2, D1, keywords="nn=02"),
        file(3, D1, product=AUX, keywords="nn=02"),
    )  # fmt: skip
    assert [(e.keywords, e.input_file_ids) for e in entries] == [("nn=01", (1,)), ("nn=02", (2, 3))]


def test_file_makes_one_output_for_each_of_several_files_a_day() -> None:
    several = process(put(several=True), put(AUX), timebase=Timebase.FILE)
    entries = planned(
        several, file(1, D1, key="t1"), file(2, D1, key="t2"), file(3, D1, product=AUX)
    )
    assert [(e.interval_key, e.input_file_ids) for e in entries] == [("t1", (1, 3)), ("t2", (2, 3))]


# Which code


def test_no_code_is_a_reason() -> None:
    entry = one(process(codes=(code(usable=False),)), file(1, D1))
    assert entry.reason == "no code of process mk_l1 is active and newest for 2020-01-01"


def test_two_codes_are_a_reason_for_the_dates_they_share_only() -> None:
    late = replace(code("1.1.0", id=8), start_date=D2)
    entries = planned(process(codes=(code(), late)), file(1, D1), file(2, D2), dates=(D1, D2))
    assert entries[0].action is Action.MAKE
    assert entries[1].reason.startswith("2 codes of process mk_l1 are active for 2020-01-02")


# Which version (spec dbprocessing 5.4, from the newest output on)


@pytest.mark.parametrize(
    ("newest", "was", "now", "codes", "expected"),
    [
        ("1.0.0", "1.0.0", "1.0.1", ("1.0.0", "1.0.0", 1), "1.0.1"),
        ("1.0.0", "1.0.0", "1.1.0", ("1.0.0", "1.0.0", 1), "1.1.0"),
        ("1.0.0", "1.0.0", "2.0.0", ("1.0.0", "1.0.0", 1), "1.1.0"),
        ("1.0.0", "1.0.0", "1.0.0", ("1.0.0", "1.0.1", 1), "1.0.1"),
        ("1.0.0", "1.0.0", "1.0.0", ("1.0.0", "1.1.0", 1), "1.1.0"),
        ("1.0.0", "1.0.0", "1.0.0", ("1.0.0", "1.1.1", 1), "1.1.0"),
        ("1.0.0", "1.0.0", "1.0.0", ("1.0.0", "2.0.0", 1), "1.1.0"),
        ("1.3.4", "1.0.0", "1.0.0", ("1.0.0", "2.0.0", 2), "2.0.0"),
        ("1.0.0", "1.0.0", "1.0.0", ("1.1.0", "1.0.0", 1), "1.1.0"),
        ("1.2.0", "1.0.0", "1.0.1", ("1.0.0", "1.0.0", 1), "1.2.1"),
        ("1.1.0", "1.0.0", "1.0.0", ("1.0.0", "1.0.1", 1), "1.1.1"),
        ("1.0.0", "1.0.0", "1.0.1", ("1.0.0", "1.1.0", 1), "1.1.0"),
        ("1.0.0", "1.1.0", "1.0.0", ("1.0.0", "1.0.0", 1), "1.1.0"),
        ("1.0.0", "1.0.2", "1.0.1", ("1.0.0", "1.0.0", 1), "1.1.0"),
    ],
)  # fmt: skip
def test_the_output_grows_by_what_changed(
    newest: str, was: str, now: str, codes: tuple[str, str, int], expected: str
) -> None:
    recorded, used, interface = codes
    changed = was != now
    entry = one(
        process(codes=(code(used, interface, id=7 if recorded == used else 8),)),
        file(2 if changed else 1, D1, now),
        outputs=(output(newest, (parent(1, version=was),), recorded),),
    )
    assert (entry.action, str(entry.version)) == (Action.MAKE, expected)


def test_another_number_of_inputs_grows_the_quality() -> None:
    soft = process(put(), put(AUX, InputKind.SOFT))
    more = one(soft, file(1, D1), file(2, D1, product=AUX), outputs=(output(),))
    less = one(soft, file(1, D1), outputs=(output(parents=(parent(1), parent(2, product=AUX))),))
    assert str(more.version) == str(less.version) == "1.1.0"
    assert more.reason == "aux of 2020-01-01 is a new input"


def test_a_swap_of_inputs_of_equal_number_grows_the_quality() -> None:
    soft = process(put(kind=InputKind.SOFT), put(AUX, InputKind.SOFT))
    entry = one(soft, file(2, D1, product=AUX), outputs=(output(parents=(parent(1),)),))
    assert str(entry.version) == "1.1.0"


def test_several_outputs_get_the_greatest_version_that_one_of_them_needs() -> None:
    outputs = (PlanOutput(L1, "l1"), PlanOutput(AUX, "picture"))
    entry = one(
        process(put(), outputs=outputs),
        file(2, D1, "1.0.1"),
        outputs=(output("1.4.0"), replace(output("1.2.7"), product_id=AUX)),
    )
    assert str(entry.version) == "1.4.1"


@pytest.mark.parametrize(("bump", "expected"), [(0, "2.0.0"), (1, "1.3.0"), (2, "1.2.4")])
def test_force_grows_the_component_that_was_asked_for(bump: int, expected: str) -> None:
    entry = one(process(), file(1, D1), outputs=(output("1.2.3"),), forced=Bump(bump))
    assert (str(entry.version), entry.forced) == (expected, bump)


def test_the_first_output_starts_at_the_codes_interface() -> None:
    assert str(one(process(codes=(code(interface=3),)), file(1, D1)).version) == "3.0.0"


def test_run_has_no_version() -> None:
    entry = one(process(timebase=Timebase.RUN, outputs=()), file(1, D1))
    assert (entry.action, entry.version) == (Action.MAKE, None)


# Whether at all


def test_equal_inputs_and_code_are_up_to_date_by_build_or_by_links() -> None:
    by_links = one(process(), file(1, D1), outputs=(output(),))
    by_build = one(process(), file(1, D1), outputs=(output(),), builds=(build(BuildState.BUILT),))
    assert by_links.reason == by_build.reason == "up to date: l1_v1.0.0.dat"


def test_a_run_that_was_made_is_up_to_date() -> None:
    run = process(timebase=Timebase.RUN, outputs=())
    assert one(run, file(1, D1), builds=(build(BuildState.BUILT),)).action is Action.NOTHING


def test_a_lost_output_is_made_again() -> None:
    entry = one(
        process(), file(1, D1), outputs=(output(on_disk=False),),
        builds=(build(BuildState.BUILT),),
    )  # fmt: skip
    assert (str(entry.version), entry.reason) == ("1.0.1", "its file l1_v1.0.0.dat is lost")


def test_a_change_of_a_no_trigger_input_alone_makes_nothing() -> None:
    quiet = process(put(), put(AUX, InputKind.NO_TRIGGER))
    files = (file(1, D1), file(2, D1, "1.1.0", product=AUX))
    entry = one(quiet, *files, outputs=(output(parents=(parent(1), parent(9, product=AUX))),))
    assert entry.action is Action.NOTHING
    assert one(quiet, *files).input_file_ids == (1, 2)


def test_a_process_without_inputs_is_made_by_hand_only() -> None:
    free = PlanProcess(9, "free", Timebase.DAILY, (), (PlanOutput(L1, "l1"),), (code(),))
    assert one(free).action is Action.NOTHING
    assert one(free, by_hand=True).action is Action.MAKE


# Waiting


def upstream_process(before: int = 0) -> PlanProcess:
    return process(put(before=before), upstream={4: PlanUpstream("mk_l0", before, 0)})


def test_an_output_waits_for_upstream_work_in_its_window() -> None:
    work = UpstreamWork(4, D1, "pending")
    entry = one(upstream_process(1), file(1, D2), dates=(D2,), upstream=(work,))
    assert entry.action is Action.WAIT
    assert entry.reason == "waits for mk_l0 of 2020-01-01 (pending)"
    assert one(upstream_process(), file(1, D2), dates=(D2,), upstream=(work,)).action is Action.MAKE


def test_what_is_up_to_date_waits_for_nobody() -> None:
    work = UpstreamWork(4, D1, "running")
    entry = one(upstream_process(), file(1, D1), outputs=(output(),), upstream=(work,))
    assert entry.action is Action.NOTHING


def test_waiting_ends_and_the_reason_says_so() -> None:
    old = build(BuildState.WAITING, created_at=NOW - timedelta(hours=6))
    work = UpstreamWork(4, D1, "running")
    entry = one(upstream_process(), file(1, D1), builds=(old,), upstream=(work,))
    assert entry.action is Action.MAKE
    assert entry.reason.endswith("made without waiting longer than 6 h")


# Builds that are open already


def test_a_running_build_is_left_alone_and_looked_at_again_if_its_inputs_changed() -> None:
    running = build(BuildState.RUNNING)
    same = one(process(), file(1, D1), builds=(running,))
    changed = one(process(), file(2, D1, "1.0.1"), builds=(running,))
    assert (same.action, same.look_again) == (Action.NOTHING, False)
    assert (changed.action, changed.look_again) == (Action.NOTHING, True)


@pytest.mark.parametrize(
    ("change", "inputs", "action"),
    [
        ({"not_before": NOW - timedelta(minutes=5)}, (1,), Action.MAKE),
        ({"not_before": NOW + timedelta(minutes=5)}, (1,), Action.NOTHING),
        ({"not_before": None}, (1,), Action.NOTHING),  # a person stopped it
        ({"not_before": None}, (99,), Action.MAKE),
        ({"attempts": 2, "not_before": NOW}, (1,), Action.HOLD),
        ({"attempts": 2}, (99,), Action.MAKE),
        ({"not_before": NOW + timedelta(minutes=5)}, (99,), Action.MAKE),
    ],
)
def test_a_failed_build(change: dict[str, Any], inputs: tuple[int, ...], action: Action) -> None:
    entry = one(process(), file(1, D1), builds=(build(BuildState.FAILED, inputs, **change),))
    assert entry.action is action
    assert entry.build_id == 30


def test_a_held_build_is_lifted_by_a_change_of_inputs_but_not_when_a_person_holds_it() -> None:
    poison = build(BuildState.HELD, (99,), attempts=2)
    person = build(BuildState.HELD, fingerprint=None)
    assert one(process(), file(1, D1), builds=(poison,)).action is Action.MAKE
    assert one(process(), file(1, D1), builds=(person,)).action is Action.HOLD


def test_an_open_build_whose_files_are_gone_is_told_so() -> None:
    lost = build(BuildState.PENDING, keywords="nn=01")
    entries = planned(process(timebase=Timebase.FILE), file(1, D1), builds=(lost,))
    assert [(e.build_id, e.reason) for e in entries][1] == (30, "its input files are gone")


def test_the_plan_is_the_same_each_time() -> None:
    files = [file(n, date(2020, 1, n)) for n in range(1, 6)]
    dates = tuple(f.utc_file_date for f in files)
    assert planned(process(), *files, dates=dates) == planned(process(), *files[::-1], dates=dates)
