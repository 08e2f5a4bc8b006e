"""What there is of a product day by day, and its gaps by cause: for ``headwater coverage``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.grid import dates_of_products
from headwater.core.interval import DateSpan, spans_of
from headwater.core.states import CellState
from headwater.missions.loaded import LoadedMission
from headwater.processing.explained_cells import DayCell, ExplainedCells
from headwater.processing.grid import refuse_too_many


@dataclass(frozen=True, slots=True)
class Gap:
    """Days of one product without a file, of one state and cause."""

    state: CellState
    reason: str | None
    spans: tuple[DateSpan, ...]
    days: int


def coverage(
    catalog: Catalog,
    mission: LoadedMission,
    product: str,
    first: date | None = None,
    last: date | None = None,
) -> list[DayCell]:
    """Each day of a product from `first` to `last` (UTC), both included, with its reason.

    A bound that is none is that of the product's files; a product without files has no days.

    Raises
    ------
    IntervalError
        If `last` is before `first`.
    SelectionTooLargeError, NotFoundError, CatalogUnavailableError
        As :func:`grid`.
    """
    wanted = mission.product(product)
    with catalog.read() as connection:
        span = _asked(dates_of_products(connection, [wanted.id]).get(wanted.id), first, last)
        if span is None:
            return []
        refuse_too_many(1, span)
        cells = ExplainedCells(connection, mission, wanted.id, span)
    return [cells.cell(day) for day in span.days()]


def gaps_by_cause(days: Iterable[DayCell]) -> list[Gap]:
    """The gaps among `days`, those of one cause together, the most pressing and longest first."""
    found: dict[tuple[CellState, str | None], list[date]] = {}
    for day in days:
        if day.is_gap:
            found.setdefault((day.state, day.reason), []).append(day.date)
    gaps = [
        Gap(state, reason, tuple(spans_of(dates)), len(dates))
        for (state, reason), dates in found.items()
    ]
    return sorted(gaps, key=lambda gap: (gap.state.rank, -gap.days, gap.spans))


def _asked(files: DateSpan | None, first: date | None, last: date | None) -> DateSpan | None:
    """From `first` to `last`, each, where it is none, as the product's files have it."""
    begin = first or (files.first if files else None)
    end = last or (files.last if files else None)
    if begin is None or end is None or (begin > end and not (first and last)):
        return None
    return DateSpan(begin, end)
