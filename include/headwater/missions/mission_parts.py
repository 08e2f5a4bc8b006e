"""The parts of a mission as they are used at run time; nothing in them changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from headwater.core.states import FoundBy, InputKind, Timebase
from headwater.core.version import Version
from headwater.missions.expected_data import ExpectedDefinition


@dataclass(frozen=True, slots=True)
class LoadedInspector:
    """The inspector of a product; `relative_path` is below the mission's inspectordir."""

    id: int
    filename: str
    relative_path: str
    version: Version
    arguments: str | None
    description: str
    output_interface: int
    active: bool
    newest_version: bool
    date_written: date

    @property
    def path(self) -> str:
        """Its file, absolute or below the mission's inspectordir."""
        return str(Path(self.relative_path, self.filename))


@dataclass(frozen=True, slots=True)
class LoadedProduct:
    """A class of files."""

    id: int
    name: str
    level: float
    relative_path: str
    format: str
    description: str | None
    several_per_day: bool
    instrument_id: int
    instrument: str
    satellite_id: int
    satellite: str
    inspector: LoadedInspector
    expected: ExpectedDefinition | None = None
    """When the mission file says that its files are expected; none if it does not say."""


@dataclass(frozen=True, slots=True)
class LoadedInput:
    """A product that a process reads, and its window in days and in files."""

    product_id: int
    kind: InputKind
    days_before: int
    days_after: int
    position: int
    files_before: int = 0
    files_after: int = 0
    latest_valid: bool = False


@dataclass(frozen=True, slots=True)
class LoadedOutput:
    """A product that a process makes."""

    product_id: int
    required: bool
    position: int
    found_by: FoundBy = FoundBy.NAME


@dataclass(frozen=True, slots=True)
class LoadedCode:
    """One version of the executable of a process; `start_date` and `stop_date` are included."""

    id: int
    filename: str
    relative_path: str
    description: str
    version: Version
    output_interface: int
    start_date: date
    stop_date: date
    active: bool
    newest_version: bool
    date_written: date
    arguments: str | None
    cpu: int
    ram: float | None

    @property
    def in_use(self) -> bool:
        """Whether it is used at all (spec dbprocessing 5.4, step 1)."""
        return self.active and self.newest_version

    def covers(self, day: date) -> bool:
        """Whether it is used for outputs of `day`."""
        return self.in_use and self.start_date <= day <= self.stop_date


@dataclass(frozen=True, slots=True)
class LoadedProcess:
    """What makes products from products."""

    id: int
    name: str
    slug: str
    timebase: Timebase
    extra_params: str | None
    inputs: tuple[LoadedInput, ...]
    outputs: tuple[LoadedOutput, ...]
    codes: tuple[LoadedCode, ...]
    wait_for_end: bool = False

    def codes_for(self, day: date) -> tuple[LoadedCode, ...]:
        """The codes that make its outputs of `day`; more than one is a fault of the mission."""
        return tuple(code for code in self.codes if code.covers(day))
