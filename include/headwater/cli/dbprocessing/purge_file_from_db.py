"""purgeFileFromDB.py: take rows of files out of the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from headwater.cli.dbprocessing.named import open_mission
from headwater.cli.dbprocessing.script_parser import add_mission, script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.cli.opening import this_person
from headwater.processing.purging import PurgeRules, purge


def main(arguments: Sequence[str]) -> int:
    """Purge rows; bytes go to ``purged`` in the error folder, those of level 0 stay in place.

    The old script left all bytes in place. Then the next output of that name would be refused,
    since the archive never overwrites.
    """
    script = "purgeFileFromDB.py"
    parser = script_parser(script, "Take rows of files out of the catalog; their bytes are kept.")
    parser.add_argument(
        "-r", "--recursive", action="store_true", help="also what was made from them"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="name each file")
    add_mission(parser)
    parser.add_argument("filename", nargs="+", help="file(s) to purge")
    options = parser.parse_args(arguments)
    actor = this_person()
    rules = PurgeRules(recursive=options.recursive, keep=True, forget_level_0=True)
    names = [Path(name).name for name in options.filename]
    with open_mission(options.mission) as (catalog, mission):
        done = purge(catalog, mission, names, actor, f"{script} by {actor.name}", rules)
    for file in done.files if options.verbose else ():
        say(f"{file.name} purged")
    return 0
