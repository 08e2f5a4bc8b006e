"""The rows of an old database that define its mission, as they are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from headwater.core.errors import OldDatabaseError
from headwater.core.version import Version
from headwater.missions.dbprocessing_import.source import OldDatabase
from headwater.missions.dbprocessing_import.values import (
    as_bool,
    as_date,
    as_float,
    as_int,
    as_text,
)

Numbers = tuple[int, int, int]
"""A version as it is there; the interface may be below 1 in a database without its rule."""


@dataclass(frozen=True, slots=True)
class OldProduct:
    """A row of `product`, with the instruments that `instrumentproductlink` gives it."""

    id: int
    name: str
    instrument_id: int
    relative_path: str
    level: float
    format: str
    description: str | None
    linked_instruments: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OldInspector:
    """A row of `inspector`."""

    id: int
    product_id: int
    filename: str
    relative_path: str
    description: str
    numbers: Numbers
    output_interface: int
    active: bool
    newest_version: bool
    date_written: date | None
    arguments: str | None


@dataclass(frozen=True, slots=True)
class OldInput:
    """A row of `productprocesslink`; an older database has no window."""

    process_id: int
    product_id: int
    optional: bool
    yesterday: int
    tomorrow: int


@dataclass(frozen=True, slots=True)
class OldProcess:
    """A row of `process`."""

    id: int
    name: str
    output_product: int | None
    timebase: str | None
    extra_params: str | None


@dataclass(frozen=True, slots=True)
class OldCode:
    """A row of `code`."""

    id: int
    process_id: int
    filename: str
    relative_path: str
    description: str
    numbers: Numbers
    output_interface: int
    start_date: date
    stop_date: date
    active: bool
    newest_version: bool
    date_written: date | None
    arguments: str | None
    cpu: int | None
    ram: float | None

    @property
    def in_use(self) -> bool:
        """Whether it is used at all (spec dbprocessing 5.4, step 1)."""
        return self.active and self.newest_version

    @property
    def version(self) -> Version:
        """Its version.

        Raises
        ------
        VersionError
            If its interface is below 1.
        """
        return Version(*self.numbers)

    @property
    def title(self) -> str:
        """How a report names it."""
        return f"code {self.id} ({self.filename} {'.'.join(map(str, self.numbers))})"


@dataclass(frozen=True, slots=True)
class OldRun:
    """A row of `logging` whose lock is set: a run that is under way, or died."""

    id: int
    pid: int | None
    host: str | None
    started: str


@dataclass(frozen=True, slots=True)
class OldMission:
    """All rows that define the mission, each list by old number.

    `satellites` is number -> name, `instruments` number -> (name, satellite's number).
    """

    id: int
    name: str
    folders: dict[str, str | None]
    satellites: dict[int, str]
    instruments: dict[int, tuple[str, int]]
    products: tuple[OldProduct, ...]
    inspectors: tuple[OldInspector, ...]
    inputs: tuple[OldInput, ...]
    processes: tuple[OldProcess, ...]
    codes: tuple[OldCode, ...]
    locks: tuple[OldRun, ...]
    runs: int
    """Rows of `logging`."""
    ended_runs: int
    """Those of them that say when they ended."""


def read_mission(old: OldDatabase) -> OldMission:
    """Read what defines the mission.

    Raises
    ------
    OldDatabaseError
        If it holds no mission or several, or a value is not what its column needs.
    """
    folders = ("rootdir", "incoming_dir", "codedir", "inspectordir", "errordir")
    missions = list(_read(old, "mission", ("mission_id", "mission_name", *folders)))
    if len(missions) != 1:
        names = ", ".join(str(row.text("mission_name")) for row in missions)
        raise OldDatabaseError(
            f"{old.shown} holds {len(missions)} missions{f' ({names})' if names else ''}: "
            "expected one, as dbprocessing itself does (spec: one database, one mission)"
        )
    (mission,) = missions
    locks, runs, ended_runs = _runs(old)
    return OldMission(
        id=mission.number("mission_id"),
        name=mission.needed("mission_name"),
        folders={name: mission.text(name) for name in folders},
        satellites={
            row.number("satellite_id"): row.needed("satellite_name")
            for row in _read(old, "satellite", ("satellite_id", "satellite_name"))
        },
        instruments={
            row.number("instrument_id"): (row.needed("instrument_name"), row.number("satellite_id"))
            for row in _read(
                old, "instrument", ("instrument_id", "instrument_name", "satellite_id")
            )
        },
        products=tuple(_products(old)),
        inspectors=tuple(_inspectors(old)),
        inputs=tuple(_inputs(old)),
        processes=tuple(_processes(old)),
        codes=tuple(_codes(old)),
        locks=locks,
        runs=runs,
        ended_runs=ended_runs,
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """One row of a small table; a value that cannot be used is reported with its place."""

    place: str
    values: dict[str, Any]

    def value(self, name: str, reader: Callable[[object], Any]) -> Any:  # noqa: ANN401  the reader's
        try:
            return reader(self.values[name])
        except OldDatabaseError as error:
            raise OldDatabaseError(f"{self.place}: {name} {error}") from error

    def text(self, name: str) -> str | None:
        return as_text(self.values[name])

    def needed(self, name: str) -> str:
        found = self.text(name)
        if found is None:
            raise OldDatabaseError(f"{self.place}: {name} is missing")
        return found

    def number(self, name: str) -> int:
        found = self.value(name, as_int)
        if found is None:
            raise OldDatabaseError(f"{self.place}: {name} is missing")
        return int(found)

    def numbers(self) -> Numbers:
        return (
            self.number("interface_version"),
            self.number("quality_version"),
            self.number("revision_version"),
        )

    def flag(self, name: str) -> bool:
        return bool(self.value(name, as_bool))


def _read(old: OldDatabase, table: str, columns: tuple[str, ...]) -> Iterator[_Read]:
    """Rows by their first columns; the place of a row names the table and its number."""
    for row in old.rows(table, columns, columns[:2]):
        yield _Read(f"{old.shown}, table {table}, row {row[0]}", dict(row._mapping))


def _runs(old: OldDatabase) -> tuple[tuple[OldRun, ...], int, int]:
    """The runs whose lock is set, how many there are in all, and how many say when they ended."""
    columns = ("logging_id", "currently_processing", "pid", "hostname", "processing_start_time",
               "processing_end_time")  # fmt: skip
    locks: list[OldRun] = []
    runs = ended = 0
    for row in _read(old, "logging", columns):
        runs += 1
        ended += row.text("processing_end_time") is not None
        if row.flag("currently_processing"):
            pid, host = row.value("pid", as_int), row.text("hostname")
            started = str(row.text("processing_start_time"))
            locks.append(OldRun(row.number("logging_id"), pid, host, started))
    return tuple(locks), runs, ended


def _instruments(old: OldDatabase) -> dict[int, tuple[str, int]]:
    columns = ("instrument_id", "instrument_name", "satellite_id")
    return {
        row.number("instrument_id"): (row.needed("instrument_name"), row.number("satellite_id"))
        for row in _read(old, "instrument", columns)
    }


def _products(old: OldDatabase) -> Iterator[OldProduct]:
    linked: dict[int, list[int]] = {}
    for row in _read(old, "instrumentproductlink", ("product_id", "instrument_id")):
        linked.setdefault(row.number("product_id"), []).append(row.number("instrument_id"))
    columns = ("product_id", "product_name", "instrument_id", "relative_path", "level", "format",
               "product_description")  # fmt: skip
    for row in _read(old, "product", columns):
        number = row.number("product_id")
        yield OldProduct(
            number,
            row.needed("product_name"),
            row.number("instrument_id"),
            row.text("relative_path") or "",
            row.value("level", as_float) or 0.0,
            row.needed("format"),
            row.text("product_description"),
            tuple(linked.get(number, ())),
        )


_VERSION = ("interface_version", "quality_version", "revision_version")


def _inspectors(old: OldDatabase) -> Iterator[OldInspector]:
    columns = ("inspector_id", "product", "filename", "relative_path", "description", *_VERSION,
               "output_interface_version", "active_code", "newest_version", "date_written",
               "arguments")  # fmt: skip
    for row in _read(old, "inspector", columns):
        yield OldInspector(
            row.number("inspector_id"),
            row.number("product"),
            row.needed("filename"),
            row.text("relative_path") or "",
            row.text("description") or "",
            row.numbers(),
            row.number("output_interface_version"),
            row.flag("active_code"),
            row.flag("newest_version"),
            row.value("date_written", as_date),
            row.text("arguments"),
        )


def _inputs(old: OldDatabase) -> Iterator[OldInput]:
    columns = ("process_id", "input_product_id", "optional", "yesterday", "tomorrow")
    for row in _read(old, "productprocesslink", columns):
        yield OldInput(
            row.number("process_id"),
            row.number("input_product_id"),
            row.flag("optional"),
            row.value("yesterday", as_int) or 0,
            row.value("tomorrow", as_int) or 0,
        )


def _processes(old: OldDatabase) -> Iterator[OldProcess]:
    columns = ("process_id", "process_name", "output_product", "output_timebase", "extra_params")
    for row in _read(old, "process", columns):
        yield OldProcess(
            row.number("process_id"),
            row.needed("process_name"),
            row.value("output_product", as_int),
            row.text("output_timebase"),
            row.text("extra_params"),
        )


def _codes(old: OldDatabase) -> Iterator[OldCode]:
    columns = ("code_id", "process_id", "filename", "relative_path", "code_description", *_VERSION,
               "output_interface_version", "code_start_date", "code_stop_date", "active_code",
               "newest_version", "date_written", "arguments", "cpu", "ram")  # fmt: skip
    for row in _read(old, "code", columns):
        start, stop = (row.value(f"code_{word}_date", as_date) for word in ("start", "stop"))
        if start is None or stop is None:
            raise OldDatabaseError(f"{row.place}: code_start_date or code_stop_date is missing")
        yield OldCode(
            row.number("code_id"),
            row.number("process_id"),
            row.needed("filename"),
            row.text("relative_path") or "",
            row.text("code_description") or "",
            row.numbers(),
            row.number("output_interface_version"),
            start,
            stop,
            row.flag("active_code"),
            row.flag("newest_version"),
            row.value("date_written", as_date),
            row.text("arguments"),
            row.value("cpu", as_int),
            row.value("ram", as_float),
        )
