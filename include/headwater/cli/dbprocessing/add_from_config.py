"""addFromConfig.py: what a config names and the catalog lacks is added."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from headwater.cli.airflow_notice import tell_airflow
from headwater.cli.dbprocessing.named import named_mission, record
from headwater.cli.dbprocessing.script_parser import script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.cli.opening import open_catalog, this_person
from headwater.core.errors import SettingError
from headwater.missions.apply import Applied, apply
from headwater.missions.difference import Change, ChangeKind
from headwater.missions.reading import read_mission_files


def main(arguments: Sequence[str]) -> int:
    """Add what is missing; what differs is shown, and changed only with ``--update``."""
    parser = script_parser(
        "addFromConfig.py", "Add to a mission what a config file names and the catalog lacks."
    )
    parser.add_argument(
        "-m", "--mission", required=True, help="the mission, or its database in dbprocessing"
    )
    parser.add_argument(
        "-v", "--verify", action="store_true", help="only check the config, and show what it adds"
    )
    parser.add_argument(
        "--update", action="store_true", help="also change what is there and differs"
    )
    parser.add_argument("config", type=Path, help="a config file of dbprocessing, or YAML")
    options = parser.parse_args(arguments)
    definitions = read_mission_files([options.config])
    name = definitions[0].mission.name
    with open_catalog() as catalog:
        with catalog.read() as connection:
            known = named_mission(connection, options.mission)
        if known not in (None, name):
            raise SettingError(
                f"{options.config} is for mission {name}, but -m {options.mission} is mission "
                f"{known}"
            )
        (applied,) = apply(
            catalog, definitions, this_person(), options.verify, add_only=not options.update
        )
        if not options.verify:
            with catalog.begin() as connection:
                record(connection, options.mission, name)
            tell_airflow(catalog, [name])
    _show(applied)
    return 0


def _show(applied: Applied) -> None:
    for change in applied.changes:
        if change.kind is ChangeKind.ADDED:
            say(f"Added {change.what[0].upper()}{change.what[1:]}")
        elif change.kind is not ChangeKind.ONLY_IN_CATALOG:
            say(_left(change))
    for line in (*applied.notes, *(f"Warning: {warning}" for warning in applied.warnings)):
        say(line)
    if not applied.changed:
        say(f"mission {applied.mission} is as the config says already")


def _left(change: Change) -> str:
    if change.kind is ChangeKind.LEFT:
        what = f" {change.key} stays {change.old!r}, the config says" if change.key else ""
        return f"Found {change.what}:{what} {change.new!r}"
    return f"Changed {change}"
