"""compareDB.py: what two missions do not have in common."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.catalog.queries.comparison import Differing, OnlyInOne, differences
from headwater.cli.dbprocessing.named import mission_of
from headwater.cli.dbprocessing.script_parser import script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.cli.opening import open_catalog


def main(arguments: Sequence[str]) -> int:
    """Print what differs in products, processes, codes, files and links, compared by name."""
    parser = script_parser("compareDB.py", "Compare two missions by name.")
    parser.add_argument(
        "-m", "--mission", required=True, action="append",
        help="a mission, or its database in dbprocessing; give two",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    if len(options.mission) != 2:
        parser.error("-m is needed twice: two missions are compared")
    with open_catalog() as catalog:
        first, second = (mission_of(catalog, text) for text in options.mission)
        with catalog.read() as connection:
            for one in differences(connection, first.id, second.id):
                say(_said(one))
    return 0


def _said(one: OnlyInOne | Differing) -> str:
    if isinstance(one, OnlyInOne):
        return f"{one.what} is in mission{one.mission} but not mission{3 - one.mission}."
    return f"{one.what} {one.part} is {one.first} in mission1 but {one.second} in mission2"
