"""htmlCoverage.py: a page for each satellite with the versions that there are of each date."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.product_files import NewestFile, dates_of_files, newest_files
from headwater.cli.dbprocessing.coverage_page import CoveragePage
from headwater.cli.dbprocessing.named import open_mission
from headwater.cli.dbprocessing.script_parser import add_mission, script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.core.errors import SettingError
from headwater.core.interval import DateSpan
from headwater.missions.loaded import LoadedMission

_Files = Mapping[tuple[int, date], Sequence[NewestFile]]


def main(arguments: Sequence[str]) -> int:
    """Write the pages ``OUTBASE_SATELLITE.html``."""
    parser = script_parser("htmlCoverage.py", "Write pages with the versions of each date.")
    add_mission(parser)
    parser.add_argument(
        "-d", "--deltadays", type=int, default=3, help="days after the last file (default 3)"
    )
    parser.add_argument("outbase", help="first part of the pages' paths")
    options = parser.parse_args(arguments)
    if options.deltadays < 0:
        parser.error("-d is a number of days, 0 or more")
    started = time.monotonic()
    with open_mission(options.mission) as (catalog, mission):
        span, files = _read(catalog, mission)
    say(f"{time.monotonic() - started:4.2f} Info collected")
    dates: list[date] = []
    if span is not None:
        last = span.last + timedelta(days=options.deltadays)
        dates = list(DateSpan(span.first, last).days())[::-1]
    for satellite in sorted({product.satellite for product in mission.products.values()}):
        started = time.monotonic()
        path = Path(f"{options.outbase}_{satellite}.html")
        _write(path, _page(mission, satellite, dates, files))
        say(f"{time.monotonic() - started:4.2f} Created: {path}")
    return 0


def _read(catalog: Catalog, mission: LoadedMission) -> tuple[DateSpan | None, _Files]:
    with catalog.read() as connection:
        span = dates_of_files(connection, mission.id)
        rows = newest_files(connection, list(mission.products))
    found: dict[tuple[int, date], list[NewestFile]] = {}
    for file in rows:
        found.setdefault((file.product_id, file.utc_file_date), []).append(file)
    return span, found


def _page(
    mission: LoadedMission, satellite: str, dates: Sequence[date], files: _Files
) -> CoveragePage:
    products = [one for one in mission.products.values() if one.satellite == satellite]
    products.sort(key=lambda product: (product.level, product.name))
    return CoveragePage(mission.name, satellite, datetime.now(UTC), products, dates, files)


def _write(path: Path, page: CoveragePage) -> None:
    try:
        path.write_text(page.html(), encoding="utf-8")
    except OSError as error:
        raise SettingError(f"{path} cannot be written: {error.strerror}") from error
