"""reprocessByCode.py: make again what is made from the newest files that a code made."""

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
    """Queue the newest files that a code, or all codes of a file name, made."""
    script = "reprocessByCode.py"
    parser = script_parser(script, "Look again at what is made from the files of a code.")
    add_dates(parser)
    add_force(parser)
    add_mission(parser)
    parser.add_argument("code", help="number or file name of a code")
    options = parser.parse_args(arguments)
    with open_mission(options.mission) as (catalog, mission):
        chosen = FileChoice(
            code_ids=_codes(mission, options.code), first=options.startDate, last=options.endDate
        )
        count = queue_files(catalog, mission, chosen, options.force, script)
    say(f"Added {count} files to be reprocessed for code {options.code}")
    return 0


def _codes(mission: LoadedMission, text: str) -> tuple[int, ...]:
    codes = [code for process in mission.processes.values() for code in process.codes]
    found = [code.id for code in codes if text in (str(code.id), code.filename)]
    if not found:
        names = ", ".join(sorted({code.filename for code in codes}))
        raise NotFoundError(f"mission {mission.name} has no code {text!r}; it has: {names}")
    return tuple(found)
