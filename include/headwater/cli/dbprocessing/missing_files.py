"""missingFiles.py: the missing dates of everything that is made, and let them be made."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.cli.dbprocessing.missing_files_by_product import say_missing, span_of
from headwater.cli.dbprocessing.named import open_mission
from headwater.cli.dbprocessing.script_parser import add_dates, add_mission, script_parser
from headwater.cli.dbprocessing.speaking import say

_SCRIPT = "missingFiles.py"


def main(arguments: Sequence[str]) -> int:
    """For each product and each product made from it: its missing dates, queued."""
    parser = script_parser(_SCRIPT, "Let all dates be made for which a product has no file.")
    add_dates(parser)
    add_mission(parser)
    options = parser.parse_args(arguments)
    span = span_of(parser, options)
    with open_mission(options.mission) as (catalog, mission):
        for process in mission.process_order():
            for made in process.outputs:
                product = mission.products[made.product_id]
                for put in process.inputs:
                    parent = mission.products[put.product_id]
                    say(f"Product {product.id} {product.name}, from {parent.id} {parent.name}")
                    say_missing(catalog, mission, product, span, parent, _SCRIPT)
    return 0
