"""clearProcessingFlag.py: say why, and free what dead passes hold."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.cli.dbprocessing.named import open_mission
from headwater.cli.dbprocessing.script_parser import script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.flows.passes import free_dead_passes
from headwater.processing.service import reap_expired_leases


def main(arguments: Sequence[str]) -> int:
    """Free what passes that died hold, with a message for the log of passes.

    There is no flag to clear: the place of a pass that died is free by itself. A pass that lives
    keeps what it holds.
    """
    parser = script_parser("clearProcessingFlag.py", "Free what dead passes of a mission hold.")
    parser.add_argument("database", help="the mission, or its database in dbprocessing")
    parser.add_argument("message", help="why, for the log")
    options = parser.parse_args(arguments)
    with open_mission(options.database) as (catalog, mission):
        dead = free_dead_passes(catalog, mission, options.message)
        reap_expired_leases(catalog)
    for one in dead:
        say(f"pass {one.id} of {one.actor} had died: what it held is free")
    say("Database lock removed")
    return 0
