"""updateSHAsum.py: the checksum of a file that was changed after its ingest."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from headwater.archive.lost_files import SumChange, update_sums
from headwater.cli.dbprocessing.named import open_mission
from headwater.cli.dbprocessing.script_parser import add_mission, script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.cli.opening import this_person
from headwater.core.errors import ArchiveError


def main(arguments: Sequence[str]) -> int:
    """Record the sums that a file has now; 1 if they must not have changed."""
    parser = script_parser("updateSHAsum.py", "Record the checksum that a changed file has now.")
    add_mission(parser)
    parser.add_argument("infile", help="the file, in the archive")
    options = parser.parse_args(arguments)
    path = Path(os.path.expandvars(options.infile)).expanduser()
    if not path.is_file():
        parser.error(f"there is no file {path}")
    with open_mission(options.mission) as (catalog, mission):
        report = update_sums(
            catalog, mission.id, mission.rootdir, path.name, this_person(), given=path
        )
    name = report.recorded.name
    if report.change is SumChange.SAME:
        say(f"{name} has the sums that are recorded: sha1 {report.found.sha1}")
        return 0
    sums = f"sha1 was {report.recorded.sha1 or 'not known'}, is {report.found.sha1}"
    if report.change is SumChange.ALARM:
        raise ArchiveError(
            f"the bytes of {name} have changed ({sums}), and no process can make them again: "
            "bring the file back from a backup, or send the changed one as a new version"
        )
    say(f"{name}: {sums}")
    say("what was made from it stays as it is: reprocessByProduct.py --force makes it anew")
    return 0
