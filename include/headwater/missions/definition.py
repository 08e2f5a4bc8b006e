"""A mission as its files define it: the form of the YAML file, and what a ``.conf`` becomes.

Keys of dbprocessing's config carry the same meaning (spec dbprocessing 2). All dates are UTC.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    WithJsonSchema,
    model_validator,
)

from headwater.core.states import FoundBy, InputKind, Timebase
from headwater.core.version import Version
from headwater.missions.expected_data import ExpectedOrWord
from headwater.missions.part import Part
from headwater.missions.problems import Places
from headwater.missions.value_kinds import Day, PathText

_LARGEST = 32767  # the catalog's small integers
EARLIEST = date(1970, 1, 1)
LATEST = date(2049, 12, 31)


def _version_text(value: object) -> str:
    version = Version.parse(str(value))
    if max(version.interface, version.quality, version.revision) > _LARGEST:
        raise ValueError(f"a component of version {version} is above {_LARGEST}")
    return str(version)


def _name(value: str) -> str:
    if not value or value != value.strip() or not value.isprintable() or "/" in value:
        raise ValueError(
            "expected a name: printable characters, no '/', no blank at either end, not empty"
        )
    return value


def _none_if_empty(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


VersionText = Annotated[
    str,
    BeforeValidator(_version_text),
    WithJsonSchema({"type": "string", "pattern": r"^[1-9]\d*\.\d+\.\d+$", "examples": ["1.0.0"]}),
]
Name = Annotated[str, AfterValidator(_name), Field(min_length=1, max_length=200)]
OptionalText = Annotated[str | None, BeforeValidator(_none_if_empty)]
OptionalPath = Annotated[PathText | None, BeforeValidator(_none_if_empty)]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Interface = Annotated[int, Field(ge=1, le=_LARGEST)]


class MissionSettings(Part):
    """How a mission is run; each has a default that suits a small one."""

    settle_seconds: float = Field(default=1.0, ge=0)
    """An arrival is taken when it has not changed for so long."""
    smallest_size_bytes: int = Field(default=0, ge=0)
    """Smaller arrivals are quarantined."""
    code_time_limit_seconds: float = Field(default=3600, gt=0)
    """A code that runs longer is killed, and its build has failed."""
    inspector_time_limit_seconds: float = Field(default=60, gt=0)
    """The same for the inspection of one file."""
    automatic_attempts: int = Field(default=2, ge=1, le=100)
    """How often a build is started with the same inputs and code before it is held."""
    retry_delay_seconds: float = Field(default=300, ge=0)
    """The wait before the second attempt."""
    max_wait_seconds: float = Field(default=21600, ge=0)
    """How long an output waits for inputs that are about to be made again."""
    campaign_limit: int = Field(default=1000, ge=0)
    """A campaign of at most so many dates runs without a person's approval."""
    campaign_throttle: int | None = Field(default=None, ge=1, le=_LARGEST)
    """How many builds of one campaign may be claimable or running at a time; none: no limit."""
    cpu_slots: int = Field(default=2, ge=1, le=_LARGEST)
    """How many codes of the mission run at once: the size of its pool ``<mission>.cpu``."""
    scan_seconds: float = Field(default=1.0, gt=0)
    """The time between two looks at an incoming folder that cannot be watched."""
    clock_minutes: int = Field(default=5, ge=1)
    """The time between two runs of the clock of ``<mission>.incoming``."""
    environment: dict[VariableName, str] = Field(default_factory=dict)
    """Variables for the codes; nothing secret belongs here."""
    audit_hour: int | None = Field(default=3, ge=0, le=23)
    """The hour (UTC) at which ``<mission>.audit`` runs each night; none: only by hand."""
    audit_repair: bool = False
    """Whether the nightly audit also repairs what it finds."""
    audit_scrub_megabytes_per_second: float = Field(default=20, gt=0)
    """How fast the nightly audit reads the bytes of files again."""
    audit_scrub_gigabytes: float = Field(default=50, ge=0)
    """How much it reads a night, what was not read for longest first; 0: nothing."""
    audit_ignore: list[PathText] = Field(default_factory=list)
    """Patterns (``*`` and ``?``) of paths below `rootdir` that no audit asks a row for."""
    orbit_product: OptionalText = None
    """The name of a product whose files are tables of orbits (CSV: orbit, start, stop)."""


