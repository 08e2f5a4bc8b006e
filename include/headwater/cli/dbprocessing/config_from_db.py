"""configFromDB.py: the config file that would make a mission's instrument again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from headwater.cli.dbprocessing.named import open_mission
from headwater.cli.dbprocessing.script_parser import add_mission, script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.core.errors import SettingError
from headwater.missions.export_conf import export_conf

_COMMENTS = """\
# A mission, one of its instruments and all that belongs to it, as addFromConfig.py reads it.
# Each of [mission], [satellite] and [instrument] stands once; sections whose names begin with
# product and process define the rest. A literal % is written %%.
"""


def main(arguments: Sequence[str]) -> int:
    """Write the config; an existing file only with ``-f``."""
    parser = script_parser("configFromDB.py", "Write the config file of a mission's instrument.")
    add_mission(parser)
    parser.add_argument("-f", "--force", action="store_true", help="overwrite the file")
    parser.add_argument("-s", "--satellite", help="needed if the mission has several")
    parser.add_argument("-i", "--instrument", help="needed if the satellite has several")
    parser.add_argument("-c", "--nocomments", action="store_true", help="no comments on top")
    parser.add_argument("config_file", help="the file to write")
    options = parser.parse_args(arguments)
    path = Path(os.path.expandvars(options.config_file)).expanduser()
    if path.exists() and not options.force:
        parser.error(f"{path} exists: give -f to overwrite it")
    with open_mission(options.mission) as (catalog, mission):
        made = export_conf(catalog, mission.name, options.instrument, satellite=options.satellite)
    try:
        path.write_text(made if options.nocomments else _COMMENTS + made, encoding="utf-8")
    except OSError as error:
        raise SettingError(f"{path} cannot be written: {error.strerror}") from error
    say(f"wrote {path}")
    return 0
