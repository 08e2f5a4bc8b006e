"""The grid: product x day, week or month, each with its state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.grid import last_event
from headwater.core.errors import SelectionTooLargeError
from headwater.core.interval import DateSpan
from headwater.core.output_interval import calendar_interval
from headwater.core.states import CellState, Timebase
from headwater.missions.loaded import LoadedMission, LoadedProduct
from headwater.processing.day_cells import DayCells

MOST_CELLS = 400_000
"""How many days of products are looked at at once."""

LEGEND: Mapping[str, CellState] = {state.letter: state for state in CellState}
"""The letters of the grid, the most pressing first."""
_LETTERS = {state: letter for letter, state in LEGEND.items()}


class GridUnit(StrEnum):
    """What a column of the grid is."""

    DAY = "day"
    WEEK = "week"
    """An ISO week, named by its Monday."""
    MONTH = "month"
    """A month of the calendar, named by its first day."""

    def of(self, day: date) -> DateSpan:
        """The days of the period that holds `day`."""
        return calendar_interval(_TIMEBASES[self], day).days


_TIMEBASES = {
    GridUnit.DAY: Timebase.DAILY,
    GridUnit.WEEK: Timebase.WEEKLY,
    GridUnit.MONTH: Timebase.MONTHLY,
}


@dataclass(frozen=True, slots=True)
class GridRow:
    """A product: one letter a period, and, for weeks and months, how many days have which."""

    name: str
    level: float
    made_by: tuple[str, ...]
    states: str
    counts: tuple[Mapping[str, int], ...] | None


@dataclass(frozen=True, slots=True)
class Grid:
    """Products by level and name, and their periods from `first` to `last`.

    `first` and `last` are those of whole periods, both included, and `periods` the first day of
    each. `as_of` is the number of the last event that had been written then, in the order of the
    change feed.
    """

    mission: str
    unit: GridUnit
    first: date
    last: date
    as_of: int
    periods: tuple[date, ...]
    products: tuple[GridRow, ...]


def grid(
    catalog: Catalog,
    mission: LoadedMission,
    products: Sequence[str] | None,
    first: date,
    last: date,
    unit: GridUnit = GridUnit.DAY,
) -> Grid:
    """The grid of `products`, or of all, for the periods that touch `first` to `last` (UTC).

    A fixed number of queries, whatever the number of cells.

    Raises
    ------
    IntervalError
        If `last` is before `first`.
    SelectionTooLargeError
        If there are more than `MOST_CELLS` days of products in it.
    NotFoundError
        If the mission has no such product.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    shown = _in_order(mission, products)
    asked = DateSpan(first, last)
    span = DateSpan(unit.of(asked.first).first, unit.of(asked.last).last)
    refuse_too_many(len(shown), span)
    with catalog.read() as connection:
        cells = DayCells(connection, mission, {product.id: span for product in shown})
        as_of = last_event(connection)
    days = list(span.days())
    periods = [list(of) for _, of in groupby(days, key=_start_of(unit))]
    makers = _makers(mission)
    rows = []
    for product in shown:
        letters = [_LETTERS[cells.state(product.id, day)] for day in days]
        counts = None if unit is GridUnit.DAY else _counts(letters, periods)
        states = letters if counts is None else (next(iter(count)) for count in counts)
        made_by = makers.get(product.id, ())
        rows.append(GridRow(product.name, product.level, made_by, "".join(states), counts))
    starts = tuple(period[0] for period in periods)
    return Grid(mission.name, unit, span.first, span.last, as_of, starts, tuple(rows))


def refuse_too_many(products: int, span: DateSpan) -> None:
    """Refuse what would be more than `MOST_CELLS` days of products, naming number and limit."""
    number = products * ((span.last - span.first).days + 1)
    if number > MOST_CELLS:
        raise SelectionTooLargeError(
            f"{products} products from {span.first} to {span.last} are {number} days of products, "
            f"more than {MOST_CELLS}: ask for fewer products or a shorter time"
        )


def _in_order(mission: LoadedMission, names: Sequence[str] | None) -> list[LoadedProduct]:
    chosen = mission.products.values() if names is None else map(mission.product, set(names))
    return sorted(chosen, key=lambda product: (product.level, product.name))


def _makers(mission: LoadedMission) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for process in sorted(mission.processes.values(), key=lambda process: process.name):
        for put in process.outputs:
            found[put.product_id] = (*found.get(put.product_id, ()), process.name)
    return found


def _start_of(unit: GridUnit) -> Callable[[date], date]:
    return lambda day: unit.of(day).first


def _counts(
    letters: Sequence[str], periods: Sequence[Sequence[date]]
) -> tuple[Mapping[str, int], ...]:
    """How many days of each period have which letter, the most pressing first."""
    counts, at = [], 0
    for period in periods:
        found = Counter(letters[at : at + len(period)])
        counts.append({letter: found[letter] for letter in LEGEND if letter in found})
        at += len(period)
    return tuple(counts)
