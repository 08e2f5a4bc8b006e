"""reprocessByInstrument.py: make again what is made from an instrument's newest files."""

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
from headwater.core.errors import NotFoundError
from headwater.missions.loaded import LoadedMission


def main(arguments: Sequence[str]) -> int:
    """Queue the newest files of an instrument, of one level if it is given."""
    script = "reprocessByInstrument.py"
    parser = script_parser(script, "Look again at what is made from an instrument's files.")
    add_dates(parser)
    add_force(parser)
    add_mission(parser)
    parser.add_argument("-l", "--level", type=float, help="only files of this level")
    parser.add_argument("instrument", help="name or number of an instrument")
    options = parser.parse_args(arguments)
    with open_mission(options.mission) as (catalog, mission):
        say(f"{options.startDate} {options.endDate}")
        chosen = FileChoice(
            instrument_id=_instrument(mission, options.instrument),
            level=options.level,
            first=options.startDate,
            last=options.endDate,
        )
        count = queue_files(catalog, mission, chosen, options.force, script)
    say(f"Added {count} files to be reprocessed for instrument {options.instrument}")
    return 0


def _instrument(mission: LoadedMission, text: str) -> int:
    known = {product.instrument: product.instrument_id for product in mission.products.values()}
    if text.isdecimal() and int(text) in known.values():
        return int(text)
    if text not in known:
        raise NotFoundError(
            f"mission {mission.name} has no instrument {text!r} with products; it has: "
            f"{', '.join(sorted(known))}"
        )
    return known[text]
