"""Which files an output is made from (spec dbprocessing 5.3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from headwater.catalog.queries.input_files import CandidateFile
from headwater.core.interval import DAY, DateSpan
from headwater.core.output_interval import OutputInterval
from headwater.core.states import InputKind, Timebase
from headwater.processing.far_files import FarFiles
from headwater.processing.plan_state import PlanInput, PlanProcess

NO_TIME = timedelta()


@dataclass(frozen=True, slots=True)
class Group:
    """What one build covers and reads; `hole` says why it cannot be made, `missing` which input.

    `inputs` are in the order of the command line.
    """

    interval_key: str
    utc_date: date
    start: datetime
    stop: datetime
    keywords: str
    inputs: tuple[CandidateFile, ...] = ()
    hole: str | None = None
    missing: str | None = None


class InputSelection:
    """The files around some intervals, found again by day.

    FILE and RUN count a file for its date, the others for each day that its time touches.
    """

    def __init__(
        self,
        process: PlanProcess,
        intervals: Sequence[OutputInterval],
        files: Sequence[CandidateFile],
    ) -> None:
        self._process = process
        self._by_day: dict[int, dict[date, list[CandidateFile]]] = {
            put.product_id: defaultdict(list) for put in process.inputs if not put.latest_valid
        }
        self._far = {
            put.product_id: FarFiles(files, put.product_id)
            for put in process.inputs
            if put.latest_valid or put.in_files
        }
        self._by_overlap = not process.timebase.by_date
        if not intervals:
            return
        before = max((put.days_before for put in process.inputs), default=0)
        after = max((put.days_after for put in process.inputs), default=0)
        first = min(interval.days.first for interval in intervals)
        last = max(interval.days.last for interval in intervals)
        reach = DateSpan(first, last).widened(before, after)
        for file in {file.id: file for file in files}.values():
            self._add(file, reach)

    def _add(self, file: CandidateFile, reach: DateSpan) -> None:
        days = self._by_day.get(file.product_id)
        if days is None:
            return
        if not self._by_overlap:
            days[file.utc_file_date].append(file)
            return
        day, last = max(file.start.date(), reach.first), min(file.stop.date(), reach.last)
        while day <= last:
            days[day].append(file)
            day += DAY

    def groups(self, interval: OutputInterval) -> Iterator[Group]:
        """What can be made for `interval`; at least one group, which may have a hole."""
        if self._process.timebase is not Timebase.FILE or not self._process.inputs:
            yield self._whole(interval)
            return
        day = interval.utc_date
        names = self._names_of(day)
        if not names:
            yield self._hole(_empty(interval), interval)
            return
        for interval_key, keywords in sorted(names):
            yield self._of_files(interval, interval_key, keywords)

    def _of_day(self, put: PlanInput, day: date) -> list[CandidateFile]:
        return self._by_day[put.product_id].get(day, [])

    def _window(self, put: PlanInput, interval: OutputInterval) -> list[CandidateFile]:
        """The files of an input in its window of days, each once; none of one valid for a time."""
        if put.latest_valid:
            return []
        return self._touching(put, interval, put.days_before * DAY, put.days_after * DAY)

    def _touching(
        self,
        put: PlanInput,
        interval: OutputInterval,
        before: timedelta = NO_TIME,
        after: timedelta = NO_TIME,
    ) -> list[CandidateFile]:
        """The files of an input that are in an interval so widened, each once."""
        start, stop = interval.start - before, interval.stop + after
        first, last = start.date(), stop.date()
        if first == last and self._process.timebase is not Timebase.ORBIT:
            return self._of_day(put, first)
        days = DateSpan(first, last).days()
        found = {f.id: f for day in days for f in self._of_day(put, day)}
        if not self._by_overlap:
            return list(found.values())
        return [f for f in found.values() if f.start <= stop and f.stop >= start]

    def _whole(self, interval: OutputInterval) -> Group:
        group = _empty(interval)
        near = {put.product_id: self._window(put, interval) for put in self._process.inputs}
        return self._filled(group, self._with_far(group, near), interval)

    def _with_far(
        self, group: Group, near: dict[int, list[CandidateFile]], keywords: str | None = None
    ) -> dict[int, list[CandidateFile]]:
        """What a group reads: `near`, and what its inputs take from afar, by version, then time.

        With `keywords` a file from afar has them, or none where it is valid for a time.
        """
        chosen = {}
        for put in self._process.inputs:
            files = near[put.product_id]
            if put.latest_valid:
                files = self._far[put.product_id].valid_at(group.start, keywords)
            elif put.in_files:
                files = files + self._far[put.product_id].around(put, group.start, files, keywords)
            chosen[put.product_id] = (
                files if len(files) < 2 else sorted(files, key=_command_line_order)
            )
        return chosen

    def _names_of(self, day: date) -> set[tuple[str, str]]:
        """Interval keys and keywords of the hard, or else the soft, input files of `day`.

        What is valid for a time names none.

        Where one of these products has several files a day, those alone name the groups.
        """
        for kind in (InputKind.HARD, InputKind.SOFT):
            puts = [p for p in self._process.inputs if p.kind is kind and not p.latest_valid]
            if not puts:
                continue
            several = [put for put in puts if put.several_per_day]
            return {
                (file.interval_key, file.keywords)
                for put in several or puts
                for file in self._of_day(put, day)
            }
        return set()

    def _of_files(self, interval: OutputInterval, interval_key: str, keywords: str) -> Group:
        day = interval.utc_date
        chosen = {}
        own: list[CandidateFile] = []
        for put in self._process.inputs:
            files = [f for f in self._window(put, interval) if f.keywords == keywords]
            if put.several_per_day:
                files = [
                    f for f in files if f.utc_file_date != day or f.interval_key == interval_key
                ]
            chosen[put.product_id] = files
            if put.triggers:
                own += [f for f in files if f.utc_file_date == day]
        start = min((f.start for f in own), default=interval.start)
        stop = max((f.stop for f in own), default=interval.stop)
        group = Group(interval_key, day, start, stop, keywords)
        return self._filled(group, self._with_far(group, chosen, keywords), interval)

    def _filled(
        self, group: Group, chosen: dict[int, list[CandidateFile]], interval: OutputInterval
    ) -> Group:
        puts = self._process.inputs
        for put in puts:
            if put.kind is InputKind.HARD and not chosen[put.product_id]:
                return self._without(group, put, interval)
        triggers = [put for put in puts if put.starts]
        if triggers and not any(chosen[put.product_id] for put in triggers):
            return self._hole(group, interval)
        # An output's own interval must be touched by what triggers it (spec 5.2): the window
        # alone, yesterday's file, makes no product of today.
        if triggers and not any(self._touching(put, interval) for put in triggers):
            return self._hole(group, interval)
        inputs = tuple(file for put in puts for file in chosen[put.product_id])
        return replace(group, inputs=inputs)

    def _without(self, group: Group, put: PlanInput, interval: OutputInterval) -> Group:
        if put.latest_valid:
            hole = f"needs {put.product} that is valid at {group.start:%Y-%m-%d %H:%M:%S} UTC: none"
            return replace(group, hole=hole)
        window = _named(interval, put.days_before, put.days_after)
        words = f" with keywords {group.keywords}" if group.keywords else ""
        return replace(group, hole=f"needs {put.product} of {window}{words}: none",
                       missing=put.product)  # fmt: skip

    def _hole(self, group: Group, interval: OutputInterval) -> Group:
        starting = [put for put in self._process.inputs if put.starts]
        hard = [put for put in starting if put.kind is InputKind.HARD]
        triggers = hard or starting
        if not triggers:
            return replace(group, hole="has no input that triggers it: it is made by hand only")
        names = (" and " if hard else " or ").join(put.product for put in triggers)
        first = next((p for p in triggers if not self._touching(p, interval)), triggers[0])
        return replace(
            group, hole=f"needs {names} of {_named(interval)}: none", missing=first.product
        )


def _empty(interval: OutputInterval) -> Group:
    return Group(interval.key, interval.utc_date, interval.start, interval.stop, "")


def _named(interval: OutputInterval, before: int = 0, after: int = 0) -> str:
    """An interval, or its window in days, as a reason names it."""
    if before or after:
        return str(interval.days.widened(before, after))
    return interval.key


def _command_line_order(file: CandidateFile) -> tuple[int, int, int, datetime, int]:
    version = file.version
    return version.interface, version.quality, version.revision, file.start, file.id
