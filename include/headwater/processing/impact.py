"""Impact: which outputs at which levels a change would make be made again; changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import campaign_weight
from headwater.catalog.queries import impact as queries
from headwater.catalog.queries.impact import Changed, DatesWithoutOutput, ProductCount
from headwater.core.errors import NotFoundError, SettingError
from headwater.missions.loaded import LoadedMission
from headwater.processing.campaign_plan import wall_seconds


@dataclass(frozen=True, slots=True)
class ImpactLine:
    """The outputs of one product that would be made again; dates are UTC, sizes in bytes.

    `seconds` is the time of all codes one after the other, from the latest runs; none where it
    is not known. Where a process has several outputs, each line has the time of the whole run.
    """

    level: float
    process: str
    product: str
    files: int
    released: int
    first: date
    last: date
    bytes: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Impact:
    """What would follow from a change.

    `lines` are in the order of levels. `releases` counts the files of each release that would
    have a newer version. `new` are dates for which nothing has been made yet. `seconds` is the
    wall time with all of the mission's slots at work on it.
    """

    lines: tuple[ImpactLine, ...]
    releases: Mapping[str, int]
    new: tuple[DatesWithoutOutput, ...]
    seconds: float | None

    @property
    def files(self) -> int:
        """How many outputs would be made again."""
        return sum(line.files for line in self.lines)

    @property
    def bytes(self) -> int:
        """How many bytes they have now."""
        return sum(line.bytes for line in self.lines)

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON; dates are objects."""
        return {
            "files": self.files,
            "released": sum(line.released for line in self.lines),
            "bytes": self.bytes,
            "seconds": self.seconds,
            "releases": dict(self.releases),
            "levels": [asdict(line) for line in self.lines],
            "new": [asdict(one) for one in self.new],
        }


NO_IMPACT = Impact((), {}, (), None)
"""Nothing would be made again."""


def impact(catalog: Catalog | Connection, mission: LoadedMission, changed: Changed) -> Impact:
    """Which outputs a change would make be made again, level by level; changes nothing.

    It follows what the outputs there are were made from, in any version, by inputs that trigger.
    An output that would read a file for the first time is not among them.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer.
    """
    if isinstance(catalog, Catalog):
        with catalog.read() as connection:
            return impact(connection, mission, changed)
    files = queries.following(catalog, changed)
    counts = queries.by_product(catalog, files)
    usual = campaign_weight.usual(catalog, sorted({one.process_id for one in counts}))
    seconds = {number: one.seconds for number, one in usual.items()}
    return Impact(
        tuple(_line(one, seconds[one.process_id]) for one in counts),
        campaign_weight.released(catalog, files),
        tuple(queries.without_output(catalog, changed)),
        _wall(mission, counts, seconds),
    )


def _line(one: ProductCount, each: float | None) -> ImpactLine:
    return ImpactLine(
        one.level, one.process, one.product, one.files, one.released, one.first, one.last,
        one.bytes, None if each is None else one.files * each,
    )  # fmt: skip


def _wall(
    mission: LoadedMission, counts: list[ProductCount], seconds: Mapping[int, float | None]
) -> float | None:
    """The wall time of all runs; a run of a process gives a file of each of its products."""
    runs: dict[int, int] = {}
    for one in counts:
        runs[one.process_id] = max(runs.get(one.process_id, 0), one.files)
    each = ((number, seconds[process]) for process, number in runs.items())
    known = [None if took is None else number * took for number, took in each]
    return wall_seconds(mission, known)


def changed_input(
    catalog: Catalog,
    mission: LoadedMission,
    name: str,
    first: date | None = None,
    last: date | None = None,
) -> Changed:
    """The change that a new version of a file would be, or of the files of a product.

    Raises
    ------
    NotFoundError
        If the mission has neither a product nor a file of that name.
    SettingError
        If dates are given for a file, or are the wrong way round.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    if first and last and first > last:
        raise SettingError(f"the first date {first} is after the last date {last}: exchange them")
    for product in mission.products.values():
        if product.name == name:
            return Changed(products=[product.id], first=first, last=last)
    with catalog.read() as connection:
        file_id = queries.file_named(connection, mission.id, name)
    if file_id is None:
        raise NotFoundError(
            f"mission {mission.name} has neither a product nor a file {name!r}: see "
            "'headwater product list' and 'headwater files'"
        )
    if first or last:
        raise SettingError(f"{name} is one file: dates are for a product")
    return Changed(files=[file_id])
