"""What a person has selected on the grid: dates of products, and the processes that make them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.core.errors import SelectionTooLargeError, SettingError
from headwater.core.interval import DateSpan
from headwater.missions.loaded import LoadedMission, LoadedProcess, LoadedProduct

MOST_CELLS = 5000
"""The most products x dates of one selection."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Products and dates; the processes stand each after those whose outputs it reads."""

    products: tuple[LoadedProduct, ...]
    processes: tuple[LoadedProcess, ...]
    span: DateSpan

    def __str__(self) -> str:
        names = ", ".join(product.name for product in self.products[:5])
        more = len(self.products) - 5
        return f"{names}{f' and {more} more' if more > 0 else ''} of {self.span}"

    @property
    def arriving(self) -> tuple[str, ...]:
        """The products that nothing makes: they only arrive."""
        made = {put.product_id for process in self.processes for put in process.outputs}
        return tuple(one.name for one in self.products if one.id not in made)


def select(mission: LoadedMission, names: Sequence[str], span: DateSpan) -> Selection:
    """The selection of these products and dates.

    Raises
    ------
    NotFoundError
        If the mission has no such product.
    SettingError
        If no product is named.
    SelectionTooLargeError
        If it has more than `MOST_CELLS` products x dates.
    """
    products = [mission.product(name) for name in dict.fromkeys(names)]
    if not products:
        raise SettingError("no product is selected: name at least one")
    days = (span.last - span.first).days + 1
    cells = len(products) * days
    if cells > MOST_CELLS:
        raise SelectionTooLargeError(
            f"{len(products)} products of {days} days are {cells} cells: at most {MOST_CELLS} can "
            "be asked for at once; select fewer, or start a campaign"
        )
    wanted = {product.id for product in products}
    makers = [
        process
        for process in mission.process_order()
        if any(put.product_id in wanted for put in process.outputs)
    ]
    return Selection(tuple(products), tuple(makers), span)
