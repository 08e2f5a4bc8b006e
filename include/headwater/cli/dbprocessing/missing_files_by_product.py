"""missingFilesByProduct.py: the dates for which a product has no file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, date, datetime

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.campaign_dates import FileChoice
from headwater.catalog.queries.product_files import newest_files
from headwater.cli.dbprocessing.named import open_mission, product_of
from headwater.cli.dbprocessing.reprocessing import queue_files
from headwater.cli.dbprocessing.script_parser import add_dates, add_mission, script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.core.interval import DateSpan
from headwater.missions.loaded import LoadedMission, LoadedProduct

_SCRIPT = "missingFilesByProduct.py"
_FIRST = date(2012, 8, 30)


def main(arguments: Sequence[str]) -> int:
    """Print the dates without a file on disk; with ``-p`` let them be made from the parent."""
    parser = script_parser(_SCRIPT, "Print the dates for which a product has no file.")
    add_dates(parser)
    add_mission(parser)
    parser.add_argument("-f", "--filter", help="accepted; was never used")
    parser.add_argument(
        "-p", "--process", action="store_true", help="let these dates be made; needs --parent"
    )
    parser.add_argument("--parent", help="name or number of the product that it is made from")
    parser.add_argument("product_id", help="name or number of the product")
    options = parser.parse_args(arguments)
    if options.process and options.parent is None:
        parser.error("-p needs --parent, the product that it is made from")
    with open_mission(options.mission) as (catalog, mission):
        product = product_of(mission, options.product_id)
        parent = product_of(mission, options.parent) if options.process else None
        say_missing(catalog, mission, product, span_of(parser, options), parent, _SCRIPT)
    return 0


def span_of(parser: argparse.ArgumentParser, options: argparse.Namespace) -> DateSpan:
    """From the first to the last date asked for: from the beginning of time until today."""
    first = options.startDate or _FIRST
    last = options.endDate or datetime.now(UTC).date()
    if last < first:
        parser.error("endDate must be >= to startDate")
    return DateSpan(first, last)


def say_missing(
    catalog: Catalog,
    mission: LoadedMission,
    product: LoadedProduct,
    span: DateSpan,
    parent: LoadedProduct | None,
    script: str,
) -> None:
    """Print the dates of `span` without a file on disk; queue the files of `parent`, if given."""
    with catalog.read() as connection:
        files = newest_files(connection, [product.id], span.first, span.last)
    there = {file.utc_file_date for file in files if file.exists_on_disk}
    missing = [day for day in span.days() if day not in there]
    if not missing:
        say("No missing files")
        return
    say(f"Missing files for product {product.id} for these dates:")
    say(" ".join(day.isoformat() for day in missing))
    if parent is not None:
        chosen = FileChoice(parent.id, dates=tuple(missing))
        count = queue_files(catalog, mission, chosen, None, script)
        say(f"   -- Added {count} files to be reprocessed for product {parent.id}")
