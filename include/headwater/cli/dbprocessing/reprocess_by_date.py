"""reprocessByDate.py: make again what is made from the newest files of some dates."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.catalog.queries.campaign_dates import FileChoice
from headwater.cli.dbprocessing.named import open_mission
from headwater.cli.dbprocessing.reprocessing import queue_files
from headwater.cli.dbprocessing.script_parser import (
    add_dates,
    add_force,
    add_mission,
    script_parser,
)
from headwater.cli.dbprocessing.speaking import say


def main(arguments: Sequence[str]) -> int:
    """Queue the newest files of the dates, of one level if it is given."""
    script = "reprocessByDate.py"
    parser = script_parser(script, "Look again at what is made from the files of some dates.")
    add_dates(parser, required=True)
    add_force(parser)
    add_mission(parser)
    parser.add_argument("--level", type=float, help="only files of this level")
    options = parser.parse_args(arguments)
    with open_mission(options.mission) as (catalog, mission):
        say(f"{options.startDate} {options.endDate}")
        chosen = FileChoice(level=options.level, first=options.startDate, last=options.endDate)
        count = queue_files(catalog, mission, chosen, options.force, script)
    say(f"Added {count} files to be reprocessed")
    return 0
