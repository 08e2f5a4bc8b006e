"""Commands on releases: make one, show it, take files out, remove it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.releases import NewestChoice, releases
from headwater.cli.opening import Json, open_catalog, the_mission, this_person
from headwater.cli.output import err, out, show_json, show_table
from headwater.core.errors import SettingError
from headwater.missions import releases as service
from headwater.missions.loaded import LoadedMission, load_mission

app = typer.Typer(help="Releases: named sets of files for the public.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The release.")]
Files = Annotated[list[str], typer.Argument(help="Names of files.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the log of events.")]
Mission = Annotated[
    str | None, typer.Option("--mission", "-m", help="The mission, if there are several.")
]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A date, UTC.")]
NONE: list[str] = []


def _loaded(catalog: Catalog, name: str | None) -> LoadedMission:
    return load_mission(catalog, the_mission(catalog, name))


@app.command()
def tag(
    name: Name,
    reason: Reason,
    files: Files = NONE,
    newest: Annotated[bool, typer.Option("--newest", help="All newest files.")] = False,
    product: Annotated[
        list[str], typer.Option("--product", "-p", help="Of --newest only this; repeatable.")
    ] = NONE,
    first: Day = None,
    last: Day = None,
    add: Annotated[bool, typer.Option("--add", help="Put them into a release there is.")] = False,
    mission: Mission = None,
) -> None:
    """Make a release of all newest files, or of those that are listed.

    No purge takes a released file. Newest files that are lost are left out, and those against which
    a check of quality speaks, or against what they were made from; list them by name to release
    them all the same.
    """
    if newest == bool(files):
        raise SettingError("give either --newest or the names of files")
    if not newest and (product or first or last):
        raise SettingError("--product, --first and --last go with --newest")
    with open_catalog() as catalog:
        loaded = _loaded(catalog, mission)
        ids = tuple(loaded.product(one).id for one in product) or None
        chosen = NewestChoice(ids, first.date() if first else None, last.date() if last else None)
        tagged = service.tag(
            catalog, loaded, name, this_person(), reason,
            newest=chosen if newest else None,
            files=[Path(file).name for file in files],
            add=add,
        )  # fmt: skip
    out.print(f"release {name}: {tagged.files} files", markup=False)
    for file, why in tagged.left_out:
        err.print(f"  left out: {file}: {why}", markup=False, soft_wrap=True)


@app.command(name="list")
def list_releases(mission: Mission = None, as_json: Json = False) -> None:
    """List the releases of a mission."""
    with open_catalog() as catalog:
        loaded = _loaded(catalog, mission)
        with catalog.read() as connection:
            rows = [asdict(row) for row in releases(connection, loaded.id)]
    if as_json:
        show_json(rows)
        return
    columns = ("release", "files", "excluded", "bytes", "first", "last", "created_at",
               "created_by", "reason")  # fmt: skip
    show_table(rows, columns, title="Releases", none="there is no release yet")


@app.command()
def show(
    name: Name,
    paths: Annotated[
        bool, typer.Option("--paths", help="Print the whole paths only, a line each.")
    ] = False,
    mission: Mission = None,
    as_json: Json = False,
) -> None:
    """Show the files of a release, and those that were taken out of it."""
    with open_catalog() as catalog:
        loaded = _loaded(catalog, mission)
        files = service.files_of(catalog, loaded, name)
    if paths:
        for file in files:
            if file.excluded is None:
                typer.echo(loaded.rootdir / file.path)
        return
    rows = [asdict(file) for file in files]
    if as_json:
        show_json(rows)
        return
    columns = ("product", "date", "version", "name", "size", "newest", "excluded")
    show_table(rows, columns, title=f"Release {name}", none="it has no files")


@app.command()
def exclude(name: Name, files: Files, reason: Reason, mission: Mission = None) -> None:
    """Take files out of a release; no older one takes their place."""
    with open_catalog() as catalog:
        loaded = _loaded(catalog, mission)
        names = [Path(file).name for file in files]
        service.exclude(catalog, loaded, name, names, this_person(), reason)
    out.print(f"release {name}: {len(names)} files were taken out", markup=False)


@app.command()
def remove(name: Name, reason: Reason, mission: Mission = None) -> None:
    """Remove a release; its files stay, but a purge may take them then."""
    with open_catalog() as catalog:
        count = service.remove(catalog, _loaded(catalog, mission), name, this_person(), reason)
    out.print(f"release {name} is removed; its {count} files stay", markup=False)
