"""The picture of coveragePlot.py: one band a product, one cell a date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Any

_LEAST_HEIGHT, _BAND_HEIGHT, _PANEL_HEIGHT = 2.2, 0.34, 0.75  # inches
_WIDTH = 14.0
_MOST_TICKS = 20
_MOST_LINES = 130  # days on a page up to which each has a line of its own


class Cell(IntEnum):
    """What there is of a product of a date; the numbers are those of the colours."""

    PRESENT = 0
    MISSING = 1
    EXPECTED = 2


@dataclass(frozen=True, slots=True)
class Band:
    """A row: its label, and a cell for each date."""

    label: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Page:
    """One page: panels, each with a label, over the same dates; bands from the bottom up."""

    title: str
    dates: Sequence[date]
    panels: Sequence[tuple[str, Sequence[Band]]]


def draw(figure_class: Any, page: Page, colours: tuple[str, str, str]) -> Any:  # noqa: ANN401  matplotlib's classes; it may not be installed
    """Draw a page; `colours` are those of present, missing and expected."""
    ratios = [len(panel) for _, panel in page.panels]
    height = 1.3 + _BAND_HEIGHT * sum(ratios) + _PANEL_HEIGHT * len(ratios)
    size = (_WIDTH, max(_LEAST_HEIGHT, height))
    figure = figure_class(figsize=size, layout="constrained", dpi=110)
    figure.suptitle(page.title, weight="bold")
    rows = figure.subplots(len(page.panels), 1, squeeze=False, sharex=True, height_ratios=ratios)
    for axes, (label, panel) in zip(rows[:, 0], page.panels, strict=True):
        _panel(axes, label, panel, page.dates, colours)
    last = rows[-1, 0]
    _label_dates(last, page.dates)
    last.set_xlabel(f"{page.dates[0]} to {page.dates[-1]}")
    _legend(figure, colours)
    return figure


def _panel(
    axes: Any,  # noqa: ANN401  as above
    label: str,
    panel: Sequence[Band],
    dates: Sequence[date],
    colours: tuple[str, str, str],
) -> None:
    for row, band in enumerate(panel):
        for cell in Cell:
            spans = [(day - 0.5, 1) for day, one in enumerate(band.cells) if one is cell]
            axes.broken_barh(
                spans, (row - 0.42, 0.84), facecolor=colours[cell], linewidth=0,
                hatch="///" if cell is Cell.MISSING else None, edgecolor="white",
            )  # fmt: skip
    axes.set_ylabel(label, weight="bold")
    axes.set_yticks(range(len(panel)), [band.label for band in panel])
    axes.set_ylim(-0.5, len(panel) - 0.5)
    axes.set_xlim(-0.5, len(dates) - 0.5)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for day, moment in enumerate(dates[1:], 1):
        if moment.day == 1:
            axes.axvline(day - 0.5, color="black", linewidth=1.4)
        elif len(dates) <= _MOST_LINES:
            axes.axvline(day - 0.5, color="white", linewidth=0.5)


def _label_dates(axes: Any, dates: Sequence[date]) -> None:  # noqa: ANN401  as above
    step = max(1, -(-len(dates) // _MOST_TICKS))
    shown = range(0, len(dates), step)
    axes.tick_params(axis="x", length=3)
    axes.set_xticks(shown, [dates[day].isoformat() for day in shown], rotation=40, ha="right")


def _legend(figure: Any, colours: tuple[str, str, str]) -> None:  # noqa: ANN401  as above
    from matplotlib.patches import Patch

    words = {Cell.PRESENT: "there", Cell.MISSING: "missing", Cell.EXPECTED: "still to come"}
    handles = [
        Patch(
            facecolor=colours[cell], label=words[cell], edgecolor="white", linewidth=0,
            hatch="///" if cell is Cell.MISSING else None,
        )
        for cell in Cell
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside upper right", ncols=len(handles), frameon=False)