class MissionPart(Part):
    """The mission and its folders."""

    name: Name
    rootdir: PathText = Field(default=".", min_length=1)
    """The base of all data paths; relative to the folder of the mission file."""
    incoming_dir: PathText = Field(default="incoming", min_length=1)
    """Where files arrive; like the folders below relative to `rootdir`."""
    codedir: OptionalPath = None
    """Where codes lie; `rootdir` if absent."""
    inspectordir: OptionalPath = None
    """Where inspectors lie; `codedir` if absent."""
    errordir: OptionalPath = None
    """Where arrivals and outputs that cannot be used are kept; ``errors`` in `codedir` if absent"""
    qa_dir: OptionalText = None
    """Where files with checks of quality lie, below `rootdir`; if absent, there are none."""
    settings: MissionSettings | None = None
    """If absent, a mission that is in the catalog keeps its settings."""


class SatellitePart(Part):
    """The satellite of the products of the file."""

    name: Name


class InstrumentPart(Part):
    """The instrument of the products of the file."""

    name: Name


class InspectorDefinition(Part):
    """The plug-in that says whether a file is of the product."""

    filename: PathText = Field(min_length=1)
    relative_path: PathText = ""
    """Below the mission's `inspectordir`."""
    version: VersionText = "1.0.0"
    arguments: OptionalText = None
    """``key=value key=value``"""
    description: str = ""
    output_interface: Interface = 1
    active: bool = True
    """Only active inspectors are asked."""
    newest_version: bool = True
    date_written: Day = EARLIEST


class ProductDefinition(Part):
    """A class of files."""

    name: Name
    level: float
    relative_path: PathText = ""
    """The folder below `rootdir`; may hold fields of date and version."""
    format: PathText = Field(min_length=1)
    """The template of the file names."""
    description: OptionalText = None
    several_per_day: bool = False
    """Whether one day may have several files, told apart by their start times."""
    expected: ExpectedOrWord = None
    """When files are expected; if absent, a product that is made is expected where its required
    inputs are, and any other each day from its first file on."""
    inspector: InspectorDefinition


class InputDefinition(Part):
    """A product that a process reads."""

    product: str = Field(min_length=1)
    """The key of a product of this file, or the name of a product of the mission."""
    kind: InputKind = InputKind.HARD
    """``hard`` is needed, ``soft`` taken when there; a change of ``no_trigger`` makes nothing."""
    days_before: int = Field(default=0, ge=0, le=3660)
    """By how many days the window begins before the interval of the output."""
    days_after: int = Field(default=0, ge=0, le=3660)
    files_before: int = Field(default=0, ge=0, le=1000)
    """How many of the nearest files before the interval are read, besides those in it."""
    files_after: int = Field(default=0, ge=0, le=1000)
    latest_valid: bool = False
    """Whether a file is valid from its start to its stop, as a calibration is, and the one with
    the latest start is read of those that are valid at the start of the interval."""

    @model_validator(mode="after")
    def _one_kind_of_window(self) -> Self:
        windows = (self.days_before, self.days_after, self.files_before, self.files_after)
        if self.latest_valid and any(windows):
            raise ValueError(
                "an input with latest_valid has no window: leave out days_before, days_after, "
                "files_before and files_after"
            )
        return self


class OutputDefinition(Part):
    """A product that a process makes."""

    product: str = Field(min_length=1)
    required: bool = True
    """Whether a run without it has failed."""
    found_by: FoundBy = FoundBy.NAME
    """``name``: the code is given its name; ``inspector``: the code names it, and the inspector
    of the product finds it in the work directory or below."""


