"""The plan of a campaign: what it would make and why, how much that is, whom it concerns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import campaign_weight
from headwater.catalog.queries.campaign_dates import campaign_dates
from headwater.catalog.queries.campaign_weight import OtherCampaign, Usual
from headwater.catalog.queries.campaigns import CampaignRow
from headwater.core.states import CampaignState, Timebase
from headwater.core.version import Bump
from headwater.missions.loaded import LoadedMission, LoadedProcess
from headwater.processing.campaigns import campaign
from headwater.processing.plan import plan_beside_outputs
from headwater.processing.plan_state import Action, ProposedBuild
from headwater.processing.planner import DATES_AT_ONCE, Plan
from headwater.processing.process_facts import plan_process
from headwater.processing.state_reading import read_state

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many intervals of a process have the same lot; reasons are alike but for numbers.

    `reason` is that of the first of them. `action` is that of the plan, or ``other campaign``.
    """

    process: str
    action: str
    builds: int
    reason: str


@dataclass(frozen=True, slots=True)
class ProcessWork:
    """What a campaign would make of one process.

    `seconds` is the time of all its codes one after the other, none where it is not known yet.
    """

    process: str
    dates: int
    builds: int
    input_bytes: int
    output_bytes: int | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class CampaignSummary:
    """What a person must know to approve a campaign.

    `seconds` is the wall time with all of the mission's slots at work on it; none if the time of
    no code is known. `released` counts the files of each release that would have a newer version.
    """

    number: int
    mission: str
    state: CampaignState
    reason: str
    forced: Bump | None
    throttle: int | None
    first: date
    last: date
    dates: int
    needs_approval: bool
    work: tuple[ProcessWork, ...]
    reasons: tuple[ReasonCount, ...]
    released: Mapping[str, int]
    others: tuple[OtherCampaign, ...]
    seconds: float | None

    @property
    def builds(self) -> int:
        """How many builds it would make."""
        return sum(one.builds for one in self.work)

    @property
    def input_bytes(self) -> int:
        """The bytes that all its builds would read."""
        return sum(one.input_bytes for one in self.work)

    @property
    def output_bytes(self) -> int:
        """The bytes that they would write, as far as it is known."""
        return sum(one.output_bytes or 0 for one in self.work)


@dataclass(slots=True)
class _Gathered:
    """What the plan says of one process, taken together."""

    process: LoadedProcess
    dates: int
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], str] = field(default_factory=dict)
    builds: int = 0
    inputs: Counter[int] = field(default_factory=Counter)
    outputs: set[int] = field(default_factory=set)

    def add(self, action: str, reason: str) -> None:
        kind = action, _NUMBER.sub("#", reason)
        self.counts[kind] += 1
        self.examples.setdefault(kind, reason)

    def reasons(self) -> Iterator[ReasonCount]:
        for kind, number in self.counts.most_common():
            yield ReasonCount(self.process.name, kind[0], number, self.examples[kind])


def campaign_plan(catalog: Catalog, mission: LoadedMission, number: int) -> list[Plan]:
    """What a campaign would make and why, and what not, process by process; changes nothing.

    Raises
    ------
    NotFoundError
        If the mission has no such campaign.
    """
    with catalog.read() as connection:
        row = campaign(connection, mission, number)
        return [
            Plan(
                process.name,
                tuple(days),
                tuple(entry for entry, _ in _entries(connection, mission, process, days, row)),
            )
            for process, days in _processes(connection, mission, number)
        ]


