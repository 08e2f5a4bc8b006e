"""flushProcessQueue.py: forget what is due."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.catalog.queries.due_work import due_files, flush
from headwater.catalog.queries.wakes import lock_work
from headwater.cli.dbprocessing.named import open_mission
from headwater.cli.dbprocessing.script_parser import script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.cli.opening import this_person


def main(arguments: Sequence[str]) -> int:
    """Forget what is due: it is made when something changes again, or when a person asks."""
    parser = script_parser("flushProcessQueue.py", "Forget what is due in a mission.")
    parser.add_argument("database", help="the mission, or its database in dbprocessing")
    options = parser.parse_args(arguments)
    with open_mission(options.database) as (catalog, mission), catalog.begin() as connection:
        lock_work(connection, mission.id)
        count = len(due_files(connection, mission.id))
        flush(connection, mission.id, f"flushed by {this_person().name}")
    say(f"Flushed {count} items from queue")
    return 0
