"""One cell of the grid: a product of a day, with all that lies behind its state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.grid import QuarantinedArrival, last_event
from headwater.catalog.queries.grid_cell import CellBuild, CellFile, builds_of_cell, files_of_cell
from headwater.core.interval import DateSpan
from headwater.core.states import CellState
from headwater.missions.loaded import LoadedMission
from headwater.processing.explain import explanation
from headwater.processing.explained_cells import DayCell, ExplainedCells


@dataclass(frozen=True, slots=True)
class Cell:
    """A product of a day (UTC); `lines` are those of `headwater why`, `reason` is one sentence.

    `files` are all versions, the highest first, and `builds` the latest first, also those of a
    week, month, year or orbit that holds the day. `quarantined` look as if they were of the
    product and day. `as_of` is the number of the last event that had been written.
    """

    product: str
    date: date
    state: CellState
    reason: str
    lines: tuple[str, ...]
    files: tuple[CellFile, ...]
    builds: tuple[CellBuild, ...]
    quarantined: tuple[QuarantinedArrival, ...]
    as_of: int


def cell(catalog: Catalog, mission: LoadedMission, product: str, day: date) -> Cell:
    """The cell of `product` and `day`, with the state that the grid shows.

    Raises
    ------
    NotFoundError
        If the mission has no such product.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    wanted = mission.product(product)
    with catalog.read() as connection:
        explained = ExplainedCells(connection, mission, wanted.id, DateSpan(day, day))
        cells, found = explained.cells, explained.cell(day)
        dates = cells.dates(wanted.id, day)
        makers = [process.id for process in cells.makers[wanted.id]]
        return Cell(
            product=wanted.name,
            date=day,
            state=found.state,
            reason=sentence(wanted.name, found),
            lines=explanation(connection, mission, wanted, day).lines,
            files=tuple(files_of_cell(connection, wanted.id, dates)),
            builds=tuple(builds_of_cell(connection, mission.id, makers, dates)),
            quarantined=tuple(cells.look_alikes(wanted.id, day)),
            as_of=last_event(connection),
        )


def sentence(product: str, found: DayCell) -> str:
    """What is to be said of a cell in one sentence."""
    why = f": {found.reason}" if found.reason else ""
    return f"{product} of {found.date} is {found.state}{why}"