def campaign_summary(
    catalog: Catalog | Connection, mission: LoadedMission, number: int
) -> CampaignSummary:
    """What a campaign would make, how much that is, and whom it concerns; changes nothing.

    Raises
    ------
    NotFoundError
        If the mission has no such campaign.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    if isinstance(catalog, Catalog):
        with catalog.read() as connection:
            return campaign_summary(connection, mission, number)
    row = campaign(catalog, mission, number)
    processes = _processes(catalog, mission, number)
    gathered = [_gathered(catalog, mission, process, days, row) for process, days in processes]
    usual = campaign_weight.usual(catalog, [process.id for process, _ in processes])
    sizes = campaign_weight.file_sizes(catalog, (n for one in gathered for n in one.inputs))
    work = tuple(_work(one, usual[one.process.id], sizes) for one in gathered)
    released = campaign_weight.released(catalog, (n for one in gathered for n in one.outputs))
    others = campaign_weight.other_campaigns(catalog, number)
    return CampaignSummary(
        number,
        mission.name,
        row.state,
        row.reason,
        None if row.forced is None else Bump(row.forced),
        row.throttle,
        min(days[0] for _, days in processes),
        max(days[-1] for _, days in processes),
        row.dates,
        row.dates > mission.settings.campaign_limit,
        work,
        tuple(reason for one in gathered for reason in one.reasons()),
        released,
        tuple(others),
        wall_seconds(mission, [one.seconds for one in work], row.throttle),
    )


def wall_seconds(
    mission: LoadedMission, seconds: Sequence[float | None], throttle: int | None = None
) -> float | None:
    """How long work takes with all slots of the mission, or those that a throttle leaves."""
    known = [one for one in seconds if one is not None]
    slots = min(mission.settings.cpu_slots, throttle or mission.settings.cpu_slots)
    return sum(known) / slots if known else None


def _processes(
    connection: Connection, mission: LoadedMission, number: int
) -> list[tuple[LoadedProcess, list[date]]]:
    dates = campaign_dates(connection, number)
    return [
        (process, dates[process.id]) for process in mission.process_order() if process.id in dates
    ]


def _entries(
    connection: Connection,
    mission: LoadedMission,
    process: LoadedProcess,
    days: Sequence[date],
    row: CampaignRow,
) -> Iterator[tuple[ProposedBuild, set[int]]]:
    """What the plan says, piece by piece, each with the newest files that it would replace."""
    always = Bump.REVISION if process.timebase is Timebase.RUN else None
    forced = always if row.forced is None else Bump(row.forced)
    facts = plan_process(mission, process)
    seen: set[tuple[str, str]] = set()
    for start in range(0, len(days), DATES_AT_ONCE):
        piece = days[start : start + DATES_AT_ONCE]
        state = read_state(
            connection, mission, facts, piece, forced=forced, by_hand=forced is not None
        )
        for entry, outputs in plan_beside_outputs(state):
            if (entry.interval_key, entry.keywords) not in seen:  # an interval of two pieces
                seen.add((entry.interval_key, entry.keywords))
                yield entry, {output.id for output in outputs.values()}


def _gathered(
    connection: Connection,
    mission: LoadedMission,
    process: LoadedProcess,
    days: Sequence[date],
    row: CampaignRow,
) -> _Gathered:
    found = _Gathered(process, len(days))
    entries = list(_entries(connection, mission, process, days, row))
    known = [entry.build_id for entry, _ in entries if entry.build_id is not None]
    theirs = campaign_weight.theirs(connection, row.id, known)
    for entry, outputs in entries:
        other = None if entry.build_id is None else theirs.get(entry.build_id)
        if other is not None:
            found.add("other campaign", f"campaign {other} has it: {entry.reason}")
            continue
        found.add(entry.action.value, entry.reason)
        if entry.action in (Action.MAKE, Action.WAIT):
            found.builds += 1
            found.inputs.update(entry.input_file_ids)
            found.outputs |= outputs
    return found


def _work(one: _Gathered, usual: Usual, sizes: Mapping[int, int]) -> ProcessWork:
    known = usual.bytes is not None
    return ProcessWork(
        one.process.name,
        one.dates,
        one.builds,
        sum(sizes.get(number, 0) * times for number, times in one.inputs.items()),
        round(one.builds * (usual.bytes or 0)) if known or not one.builds else None,
        None if usual.seconds is None else one.builds * usual.seconds,
    )
