"""reprocessByProduct.py: make again what is made from the newest files of products."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.catalog.queries.campaign_dates import FileChoice
from headwater.cli.dbprocessing.named import open_mission, product_of
from headwater.cli.dbprocessing.reprocessing import queue_files
from headwater.cli.dbprocessing.script_parser import (
    add_dates,
    add_force,
    add_mission,
    script_parser,
)
from headwater.cli.dbprocessing.speaking import say


def main(arguments: Sequence[str]) -> int:
    """Queue the newest files of each product named."""
    script = "reprocessByProduct.py"
    parser = script_parser(script, "Look again at what is made from products.")
    add_dates(parser)
    add_force(parser)
    add_mission(parser)
    parser.add_argument("product", nargs="+", help="name or number of a product")
    options = parser.parse_args(arguments)
    if options.startDate and options.endDate and options.startDate > options.endDate:
        parser.error("startDate > endDate, nothing will be added")
    with open_mission(options.mission) as (catalog, mission):
        products = [product_of(mission, text) for text in options.product]
        say(f"{options.startDate} {options.endDate}")
        for product in products:
            chosen = FileChoice(product.id, first=options.startDate, last=options.endDate)
            count = queue_files(catalog, mission, chosen, options.force, script)
            say(f"Added {count} files to be reprocessed for product {product.name}")
    return 0
