"""What a build that is needed waits for: the end of its interval, upstream work (DESIGN 6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from headwater.catalog.queries.planning import TO_BE_PLANNED, KnownBuild, UpstreamWork
from headwater.core.interval import LAST_MICROSECOND, DateSpan
from headwater.core.output_interval import calendar_interval
from headwater.processing.plan_state import Action, PlanState, ProposedBuild


class Waits:
    """What the builds of one plan may have to wait for; upstream work, found again by day."""

    def __init__(self, state: PlanState) -> None:
        self._state = state
        self._process = state.process
        self._upstream: dict[date, list[UpstreamWork]] = {}
        for work in state.upstream:
            for day in self._days_of(work).days():
                self._upstream.setdefault(day, []).append(work)

    def _days_of(self, work: UpstreamWork) -> DateSpan:
        """The days that the outcome of upstream work covers.

        A date to look at stands for its whole interval; that of an orbit for the day alone, since
        the orbits of another satellite may be meant.
        """
        up = self._process.upstream.get(work.process_id)
        if up is not None and work.state == TO_BE_PLANNED:
            return calendar_interval(up.timebase, work.utc_date).days
        return DateSpan(work.utc_date, work.last or work.utc_date)

    def applied(self, entry: ProposedBuild, build: KnownBuild | None) -> ProposedBuild:
        """`entry`, which is to be made, or the wait that comes first; `build` is its open row."""
        return self._for_its_end(entry) or self._for_upstream(entry, build)

    def _for_its_end(self, entry: ProposedBuild) -> ProposedBuild | None:
        """The wait for the end of the interval, where the process asks for it and nobody forces."""
        if not self._process.wait_for_end or entry.forced is not None:
            return None
        if self._state.now > entry.stop:
            return None
        end = entry.stop + LAST_MICROSECOND
        return replace(
            entry,
            action=Action.WAIT,
            reason=f"its interval ends {end:%Y-%m-%d %H:%M:%S} UTC",
            not_before=end,
        )

    def _for_upstream(self, entry: ProposedBuild, build: KnownBuild | None) -> ProposedBuild:
        waiting_for = self._upstream_of(entry)
        if waiting_for is None:
            return entry
        since = self._state.now if build is None else build.created_at
        if self._process.wait_for_end:
            since = max(since, entry.stop)
        limit = since + timedelta(seconds=self._state.max_wait_seconds)
        if self._state.now >= limit:
            hours = self._state.max_wait_seconds / 3600
            return replace(
                entry, reason=f"{entry.reason}; made without waiting longer than {hours:g} h"
            )
        return replace(
            entry,
            action=Action.WAIT,
            reason=f"waits for {waiting_for}",
            waiting_for=waiting_for,
            not_before=limit,
        )

    def _upstream_of(self, entry: ProposedBuild) -> str | None:
        """The first upstream work whose outcome may be an input of a build."""
        if not self._upstream:
            return None
        by_date = self._process.timebase.by_date
        own = DateSpan(entry.utc_date, entry.utc_date if by_date else entry.stop.date())
        reach = self._process.upstream
        before = max((up.days_before for up in reach.values()), default=0)
        after = max((up.days_after for up in reach.values()), default=0)
        for day in own.widened(before, after).days():
            for work in self._upstream.get(day, ()):
                up = reach.get(work.process_id)
                if up is not None and day in own.widened(up.days_before, up.days_after):
                    return f"{up.process} of {work.utc_date} ({work.state})"
        return None
