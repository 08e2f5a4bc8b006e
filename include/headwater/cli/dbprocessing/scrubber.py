"""scrubber.py: two looks at the rows of a mission."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.catalog.queries.consistency.file_rules import VERSION_TOO_LARGE
from headwater.catalog.queries.consistency.link_rules import PARENTS_NOT_NEWEST
from headwater.cli.dbprocessing.named import open_mission
from headwater.cli.dbprocessing.script_parser import add_mission, script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.processing.consistency import find_faults


def main(arguments: Sequence[str]) -> int:
    """Say whether the newest was made from the newest, and whether versions stay below 1000."""
    parser = script_parser(
        "scrubber.py", "Look at parents and versions; 'headwater check' does more."
    )
    add_mission(parser)
    options = parser.parse_args(arguments)
    with open_mission(options.mission) as (catalog, mission):
        parents = find_faults(catalog, mission.name, [PARENTS_NOT_NEWEST])
        versions = find_faults(catalog, mission.name, [VERSION_TOO_LARGE])
    say("Parents of newest aren't newest" if parents else "All parents of newest are newest")
    for one in (*parents, *versions):
        say(f"{one.subject} {one.problem}")
    return 0
