"""fast_data.py: reap superseded files of fast data."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import typer

from headwater.cli.dbprocessing.named import open_mission
from headwater.cli.dbprocessing.script_parser import add_mission, script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.cli.opening import this_person
from headwater.processing.reaping import reap_files, reap_records, reapable


def main(arguments: Sequence[str]) -> int:
    """Remove or archive superseded files, or purge the rows of those that are gone.

    Never level 0, a newest or a released file, or what one of these was made from.
    """
    options = _options(arguments)
    if not (options.files or options.records):
        typer.echo("Will not take any action without --reap-files or --reap-records", err=True)
    troubles: list[str] = []
    with open_mission(options.mission) as (catalog, mission):
        for file in reapable(catalog, mission, options.cutoff) if options.verbose else ():
            say(file.name)
        if options.files:
            troubles = reap_files(catalog, mission, options.cutoff, this_person(), options.archive)
        if options.records:
            reap_records(catalog, mission, options.cutoff, this_person())
    for trouble in troubles:
        typer.echo(f"still on disk: {trouble}", err=True)
    return 1 if troubles else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = script_parser("fast_data.py", "Reap superseded files newer than a date.")
    add_mission(parser)
    parser.add_argument(
        "-a", "--archive", type=_folder, help="move files below this folder; never removes them"
    )
    parser.add_argument("--cutoff", type=_cutoff, required=True, help="YYYY-MM-DD, UTC")
    parser.add_argument(
        "--reap-files", dest="files", action="store_true",
        help="remove superseded files; the catalog keeps their rows",
    )  # fmt: skip
    parser.add_argument(
        "--reap-records", dest="records", action="store_true",
        help="purge the rows of superseded files that are no longer on disk",
    )  # fmt: skip
    parser.add_argument("--verbose", action="store_true", help="name the files")
    options = parser.parse_args(arguments)
    if options.files and options.records:
        parser.error("cannot reap files and records in one call")
    if options.archive is not None and not options.files:
        parser.error("cannot specify an archive folder without --reap-files")
    return options


def _cutoff(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date YYYY-MM-DD") from error


def _folder(text: str) -> Path:
    return Path(text).absolute()