def _as_product(value: object) -> object:
    return {"product": value} if isinstance(value, str) else value


InputOrName = Annotated[
    InputDefinition, BeforeValidator(_as_product, json_schema_input_type=str | InputDefinition)
]
OutputOrName = Annotated[
    OutputDefinition, BeforeValidator(_as_product, json_schema_input_type=str | OutputDefinition)
]


class CodeDefinition(Part):
    """One version of the executable that does a process."""

    filename: PathText = Field(min_length=1)
    """May hold ``{CODEVERSION}``, like `relative_path`."""
    relative_path: PathText = ""
    """Below the mission's `codedir`."""
    version: VersionText = "1.0.0"
    output_interface: Interface = 1
    """The interface version of the files that it makes."""
    arguments: OptionalText = None
    """Items of the command line, separated by blanks."""
    description: str = ""
    start_date: Day = EARLIEST
    """The first date of outputs for which it is used."""
    stop_date: Day = LATEST
    """The last such date."""
    active: bool = True
    newest_version: bool = True
    """Used only when it is both active and the newest version."""
    date_written: Day = EARLIEST
    cpu: int = Field(default=1, ge=0, le=_LARGEST)
    """Cores that one run takes."""
    ram: float | None = Field(default=None, ge=0)
    """Gigabytes that one run takes."""

    @model_validator(mode="after")
    def _dates_in_order(self) -> Self:
        if self.start_date > self.stop_date:
            raise ValueError(
                f"start_date {self.start_date} is after stop_date {self.stop_date}: "
                "expected the first and the last date of its outputs"
            )
        return self

    @property
    def in_use(self) -> bool:
        """Whether it is used at all (spec dbprocessing 5.4, step 1)."""
        return self.active and self.newest_version


class ProcessDefinition(Part):
    """What makes products from products."""

    name: Name
    timebase: Annotated[Timebase, BeforeValidator(_upper)]
    """The span that an output covers."""
    output: Annotated[
        OutputDefinition | None,
        BeforeValidator(_as_product, json_schema_input_type=str | OutputDefinition | None),
    ] = None
    """The product that it makes; or `outputs`. A RUN process makes none."""
    outputs: list[OutputOrName] = Field(default_factory=list)
    """The products that it makes; the first names its builds."""
    inputs: list[InputOrName] = Field(default_factory=list)
    wait_for_end: bool = False
    """Whether an output is made only once its interval is over."""
    extra_params: OptionalText = None
    """Items of the command line, separated by ``|``."""
    code: CodeDefinition | None = None
    """Its code; or `codes`."""
    codes: list[CodeDefinition] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        """The short forms become the long ones, so that nobody else meets both."""
        for short, long in (("output", "outputs"), ("code", "codes")):
            single = getattr(self, short)
            if single is not None and getattr(self, long):
                raise ValueError(f"expected either {short!r} or {long!r}, not both")
            if single is not None:
                setattr(self, long, [single])
                setattr(self, short, None)
        if self.timebase is Timebase.RUN and self.outputs:
            raise ValueError("a RUN process has no output: leave it out, or use another timebase")
        if self.timebase is not Timebase.RUN and not self.outputs:
            raise ValueError(f"a {self.timebase} process needs an output (only RUN has none)")
        if not self.codes:
            raise ValueError("a process needs a 'code'")
        return self


class MissionDefinition(Part):
    """What one mission file says: a mission, and products of one instrument."""

    mission: MissionPart
    satellite: SatellitePart
    instrument: InstrumentPart
    products: dict[str, ProductDefinition] = Field(default_factory=dict)
    """By a key that inputs and outputs of this file use."""
    processes: dict[str, ProcessDefinition] = Field(default_factory=dict)

    _places: Places = PrivateAttr(default_factory=Places)
    _warnings: tuple[str, ...] = PrivateAttr(default=())

    @property
    def places(self) -> Places:
        """Where its values stand in the file."""
        return self._places

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was read in spite of a doubt, one sentence each."""
        return self._warnings
