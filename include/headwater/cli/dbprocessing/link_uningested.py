"""linkUningested.py: files in products' folders that the catalog does not know."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.cli.dbprocessing.named import open_mission, product_of
from headwater.cli.dbprocessing.script_parser import add_mission, script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.ingest.uningested import link_into_incoming, uningested


def main(arguments: Sequence[str]) -> int:
    """Link them into incoming: the next ingest files them where they lie."""
    parser = script_parser("linkUningested.py", "Link files that nobody ingested into incoming.")
    add_mission(parser)
    parser.add_argument(
        "-p", "--product", action="append", help="name or number; may be repeated (default: all)"
    )
    options = parser.parse_args(arguments)
    with open_mission(options.mission) as (catalog, mission):
        named = [product_of(mission, text) for text in options.product or ()]
        products = named or list(mission.products.values())
        for link in link_into_incoming(mission, uningested(catalog, mission, products)):
            say(f"{link} -> {link.readlink()}")
    return 0
