"""Which files an output is made from (spec dbprocessing 5.3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from headwater.catalog.queries.planning import CandidateFile
from headwater.core.interval import DAY, DateSpan, day_start, day_stop
from headwater.core.states import InputKind, Timebase
from headwater.processing.plan_state import PlanInput, PlanProcess


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
    """The files around some dates, found again by day.

    DAILY counts a file for each day that its time touches, FILE and RUN for its file date.
    """

    def __init__(
        self, process: PlanProcess, dates: Sequence[date], files: Sequence[CandidateFile]
    ) -> None:
        self._process = process
        self._by_day: dict[int, dict[date, list[CandidateFile]]] = {
            put.product_id: defaultdict(list) for put in process.inputs
        }
        self._by_overlap = process.timebase is Timebase.DAILY
        if not dates:
            return
        before = max((put.days_before for put in process.inputs), default=0)
        after = max((put.days_after for put in process.inputs), default=0)
        reach = DateSpan(min(dates), max(dates)).widened(before, after)
        for file in files:
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

    def groups(self, day: date) -> Iterator[Group]:
        """What can be made for `day`; at least one group, which may have a hole."""
        if self._process.timebase is not Timebase.FILE or not self._process.inputs:
            yield self._whole_day(day)
            return
        names = self._names_of(day)
        if not names:
            yield self._hole(Group(day.isoformat(), day, day_start(day), day_stop(day), ""))
            return
        for interval_key, keywords in sorted(names):
            yield self._of_files(day, interval_key, keywords)

    def _of_day(self, put: PlanInput, day: date) -> list[CandidateFile]:
        return self._by_day[put.product_id].get(day, [])

    def _window(self, put: PlanInput, day: date) -> list[CandidateFile]:
        """The files of an input in its window, by version, then time, each once."""
        if not put.days_before and not put.days_after:
            found = self._of_day(put, day)
        else:
            window = DateSpan(day, day).widened(put.days_before, put.days_after)
            one_each = {f.id: f for each in window.days() for f in self._of_day(put, each)}
            found = list(one_each.values())
        return found if len(found) < 2 else sorted(found, key=_command_line_order)

    def _whole_day(self, day: date) -> Group:
        group = Group(day.isoformat(), day, day_start(day), day_stop(day), "")
        chosen = {put.product_id: self._window(put, day) for put in self._process.inputs}
        return self._filled(group, chosen)

    def _names_of(self, day: date) -> set[tuple[str, str]]:
        """Interval keys and keywords of the hard, or else the soft, input files of `day`.

        Where one of these products has several files a day, those alone name the groups.
        """
        for kind in (InputKind.HARD, InputKind.SOFT):
            puts = [put for put in self._process.inputs if put.kind is kind]
            if not puts:
                continue
            several = [put for put in puts if put.several_per_day]
            return {
                (file.interval_key, file.keywords)
                for put in several or puts
                for file in self._of_day(put, day)
            }
        return set()

    def _of_files(self, day: date, interval_key: str, keywords: str) -> Group:
        chosen = {}
        own: list[CandidateFile] = []
        for put in self._process.inputs:
            files = [f for f in self._window(put, day) if f.keywords == keywords]
            if put.several_per_day:
                files = [
                    f for f in files if f.utc_file_date != day or f.interval_key == interval_key
                ]
            chosen[put.product_id] = files
            if put.triggers:
                own += [f for f in files if f.utc_file_date == day]
        start = min((f.start for f in own), default=day_start(day))
        stop = max((f.stop for f in own), default=day_stop(day))
        group = Group(interval_key, day, start, stop, keywords)
        return self._filled(group, chosen)

    def _filled(self, group: Group, chosen: dict[int, list[CandidateFile]]) -> Group:
        puts = self._process.inputs
        for put in puts:
            if put.kind is InputKind.HARD and not chosen[put.product_id]:
                return self._without(group, put)
        triggers = [put for put in puts if put.triggers]
        if triggers and not any(chosen[put.product_id] for put in triggers):
            return self._hole(group)
        # An output's own day must be touched by what triggers it (spec 5.2): the window alone,
        # yesterday's file, makes no product of today.
        if triggers and not any(self._of_day(put, group.utc_date) for put in triggers):
            return self._hole(group)
        inputs = tuple(file for put in puts for file in chosen[put.product_id])
        return Group(
            group.interval_key,
            group.utc_date,
            group.start,
            group.stop,
            group.keywords,
            inputs,
        )

    def _without(self, group: Group, put: PlanInput) -> Group:
        window = DateSpan(group.utc_date, group.utc_date).widened(put.days_before, put.days_after)
        words = f" with keywords {group.keywords}" if group.keywords else ""
        return _with_hole(group, f"needs {put.product} of {window}{words}: none", put.product)

    def _hole(self, group: Group) -> Group:
        hard = [put for put in self._process.inputs if put.kind is InputKind.HARD]
        triggers = hard or [put for put in self._process.inputs if put.triggers]
        if not triggers:
            return _with_hole(group, "has no input that triggers it: it is made by hand only", None)
        names = (" and " if hard else " or ").join(put.product for put in triggers)
        first = next((p for p in triggers if not self._of_day(p, group.utc_date)), triggers[0])
        return _with_hole(group, f"needs {names} of {group.utc_date}: none", first.product)


def _with_hole(group: Group, hole: str, missing: str | None) -> Group:
    return Group(
        group.interval_key,
        group.utc_date,
        group.start,
        group.stop,
        group.keywords,
        hole=hole,
        missing=missing,
    )


def _command_line_order(file: CandidateFile) -> tuple[int, int, int, datetime, int]:
    version = file.version
    return version.interface, version.quality, version.revision, file.start, file.id
