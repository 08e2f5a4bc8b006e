"""The plan: from the catalog's state to builds with reasons. A pure function.

The DAGs, a dry run, the claim of a build and the question "why" all use it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from headwater.catalog.queries.planning import KnownBuild, NewestOutput
from headwater.core.fingerprint import fingerprint, problem_fingerprint
from headwater.core.interval import day_start, day_stop
from headwater.core.output_interval import OutputInterval, calendar_interval
from headwater.core.states import BuildState, Timebase
from headwater.core.version import Bump
from headwater.processing.input_selection import Group, InputSelection
from headwater.processing.plan_state import (
    Action,
    PlanCode,
    PlanState,
    ProposedBuild,
)
from headwater.processing.version_rule import next_version
from headwater.processing.waits import Waits

LOAD_ORBITS = "load the orbits with 'headwater mission orbits FILE'"


def plan(state: PlanState) -> list[ProposedBuild]:
    """What has to be made for the dates of `state`, what waits, and why the rest is not made.

    At least one entry for each interval that touches the dates, in the order of their starts,
    and for each date without one; open builds whose group no longer exists are among them, with
    nothing to do.
    """
    return list(_Planner(state).entries())


def plan_beside_outputs(
    state: PlanState,
) -> list[tuple[ProposedBuild, Mapping[int, NewestOutput]]]:
    """What :func:`plan` says, each with the newest outputs that are there, by product id."""
    planner = _Planner(state)
    return [(entry, planner.outputs_of(entry)) for entry in planner.entries()]


def is_current(entry: ProposedBuild) -> bool:
    """Whether the plan found that the outputs of an entry are up to date."""
    return entry.action is Action.NOTHING and entry.reason.startswith("up to date")


def usable_code(
    codes: tuple[PlanCode, ...], day: date, process: str
) -> tuple[PlanCode | None, str]:
    """The one code to use for outputs of `day` (spec dbprocessing 5.4), or why there is none."""
    found = [c for c in codes if c.usable and c.start_date <= day <= c.stop_date]
    if len(found) == 1:
        return found[0], ""
    if not found:
        return None, f"no code of process {process} is active and newest for {day}"
    names = ", ".join(f"{code.filename} {code.version}" for code in found)
    return None, (
        f"{len(found)} codes of process {process} are active for {day} ({names}): "
        "leave one of them active"
    )


class _Planner:
    """One plan; the state, indexed."""

    def __init__(self, state: PlanState) -> None:
        self._state = state
        self._process = process = state.process
        self._triggers = frozenset(put.product_id for put in process.inputs if put.triggers)
        self._starts = any(put.starts for put in process.inputs)
        self._names = {put.product_id: put.product for put in process.inputs}
        self._open: dict[tuple[str, str], KnownBuild] = {}
        self._built: dict[tuple[str, str], KnownBuild] = {}
        for build in state.builds:
            kind = self._built if build.state is BuildState.BUILT else self._open
            kind[build.interval_key, build.keywords] = build
        self._held_dates = {
            key: build
            for (key, keywords), build in self._open.items()
            if build.held_by_person and not keywords
        }
        self._outputs = self._newest_by_group()
        self._intervals = state.intervals
        self._waits = Waits(state)

    def _newest_by_group(self) -> dict[tuple[str, str], dict[int, NewestOutput]]:
        """Outputs by group."""
        found: dict[tuple[str, str], dict[int, NewestOutput]] = {}
        for output in self._state.outputs:
            group = found.setdefault(self._group_of(output), {})
            known = group.get(output.product_id)
            if known is None or known.version < output.version:
                group[output.product_id] = output
        return found

    def _group_of(self, output: NewestOutput) -> tuple[str, str]:
        """The group of an output; a whole interval is one, whatever keywords its files carry."""
        if self._process.timebase is Timebase.FILE:
            return output.interval_key, output.keywords
        if self._process.timebase is Timebase.ORBIT:
            return output.interval_key, ""
        interval = calendar_interval(self._process.timebase, output.utc_file_date)
        first = interval.utc_date == output.utc_file_date
        return interval.key if first else output.interval_key, ""

    def outputs_of(self, entry: ProposedBuild) -> Mapping[int, NewestOutput]:
        """The newest outputs of an entry's group, by product id."""
        return self._outputs.get((entry.interval_key, entry.keywords), {})

    def entries(self) -> Iterator[ProposedBuild]:
        selection = InputSelection(self._process, self._intervals, self._state.files)
        left = dict(self._open)
        for interval in self._intervals:
            for group in selection.groups(interval):
                build = left.pop((group.interval_key, group.keywords), None)
                yield self._held_by_person(group, interval, build) or self._decided(group)
        for day in self._state.lone_dates:
            yield self._nothing(_day(day), f"no orbit of {day} is known: {LOAD_ORBITS}")
        covered = {day for interval in self._intervals for day in interval.days.days()}
        covered |= set(self._state.dates)
        for build in left.values():
            if build.utc_date in covered and build.state is not BuildState.RUNNING:
                yield self._vanished(build)

    def _held_by_person(
        self, group: Group, interval: OutputInterval, build: KnownBuild | None
    ) -> ProposedBuild | None:
        """The hold of a person on a group or on a whole date of it; only a person lifts it."""
        if build is not None and build.held_by_person:
            return replace(self._nothing(group, build.reason, build), action=Action.HOLD)
        if build is not None and build.state is BuildState.RUNNING:
            return None
        if not self._held_dates:
            return None
        held = (self._held_dates.get(day.isoformat()) for day in interval.days.days())
        reason = next((one.reason for one in held if one is not None), None)
        return None if reason is None else self._nothing(group, f"its date is {reason}", build)

    def _decided(self, group: Group) -> ProposedBuild:
        build = self._open.get((group.interval_key, group.keywords))
        if group.hole is not None:
            if self._state.by_hand and not self._triggers and build is None:
                return self._with_code(replace(group, hole=None), build)
            return self._nothing(group, group.hole, build)
        if build is None and self._by_hand_only(group):
            return self._nothing(group, "has no input that triggers it: it is made by hand only")
        return self._with_code(group, build)

    def _by_hand_only(self, group: Group) -> bool:
        """Whether nothing asks for a group; a calibration does where there is an output already."""
        if self._starts or self._state.by_hand:
            return False
        return not self._triggers or (group.interval_key, group.keywords) not in self._outputs

    def _with_code(self, group: Group, build: KnownBuild | None) -> ProposedBuild:
        code, reason = usable_code(self._process.codes, group.utc_date, self._process.name)
        if code is None:
            return self._nothing(group, reason, build)
        counted = [file.id for file in group.inputs if file.product_id in self._triggers]
        print_ = fingerprint(code.id, counted, self._span_that_counts(group))
        if build is not None and build.state is BuildState.RUNNING:
            return replace(
                self._nothing(group, f"is being made by {build.claimed_by or 'someone'}", build),
                look_again=build.fingerprint != print_ or self._state.forced is not None,
            )
        forced = self._state.forced
        if forced is None and build is not None and build.forced is not None:
            forced = Bump(build.forced)
        need = self._need(group, print_, forced)
        if need is not None and need.startswith("up to date"):
            return self._nothing(group, need, build)
        return self._needed(group, code, print_, forced, need, build)

    def _need(self, group: Group, print_: str, forced: Bump | None) -> str | None:
        """``up to date ...``, or what asks for the build where the version rule will not say."""
        if forced is not None:
            return None
        outputs = self._outputs.get((group.interval_key, group.keywords), {})
        built = self._built.get((group.interval_key, group.keywords))
        recorded = built.fingerprint if built is not None else self._fingerprint_of(group, outputs)
        if recorded != print_:
            return None
        for output in self._process.outputs:
            file = outputs.get(output.product_id)
            if output.required and file is None:
                return f"its {output.product} is gone"
            if file is not None and not file.exists_on_disk:
                return f"its file {file.name} is lost"
        names = ", ".join(sorted(file.name for file in outputs.values()))
        return f"up to date: {names}" if names else "up to date: it ran with these inputs and code"

    def _span_that_counts(self, group: Group) -> str:
        """The times of an orbit, which may be loaded anew; other intervals are what they are."""
        if self._process.timebase is not Timebase.ORBIT:
            return ""
        return f"{group.start.isoformat()}/{group.stop.isoformat()}"

    def _fingerprint_of(self, group: Group, outputs: dict[int, NewestOutput]) -> str | None:
        """What files without a build row were made from; none where they differ or do not tell."""
        found = {
            fingerprint(
                output.code_id,
                (p.id for p in output.parents if p.product_id in self._triggers),
                self._span_that_counts(group),
            )
            if output.code_id is not None
            else None
            for output in outputs.values()
        }
        return found.pop() if len(found) == 1 else None

    def _needed(
        self,
        group: Group,
        code: PlanCode,
        print_: str,
        forced: Bump | None,
        need: str | None,
        build: KnownBuild | None,
    ) -> ProposedBuild:
        entry = self._make(group, code, print_, forced, need, build)
        if build is not None and self._state.forced is None:
            stopped = self._stopped(entry, build, print_)
            if stopped is not None:
                return stopped
        return _held_by_check(entry, group) or self._waits.applied(entry, build)

    def _make(
        self,
        group: Group,
        code: PlanCode,
        print_: str,
        forced: Bump | None,
        need: str | None,
        build: KnownBuild | None,
    ) -> ProposedBuild:
        newest = self._outputs.get((group.interval_key, group.keywords), {})
        version, reasons = None, [need] if need else []
        for output in self._process.outputs:
            above, why = next_version(
                newest.get(output.product_id),
                code_id=code.id,
                code=code.version,
                output_interface=code.output_interface,
                inputs=group.inputs,
                triggers=self._triggers,
                names=self._names,
                forced=forced,
            )
            version = above if version is None else max(version, above)
            reasons += [reason for reason in why if reason not in reasons]
        return ProposedBuild(
            group.interval_key,
            group.utc_date,
            group.start,
            group.stop,
            group.keywords,
            Action.MAKE,
            _shortened(reasons) or (self._changed if newest else "not made yet"),
            tuple(file.id for file in group.inputs),
            code.id,
            version,
            print_,
            None if forced is None else int(forced),
            None if build is None else build.id,
        )

    @property
    def _changed(self) -> str:
        """What asks for a build where no input and no code differs from those recorded."""
        orbit = self._process.timebase is Timebase.ORBIT
        return "the times of the orbit changed" if orbit else "inputs changed"

    def _stopped(
        self, entry: ProposedBuild, build: KnownBuild, print_: str
    ) -> ProposedBuild | None:
        """Why an open build is not made though it is needed: it failed, or is held."""
        same = build.fingerprint is None or build.fingerprint == print_
        if build.state is BuildState.HELD and same:
            return replace(entry, action=Action.HOLD, reason=build.reason)
        if build.state is not BuildState.FAILED or not same:
            return None
        if build.not_before is None:  # a person stopped it: nothing tries it again by itself
            return replace(entry, action=Action.NOTHING, reason=build.reason)
        if build.attempts >= self._state.automatic_attempts:
            return replace(entry, action=Action.HOLD, reason=held_reason(build))
        if build.not_before > self._state.now:
            return replace(
                entry,
                action=Action.NOTHING,
                reason=build.reason,
                not_before=build.not_before,
            )
        return replace(entry, reason=f"tried again after: {build.reason}")

    def _nothing(self, group: Group, reason: str, build: KnownBuild | None = None) -> ProposedBuild:
        return ProposedBuild(
            group.interval_key,
            group.utc_date,
            group.start,
            group.stop,
            group.keywords,
            Action.NOTHING,
            reason,
            build_id=None if build is None else build.id,
            missing=group.missing,
        )

    def _vanished(self, build: KnownBuild) -> ProposedBuild:
        group = replace(
            _day(build.utc_date), interval_key=build.interval_key, keywords=build.keywords
        )
        if build.held_by_person:
            return replace(self._nothing(group, build.reason, build), action=Action.HOLD)
        gone = "its input files are gone"
        if self._process.timebase is Timebase.ORBIT:
            gone = "its orbit is no longer known, or at another time"
        return self._nothing(group, gone, build)


def _day(day: date) -> Group:
    """What stands for a date that has no interval."""
    return Group(day.isoformat(), day, day_start(day), day_stop(day), "")


def _held_by_check(entry: ProposedBuild, group: Group) -> ProposedBuild | None:
    """The hold on a build of whose inputs a check of quality says that they have a problem."""
    found = [file for file in group.inputs if file.problem is not None]
    if not found or entry.fingerprint is None:
        return None
    reasons = [
        f"a check says that {file.name} has a problem" + (f": {file.problem}" * bool(file.problem))
        for file in found
    ]
    held = problem_fingerprint(entry.fingerprint)
    return replace(entry, action=Action.HOLD, reason=_shortened(reasons), fingerprint=held)


def held_reason(build: KnownBuild) -> str:
    """What a person reads of a build that failed too often."""
    return poison_reason(build.attempts, build.reason)


def poison_reason(attempts: int, last: str) -> str:
    """The reason of a build that is held because each attempt failed."""
    return f"failed {attempts} times with the same inputs and code: {last}; retry it when mended"


def _shortened(reasons: list[str], most: int = 3) -> str:
    more = len(reasons) - most
    shown = "; ".join(reasons[:most])
    return f"{shown}; and {more} more" if more > 0 else shown
