"""CreateDB.py: a catalog that is ready for a mission."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.catalog import schema
from headwater.cli.dbprocessing.named import named_mission
from headwater.cli.dbprocessing.script_parser import script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.cli.opening import open_catalog


def main(arguments: Sequence[str]) -> int:
    """Bring the one catalog of all missions up to date; addFromConfig.py then makes the mission."""
    parser = script_parser("CreateDB.py", "Make the catalog ready for a mission.")
    parser.add_argument(
        "-d", "--dialect", default="sqlite", help="accepted; the catalog is always Postgres"
    )
    parser.add_argument("dbname", help="name of the mission, or of the database as it was")
    options = parser.parse_args(arguments)
    with open_catalog(checked=False) as catalog:
        schema.upgrade(catalog)
        with catalog.read() as connection:
            mission = named_mission(connection, options.dbname)
    if mission is not None:
        parser.error(f"mission {mission} exists, will not overwrite")
    say(f"the catalog is ready: run addFromConfig.py -m {options.dbname} CONFIG")
    return 0
