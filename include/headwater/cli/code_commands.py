"""Commands on codes: list them, add a version, switch versions on and off."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from headwater.cli.airflow_notice import tell_airflow
from headwater.cli.impact_command import show_impact
from headwater.cli.opening import DryRun, Json, open_catalog, the_mission, this_person
from headwater.cli.output import err, out, show_json, show_table
from headwater.missions.codes import CodeChange, add_code, switch_code
from headwater.missions.definition import EARLIEST, LATEST, CodeDefinition
from headwater.missions.loaded import load_mission
from headwater.processing.impact import Impact
from headwater.processing.rehearsal import rehearse_code, rehearse_switch

app = typer.Typer(help="Codes: list, add a version, switch on and off.", no_args_is_help=True)

Mission = Annotated[
    str | None, typer.Option("--mission", "-m", help="The mission, if there are several.")
]
ProcessName = Annotated[str, typer.Argument(help="The process that the code does.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A date of outputs, UTC.")]
Off = Annotated[
    list[str], typer.Option("--deactivate", help="A version to switch off; may be repeated.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the log of events.")]
NO_VERSIONS: list[str] = []


@app.command(name="list")
def list_codes(mission: Mission = None, as_json: Json = False) -> None:
    """List the codes of a mission."""
    with open_catalog() as catalog:
        loaded = load_mission(catalog, the_mission(catalog, mission))
    rows = [
        {
            "process": process.name,
            "code": code.filename,
            "version": str(code.version),
            "in_use": code.in_use,
            "first": code.start_date,
            "last": code.stop_date,
            "output_interface": code.output_interface,
            "arguments": code.arguments,
        }
        for process in sorted(loaded.processes.values(), key=lambda one: one.name)
        for code in process.codes
    ]
    if as_json:
        show_json(rows)
        return
    columns = ("process", "code", "version", "in_use", "first", "last", "output_interface")
    show_table(rows, columns, title="Codes", none="the mission has no codes")


@app.command()
def add(
    process: ProcessName,
    filename: Annotated[str, typer.Argument(help="The executable, below codedir/PATH.")],
    version: Annotated[str, typer.Option(help="Its version, X.Y.Z.")],
    mission: Mission = None,
    path: Annotated[str, typer.Option(help="Its folder below codedir.")] = "",
    output_interface: Annotated[
        int, typer.Option(min=1, help="The interface version of its outputs.")
    ] = 1,
    arguments: Annotated[str, typer.Option(help="Arguments, split at blanks.")] = "",
    first: Day = None,
    last: Day = None,
    description: str = "",
    active: Annotated[bool, typer.Option(help="Use it at once.")] = True,
    deactivate: Off = NO_VERSIONS,
    reason: Reason = "",
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Add a code version; what was made by the one before is made again.

    Give `--deactivate` for the version that it replaces: of two active ones for a date neither
    is used. With `--dry-run` nothing changes, and what would be made again is shown by level.
    """
    code = CodeDefinition(
        filename=filename,
        relative_path=path,
        version=version,
        output_interface=output_interface,
        arguments=arguments,
        description=description,
        start_date=first.date() if first else EARLIEST,
        stop_date=last.date() if last else LATEST,
        active=active,
        newest_version=active,
        date_written=datetime.now().date(),
    )
    with open_catalog() as catalog:
        name = the_mission(catalog, mission)
        if dry_run:
            found = rehearse_code(
                catalog, name, process, code, this_person(), deactivate=deactivate
            )
            _show_rehearsed(process, *found, as_json)
            return
        change = add_code(
            catalog, name, process, code, this_person(), deactivate=deactivate, reason=reason
        )
        told = tell_airflow(catalog, [name])
    _show(process, change, told, as_json)


@app.command()
def activate(
    process: ProcessName,
    version: Annotated[str, typer.Argument(help="The version to use.")],
    mission: Mission = None,
    deactivate: Off = NO_VERSIONS,
    reason: Reason = "",
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Use a code version; what was made by another one is made again.

    With `--dry-run` nothing changes, and what would be made again is shown by level.
    """
    if dry_run:
        with open_catalog() as catalog:
            name = the_mission(catalog, mission)
            found = rehearse_switch(
                catalog, name, process, version, this_person(), deactivate=deactivate
            )
        _show_rehearsed(process, *found, as_json)
        return
    _switch(process, version, mission, deactivate, reason, as_json, on=True)


@app.command(name="deactivate")
def switch_off(
    process: ProcessName,
    version: Annotated[str, typer.Argument(help="The version to use no more.")],
    mission: Mission = None,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Use a code version no more; what it made stays."""
    _switch(process, version, mission, NO_VERSIONS, reason, as_json, on=False)


def _switch(
    process: str,
    version: str,
    mission: str | None,
    deactivate: list[str],
    reason: str,
    as_json: bool,
    *,
    on: bool,
) -> None:
    with open_catalog() as catalog:
        name = the_mission(catalog, mission)
        change = switch_code(
            catalog, name, process, version, this_person(),
            on=on, deactivate=deactivate, reason=reason,
        )  # fmt: skip
        told = tell_airflow(catalog, [name])
    _show(process, change, told, as_json)


def _show_rehearsed(process: str, change: CodeChange, found: Impact, as_json: bool) -> None:
    """Say what a change of codes would do."""
    stale = change.stale
    if as_json:
        show_json(
            {"process": process, "version": str(change.version),
             "deactivated": [str(one) for one in change.switched_off], "dates": stale.dates,
             "needs_approval": stale.campaign is not None and not stale.approved,
             "impact": found.as_dict(), "warnings": change.warnings}
        )  # fmt: skip
        return
    out.print(f"process {process} would have code {change.version}", markup=False)
    for version in change.switched_off:
        out.print(f"  {version} would be used no more")
    show_impact(found)
    if stale.campaign is not None:
        how = "at once" if stale.approved else "once a person has approved the campaign"
        out.print(f"{stale.dates} dates would be looked at again, {how}; nothing was changed")
    for warning in change.warnings:
        err.print(f"  warning: {warning}", markup=False)


def _show(process: str, change: CodeChange, told: list[str], as_json: bool) -> None:
    stale = change.stale
    if as_json:
        show_json(
            {"process": process, "version": str(change.version),
             "deactivated": [str(one) for one in change.switched_off],
             "campaign": stale.campaign, "dates": stale.dates, "running": stale.approved,
             "warnings": change.warnings}
        )  # fmt: skip
        return
    out.print(f"process {process} has code {change.version}", markup=False)
    for version in change.switched_off:
        out.print(f"  {version} is used no more")
    if stale.approved:
        out.print(f"  campaign {stale.campaign}: {stale.dates} dates are looked at again")
    for line in (*([stale.note] if stale.note else []), *told):
        out.print(f"  {line}", markup=False)
    for warning in change.warnings:
        err.print(f"  warning: {warning}", markup=False)
