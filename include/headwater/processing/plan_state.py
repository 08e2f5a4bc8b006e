"""What the plan is made from and what it says: plain data, no database.

The word *group* stands for what one build covers: an interval key and keywords.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from headwater.catalog.queries.input_files import CandidateFile
from headwater.catalog.queries.planning import (
    KnownBuild,
    NewestOutput,
    UpstreamWork,
)
from headwater.core.output_interval import Orbit, OutputInterval, intervals_on
from headwater.core.states import InputKind, Timebase
from headwater.core.version import Bump, Version


@dataclass(frozen=True, slots=True)
class PlanInput:
    """A product that the process reads; the window is around the output's interval."""

    product_id: int
    product: str
    kind: InputKind
    days_before: int
    days_after: int
    position: int
    several_per_day: bool = False
    files_before: int = 0
    files_after: int = 0
    latest_valid: bool = False

    @property
    def triggers(self) -> bool:
        """Whether a change of it re-makes the output."""
        return self.kind is not InputKind.NO_TRIGGER

    @property
    def starts(self) -> bool:
        """Whether a file of it makes an output of its interval, where there is none yet."""
        return self.triggers and not self.latest_valid

    @property
    def in_files(self) -> bool:
        """Whether its window is counted in files too."""
        return bool(self.files_before or self.files_after)


@dataclass(frozen=True, slots=True)
class PlanOutput:
    """A product that the process makes."""

    product_id: int
    product: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class PlanCode:
    """One version of the process's executable; both dates are included."""

    id: int
    filename: str
    version: Version
    output_interface: int
    start_date: date
    stop_date: date
    usable: bool
    """Active and the newest version (spec dbprocessing 1)."""


@dataclass(frozen=True, slots=True)
class PlanUpstream:
    """An upstream process: its name, and how far its dates reach into an output's date."""

    process: str
    days_before: int
    days_after: int
    timebase: Timebase = Timebase.DAILY


@dataclass(frozen=True, slots=True)
class PlanProcess:
    """The process to plan for. `upstream` is by process id, over any number of levels.

    `satellite_id` is that of its first output, whose orbits count.
    """

    id: int
    name: str
    timebase: Timebase
    inputs: tuple[PlanInput, ...]
    outputs: tuple[PlanOutput, ...]
    codes: tuple[PlanCode, ...]
    upstream: dict[int, PlanUpstream] = field(default_factory=dict)
    wait_for_end: bool = False
    satellite_id: int | None = None


@dataclass(frozen=True, slots=True)
class PlanState:
    """The catalog's state around some dates of one process.

    The intervals that touch `dates` are planned; `orbits` are those of timebase ORBIT. `now` is
    the database's clock, UTC. `forced` makes every build of the dates anew and grows that
    component of its version. With `by_hand` a process without inputs is made too.
    """

    process: PlanProcess
    dates: Sequence[date]
    files: Sequence[CandidateFile]
    outputs: Sequence[NewestOutput]
    builds: Sequence[KnownBuild]
    upstream: Sequence[UpstreamWork]
    now: datetime
    automatic_attempts: int = 2
    max_wait_seconds: float = 21600.0
    forced: Bump | None = None
    by_hand: bool = False
    orbits: Sequence[Orbit] = ()

    @property
    def intervals(self) -> list[OutputInterval]:
        """The intervals that touch the dates, in the order of their starts."""
        return intervals_on(self.process.timebase, self.dates, self.orbits)

    @property
    def lone_dates(self) -> list[date]:
        """The dates that no interval touches: those of no known orbit."""
        if self.process.timebase is not Timebase.ORBIT:
            return []
        covered = {day for interval in self.intervals for day in interval.days.days()}
        return [day for day in self.dates if day not in covered]


class Action(StrEnum):
    """What the plan says of a build."""

    MAKE = "make"
    WAIT = "wait"
    NOTHING = "nothing"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class ProposedBuild:
    """One build that the plan thought about, with its reason.

    `input_file_ids` are in the order of the command line. `fingerprint` is of the code and the
    inputs that trigger. `build_id` is the open row that stands for it already, if any;
    `look_again` asks for another plan of the date when that row's run ends. `missing` names the
    input product that is not there.
    """

    interval_key: str
    utc_date: date
    start: datetime
    stop: datetime
    keywords: str
    action: Action
    reason: str
    input_file_ids: tuple[int, ...] = ()
    code_id: int | None = None
    version: Version | None = None
    fingerprint: str | None = None
    forced: int | None = None
    build_id: int | None = None
    look_again: bool = False
    missing: str | None = None
    waiting_for: str | None = None
    not_before: datetime | None = None
