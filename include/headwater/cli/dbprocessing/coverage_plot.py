"""coveragePlot.py: a picture of which dates of which products there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.product_files import newest_files
from headwater.cli.dbprocessing.coverage_config import (
    CoverageConfig,
    WantedProduct,
    read_coverage_config,
)
from headwater.cli.dbprocessing.coverage_picture import Band, Cell, Page, draw
from headwater.cli.dbprocessing.named import open_mission, product_of
from headwater.cli.dbprocessing.plotting import check_colours, matplotlib_figures, save, save_pages
from headwater.cli.dbprocessing.script_parser import script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.core.interval import DateSpan
from headwater.missions.loaded import LoadedMission

_SCRIPT = "coveragePlot.py"


def main(arguments: Sequence[str]) -> int:
    """Draw what the config file asks for, so many days a page."""
    parser = script_parser(_SCRIPT, "Draw which dates of which products there are.")
    parser.add_argument("configfile", type=Path, help="the config file of the plot")
    options = parser.parse_args(arguments)
    path = options.configfile.expanduser()
    if not path.is_file():
        parser.error(f"the config file {path} cannot be read")
    figures = matplotlib_figures(_SCRIPT)
    today = datetime.now(UTC).date()
    config = read_coverage_config(path, today)
    check_colours(config.colours, f"{path} [panel]")
    say(f"Read and parsed config file: {path}")
    with open_mission(config.mission) as (catalog, mission):
        pages = list(_pages(catalog, mission, config, today))
    say("Collected data")
    drawn = [draw(figures.Figure, page, config.colours) for page in pages]
    for written in _write(config, drawn):
        say(f"Wrote: {written}")
    return 0


def _pages(
    catalog: Catalog, mission: LoadedMission, config: CoverageConfig, today: date
) -> Iterator[Page]:
    for span in config.pages():
        panels = [
            (
                panel.label,
                [
                    Band(label, _cells(catalog, mission, wanted, span, today))
                    for label, wanted in zip(panel.labels, panel.products, strict=True)
                ],
            )
            for panel in config.panels
        ]
        yield Page(config.title, list(span.days()), panels)


def _cells(
    catalog: Catalog, mission: LoadedMission, wanted: WantedProduct, span: DateSpan, today: date
) -> list[Cell]:
    product = product_of(mission, wanted.product)
    with catalog.read() as connection:
        files = newest_files(connection, [product.id], span.first, span.last)
    there = {
        file.utc_file_date
        for file in files
        if file.exists_on_disk
        and fnmatchcase(file.name, wanted.glob)
        and (wanted.lowest is None or file.version >= wanted.lowest)
    }
    say(f"\tcollected {product.name} from {span.first} to {span.last}")
    return [
        Cell.PRESENT if day in there else Cell.MISSING if day <= today else Cell.EXPECTED
        for day in span.days()
    ]


def _write(config: CoverageConfig, drawn: Sequence[object]) -> Iterator[Path]:
    """One file of all pages where the form can hold them, else one a page."""
    path = config.outfile
    if config.form == "pdf":
        save_pages(drawn, path)
        yield path
        return
    for number, figure in enumerate(drawn):
        own = path if len(drawn) == 1 else path.with_name(f"{path.stem}_{number:03d}{path.suffix}")
        save(figure, own)
        yield own
