"""``headwater impact``: what would be made again if a file, or the files of a product, changed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from headwater.cli.opening import Json, open_catalog, the_mission
from headwater.cli.output import out, show_json, show_table
from headwater.missions.loaded import load_mission
from headwater.processing.campaign_text import bytes_in_words, seconds_in_words
from headwater.processing.impact import Impact, changed_input
from headwater.processing.impact import impact as impact_of

Day = Annotated[datetime | None, typer.Argument(formats=["%Y-%m-%d"], help="A date, UTC.")]
Mission = Annotated[
    str | None, typer.Option("--mission", "-m", help="The mission, if there are several.")
]


def impact(
    name: Annotated[str, typer.Argument(help="A product, or the name of a file.")],
    first: Day = None,
    last: Day = None,
    mission: Mission = None,
    as_json: Json = False,
) -> None:
    """Show what would be made again if a new version of a file came, or of a product's files.

    Level by level, with how many are released, how much it is, and how long it takes. It follows
    what the outputs there are were made from. Changes nothing.
    """
    with open_catalog() as catalog:
        loaded = load_mission(catalog, the_mission(catalog, mission))
        day = first.date() if first else None
        until = last.date() if last else day
        found = impact_of(catalog, loaded, changed_input(catalog, loaded, name, day, until))
    if as_json:
        show_json(found.as_dict())
        return
    show_impact(found, none=f"nothing was made from {name}: nothing would be made again")


def show_impact(found: Impact, *, none: str = "nothing would be made again") -> None:
    """Print an impact as a table by level and one sentence."""
    rows = [
        {**asdict(line), "bytes": bytes_in_words(line.bytes),
         "time": "-" if line.seconds is None else seconds_in_words(line.seconds)}
        for line in found.lines
    ]  # fmt: skip
    columns = (
        "level", "process", "product", "files", "released", "first", "last", "bytes", "time",
    )  # fmt: skip
    show_table(rows, columns, title="What would be made again", none=none)
    if rows:
        out.print(
            f"{found.files} outputs, {bytes_in_words(found.bytes)}; the codes take "
            f"{seconds_in_words(found.seconds)} with all slots of the mission"
        )
    for release, files in found.releases.items():
        out.print(f"release {release}: {files} of its files get a newer version", markup=False)
    for one in found.new:
        out.print(
            f"{one.process}: {one.dates} dates from {one.first} to {one.last} have no output yet",
            markup=False,
        )
