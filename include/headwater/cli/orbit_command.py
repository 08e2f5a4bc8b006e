"""The command on a mission's orbits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.orbits import all_orbits
from headwater.cli.opening import DryRun, Json, open_catalog, the_mission, this_person
from headwater.cli.output import err, out, show_json, show_table
from headwater.missions.loaded import LoadedMission, load_mission
from headwater.missions.orbit_files import unusable_orbit_files
from headwater.missions.orbits import OrbitsLoaded, load_orbits, read_orbits

DOUBTS_SHOWN = 20


def orbits(
    file: Annotated[
        Path | None, typer.Argument(help="A CSV with the columns orbit,start,stop, to be loaded.")
    ] = None,
    mission: Annotated[
        str | None, typer.Option("--mission", "-m", help="The mission, if there are several.")
    ] = None,
    satellite: Annotated[
        str | None, typer.Option(help="Load them for the products of this satellite alone.")
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Load the orbits by which products of timebase ORBIT are made; without a file, list them.

    Orbits that are known get the times of the file, and what was made of them is looked at again.
    """
    with open_catalog() as catalog:
        loaded = load_mission(catalog, the_mission(catalog, mission))
        if file is None:
            _list(catalog, loaded, as_json)
            return
        did = load_orbits(
            catalog,
            loaded,
            read_orbits(file),
            this_person(),
            source=file.name,
            satellite=satellite,
            dry_run=dry_run,
        )
    _show_loaded(did, dry_run, as_json)


def _list(catalog: Catalog, mission: LoadedMission, as_json: bool) -> None:
    with catalog.read() as connection:
        rows = all_orbits(connection, mission.id)
        unusable = unusable_orbit_files(connection, mission.id)
    if as_json:
        show_json(rows)
    else:
        columns = ("orbit", "start", "stop", "satellite")
        show_table(rows, columns, title="Orbits", none="no orbit is known yet")
    for problem in unusable:
        err.print(f"headwater: not used: {problem}", markup=False, soft_wrap=True)
    if unusable:
        raise typer.Exit(1)


def _show_loaded(did: OrbitsLoaded, dry_run: bool, as_json: bool) -> None:
    if as_json:
        show_json({"added": did.added, "changed": did.changed, "same": did.same,
                   "doubts": did.doubts})  # fmt: skip
        return
    would = "would be " if dry_run else ""
    out.print(
        f"{did.added} orbits {would}added, {did.changed} {would}changed, {did.same} as before"
    )
    for doubt in did.doubts[:DOUBTS_SHOWN]:
        err.print(f"  {doubt}", markup=False, soft_wrap=True)
    if len(did.doubts) > DOUBTS_SHOWN:
        err.print(f"  and {len(did.doubts) - DOUBTS_SHOWN} more gaps and overlaps")
