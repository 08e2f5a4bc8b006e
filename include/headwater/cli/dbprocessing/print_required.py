"""printRequired.py: the products that processes cannot do without."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.cli.dbprocessing.named import open_mission, process_of
from headwater.cli.dbprocessing.script_parser import add_mission, script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.core.states import InputKind


def main(arguments: Sequence[str]) -> int:
    """Print the required input products of each process, and all their numbers in one line."""
    parser = script_parser("printRequired.py", "Print the required input products of processes.")
    add_mission(parser)
    parser.add_argument("processes", nargs="+", metavar="process", help="name or number")
    options = parser.parse_args(arguments)
    with open_mission(options.mission) as (_, mission):
        required = {
            text: sorted(
                put.product_id
                for put in process_of(mission, text).inputs
                if put.kind is InputKind.HARD
            )
            for text in options.processes
        }
    for text in sorted(required):
        say(text)
        for number in required[text]:
            say(f"\t{number:5d} {mission.products[number].name}")
    say()
    say(" ".join(str(number) for number in sorted({n for ids in required.values() for n in ids})))
    return 0
