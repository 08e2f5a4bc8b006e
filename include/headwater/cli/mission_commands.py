"""Commands on missions: mission files in, differences, and out again."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from headwater.catalog.queries.listings import missions
from headwater.cli.airflow_notice import tell_airflow
from headwater.cli.impact_command import show_impact
from headwater.cli.import_command import import_mission
from headwater.cli.opening import DryRun, Json, open_catalog, the_mission, this_person
from headwater.cli.orbit_command import orbits
from headwater.cli.output import err, out, show_json, show_table
from headwater.missions.apply import Applied, apply, difference
from headwater.missions.export import export_mission
from headwater.missions.export_conf import export_conf
from headwater.missions.json_schema import mission_schema
from headwater.missions.loaded import load_mission
from headwater.missions.reading import read_mission_files
from headwater.processing.impact import Impact
from headwater.processing.rehearsal import rehearse_apply

app = typer.Typer(help="Missions: files in, differences, and out again.", no_args_is_help=True)
app.command()(orbits)
Files = Annotated[list[Path], typer.Argument(help="Mission files: .yaml, or dbprocessing's .conf.")]
Name = Annotated[str | None, typer.Argument(help="The mission; may be left out if there is one.")]


@app.command(name="apply")
def apply_files(files: Files, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Bring the catalog to what mission files say; all of it or, on any error, nothing.

    Applying a file twice changes nothing. What the catalog has and the files lack is left alone.
    With `--dry-run` what would be made again is shown by level.
    """
    definitions = read_mission_files(files)
    follows: dict[str, Impact] = {}
    with open_catalog() as catalog:
        applied = apply(catalog, definitions, this_person(), dry_run=dry_run)
        if dry_run:
            rehearsed = rehearse_apply(catalog, definitions, this_person())
            follows = {name: found for name, (_, found) in rehearsed.items()}
        told = [] if dry_run else tell_airflow(catalog, [one.mission for one in applied])
    if as_json:
        show_json([_as_dict(one, follows.get(one.mission)) for one in applied])
        return
    for one in applied:
        _show_applied(one, dry_run)
        if one.mission in follows and one.changed:
            show_impact(follows[one.mission])
    for line in told:
        out.print(f"  {line}", markup=False)


def _as_dict(one: Applied, follows: Impact | None) -> dict[str, Any]:
    impact = {} if follows is None else {"impact": follows.as_dict()}
    return impact | {
        "mission": one.mission,
        "revision": one.revision,
        "changed": one.changed,
        "changes": [
            {"kind": change.kind, "what": change.what, "key": change.key,
             "old": str(change.old), "new": str(change.new)}
            for change in one.changes
        ],
        "notes": one.notes,
        "warnings": one.warnings,
        "folders": one.folders,
        "dates_to_look_at": one.woken,
    }  # fmt: skip


def _show_applied(one: Applied, dry_run: bool) -> None:
    did = "would be changed" if dry_run else f"is at revision {one.revision}"
    out.print(f"mission {one.mission} {did if one.changed else 'is as the files say already'}")
    for line in (*map(str, one.changes), *one.notes, *(f"made {name}" for name in one.folders)):
        out.print(f"  {line}", markup=False)
    for warning in one.warnings:
        err.print(f"  warning: {warning}", markup=False)
    if one.woken:
        out.print(f"  {one.woken} dates are to be looked at again")


@app.command()
def diff(files: Files, as_json: Json = False) -> None:
    """Show what `apply` would change, and what would be made again by level.

    Exit 1 if anything would be changed. `apply --dry-run --json` has the impact for a program.
    """
    definitions = read_mission_files(files)
    with open_catalog() as catalog:
        with catalog.read() as connection:
            changes = [change for one in definitions for change in difference(connection, one)]
        written = any(change.kind.is_written for change in changes)
        shown = written and not as_json
        follows = rehearse_apply(catalog, definitions, this_person()) if shown else {}
    if as_json:
        show_json([str(change) for change in changes])
    for change in () if as_json else changes:
        out.print(str(change), markup=False)
    for _, found in follows.values():
        show_impact(found)
    if written:
        raise typer.Exit(1)
    if not as_json:
        out.print("the catalog is as the files say")


@app.command(name="list")
def list_missions(as_json: Json = False) -> None:
    """List the missions of the catalog."""
    with open_catalog() as catalog, catalog.read() as connection:
        rows = missions(connection)
    if as_json:
        show_json(rows)
        return
    columns = ("mission", "revision", "products", "processes", "files", "rootdir")
    show_table(rows, columns, title="Missions", none="there is no mission yet")


@app.command()
def show(mission: Name = None, as_json: Json = False) -> None:
    """Show a mission: its folders, products and processes."""
    with open_catalog() as catalog:
        loaded = load_mission(catalog, the_mission(catalog, mission))
    products = [
        {
            "level": one.level,
            "product": one.name,
            "format": one.format,
            "path": one.relative_path,
            "expected": None if one.expected is None else str(one.expected),
        }
        for one in sorted(loaded.products.values(), key=lambda one: (one.level, one.name))
    ]
    processes = [
        {
            "process": one.name,
            "timebase": one.timebase,
            "inputs": ", ".join(loaded.products[got.product_id].name for got in one.inputs),
            "outputs": ", ".join(loaded.products[made.product_id].name for made in one.outputs),
            "code": ", ".join(f"{code.filename} {code.version}" for code in one.codes
                              if code.in_use),
        }
        for one in sorted(loaded.processes.values(), key=lambda one: one.name)
    ]  # fmt: skip
    folders = {
        name: str(getattr(loaded, name))
        for name in ("rootdir", "incoming_dir", "codedir", "inspectordir", "errordir", "qa_dir")
        if getattr(loaded, name) is not None
    }
    if as_json:
        show_json(
            {"mission": loaded.name, "revision": loaded.revision, **folders,
             "settings": loaded.settings.model_dump(), "products": products,
             "processes": processes}
        )  # fmt: skip
        return
    out.print(f"[bold]{loaded.name}[/bold], revision {loaded.revision}")
    for name, folder in folders.items():
        out.print(f"  {name:<13} {folder}", markup=False)
    columns = ("level", "product", "format", "path", "expected")
    show_table(products, columns, title="Products", none="none")
    show_table(
        processes, ("process", "timebase", "inputs", "outputs", "code"),
        title="Processes", none="none",
    )  # fmt: skip


class Form(StrEnum):
    """The forms of a mission file."""

    YAML = "yaml"
    CONF = "conf"


@app.command()
def export(
    mission: Name = None,
    form: Annotated[Form, typer.Option(help="YAML, or dbprocessing's .conf.")] = Form.YAML,
    instrument: Annotated[
        str | None, typer.Option(help="For .conf: the instrument, if there are several.")
    ] = None,
) -> None:
    """Print a mission as a mission file; applying it changes nothing.

    What the form cannot say is refused with a sentence that names it.
    """
    with open_catalog() as catalog:
        name = the_mission(catalog, mission)
        if form is Form.CONF:
            text = export_conf(catalog, name, instrument)
        else:
            text = export_mission(catalog, name)
    typer.echo(text, nl=False)


@app.command()
def schema() -> None:
    """Print the JSON schema of YAML mission files, for editors."""
    show_json(mission_schema())


app.command(name="import")(import_mission)
