"""deleteAllDBFiles.py: take the rows of all files of a mission out of the catalog."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.catalog.queries.purging import all_ids
from headwater.cli.dbprocessing.named import open_mission
from headwater.cli.dbprocessing.script_parser import add_mission, script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.cli.opening import this_person
from headwater.processing.purging import PurgeRules, purge_chosen


def main(arguments: Sequence[str]) -> int:
    """Purge all rows, with ``--yes`` only; no byte is removed, and each file has a tombstone."""
    script = "deleteAllDBFiles.py"
    parser = script_parser(script, "Take the rows of all files of a mission out of the catalog.")
    add_mission(parser)
    parser.add_argument("--yes", action="store_true", help="do it; without, only say how many")
    options = parser.parse_args(arguments)
    actor = this_person()
    rules = PurgeRules(recursive=True, keep=True, forget_level_0=True)
    with open_mission(options.mission) as (catalog, mission):
        done = purge_chosen(
            catalog,
            mission,
            lambda connection: all_ids(connection, mission.id),
            actor,
            f"{script} by {actor.name}",
            rules,
            dry_run=not options.yes,
        )
    if not options.yes:
        say(f"{len(done.files)} files would be deleted: give --yes to do it")
        return 1
    say(f"deleted {len(done.files)} files")
    return 0
