"""`purge`: files, and what was made from them, out of the catalog and the archive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headwater.cli.opening import DryRun, Json, open_catalog, the_mission, this_person
from headwater.cli.output import err, out, show_json, show_table
from headwater.core.errors import HeadwaterError
from headwater.missions.loaded import load_mission
from headwater.processing.purging import Purged, PurgeRules
from headwater.processing.purging import purge as purge_files


def purge(
    files: Annotated[
        list[str], typer.Argument(help="Names of files; a folder in front is ignored.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why, for the log of events.")],
    mission: Annotated[
        str | None, typer.Option("--mission", "-m", help="The mission, if there are several.")
    ] = None,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Also all that was made from them.")
    ] = False,
    keep_file: Annotated[
        bool,
        typer.Option("--keep-file", help="Move the bytes to 'purged' in the error folder."),
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Take files out of the catalog and the archive, and leave a tombstone of each.

    Refused: level 0, released files, what a code reads now, and, without --recursive, the sources
    of other files. What made them is held until its inputs or its code change, or a person asks.
    """
    names = [Path(file).name for file in files]
    with open_catalog() as catalog:
        loaded = load_mission(catalog, the_mission(catalog, mission))
        rules = PurgeRules(recursive=recursive, keep=keep_file)
        done = purge_files(catalog, loaded, names, this_person(), reason, rules, dry_run=dry_run)
    show_purged(done, dry_run=dry_run, as_json=as_json)
    if done.troubles:
        raise HeadwaterError(
            f"{len(done.troubles)} files are still on disk; the next ingest tries again"
        )


def show_purged(done: Purged, *, dry_run: bool, as_json: bool) -> None:
    """Show what a purge did, or would do."""
    rows = [
        {"product": one.product, "version": one.version, "name": one.name, "bytes": one.fate}
        for one in done.files
    ]
    if as_json:
        show_json(
            {"purged": rows, "newest_again": done.newest_again, "held": done.held,
             "troubles": done.troubles, "dry_run": dry_run}
        )  # fmt: skip
        return
    title = "Would be purged" if dry_run else "Purged"
    show_table(rows, ("product", "version", "name", "bytes"), title=title, none="nothing")
    for name in done.newest_again:
        out.print(f"{name} is the newest again", markup=False)
    if done.held:
        out.print(f"{done.held} builds are held: 'headwater retry' or a campaign makes them again")
    for trouble in done.troubles:
        err.print(f"still on disk: {trouble}", markup=False, soft_wrap=True)
