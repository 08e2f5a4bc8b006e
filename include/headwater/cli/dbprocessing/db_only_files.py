"""dbOnlyFiles.py: files of the catalog that are not on disk."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.archive.lost_files import find_lost, mark_lost
from headwater.catalog.queries.lost_files import FileOnDisk
from headwater.cli.dbprocessing.named import open_mission
from headwater.cli.dbprocessing.script_parser import add_dates, add_mission, script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.cli.opening import this_person


def main(arguments: Sequence[str]) -> int:
    """Print the files that should be on disk and are not; with ``-f`` they are made again."""
    parser = script_parser("dbOnlyFiles.py", "Print files of the catalog that are not on disk.")
    add_dates(parser)
    add_mission(parser)
    parser.add_argument(
        "-f", "--fix", action="store_true",
        help="note that they are lost; what made them is looked at again",
    )  # fmt: skip
    parser.add_argument("-n", "--newest", action="store_true", help="look at newest files only")
    parser.add_argument("--startID", type=int, default=1, help="the first number to look at")
    parser.add_argument("-v", "--verbose", action="store_true", help="print each file looked at")
    parser.add_argument("-p", "--path", action="store_true", help="print paths, not numbers")
    options = parser.parse_args(arguments)
    with open_mission(options.mission) as (catalog, mission):

        def looked_at(file: FileOnDisk) -> None:
            if options.verbose:
                say(f"{file.id} is being checked")

        lost = find_lost(
            catalog, mission.id, mission.rootdir, first=options.startDate, last=options.endDate,
            newest=options.newest, first_id=options.startID, looked_at=looked_at,
        )  # fmt: skip
        for file in lost:
            say(f"{mission.rootdir / file.path if options.path else file.id} is missing")
        if options.fix:
            mark_lost(catalog, mission.id, lost, this_person())
    return 0
