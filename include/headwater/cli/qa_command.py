"""`qa`: read files with checks of quality, or list the files that a check speaks against."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headwater.catalog.queries.quality import marked_files
from headwater.cli.opening import Json, open_catalog, the_mission, this_person
from headwater.cli.output import out, show_json, show_table
from headwater.ingest.quality import take_checks
from headwater.missions.loaded import load_mission

NONE: list[Path] = []


def qa(
    files: Annotated[
        list[Path], typer.Argument(help="Files with lines NAME MARK [COMMENT], or the same as CSV.")
    ] = NONE,
    mission: Annotated[
        str | None, typer.Option("--mission", "-m", help="The mission, if there are several.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Read files with checks of quality; without one, list what a check speaks against.

    MARK is ok, ignore (left out as an input, and no older version stands in for it) or problem
    (what would be made from it is held). A later ok takes either back. All lines of a file count,
    or none.
    """
    with open_catalog() as catalog:
        loaded = load_mission(catalog, the_mission(catalog, mission))
        done = [take_checks(catalog, loaded, path, this_person()) for path in files]
        with catalog.read() as connection:
            rows = [] if files else marked_files(connection, loaded.id)
    if files:
        if as_json:
            show_json([{"path": one.path, "marked": one.marked} for one in done])
            return
        for one in done:
            out.print(f"{one.path}: {one.marked} files marked", markup=False, soft_wrap=True)
        return
    if as_json:
        show_json(rows)
        return
    columns = ("product", "date", "name", "mark", "comment", "newest", "checked_at")
    show_table(rows, columns, title="Checks", none="no check speaks against a file")
