"""Commands that work, in this process and without Airflow, and those that ask about work."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from headwater.catalog.connection import Catalog
from headwater.cli.opening import DryRun, Json, MissionName, open_catalog, the_mission, this_person
from headwater.cli.output import err, out, progress_bar, show_json, show_table
from headwater.core.states import BuildState, Disposition
from headwater.ingest.scan import Intake, scan
from headwater.ingest.service import ingest_pending
from headwater.missions.loaded import LoadedMission, load_mission
from headwater.processing.explain import explain
from headwater.processing.outcome import BuildResult
from headwater.processing.planner import Plan
from headwater.processing.service import process_pending


def _loaded(catalog: Catalog, name: str | None) -> LoadedMission:
    return load_mission(catalog, the_mission(catalog, name))


def ingest(mission: MissionName = None, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Ingest what lies in the incoming folder, once; exit 1 if anything was quarantined."""
    with open_catalog() as catalog:
        loaded = _loaded(catalog, mission)
        if dry_run:
            _show_incoming(loaded, as_json)
            return
        with progress_bar("ingesting") as move:
            report = ingest_pending(catalog, loaded, this_person(), report=move)
    rows = [
        {"name": one.name, "disposition": one.disposition.value, "reason": one.reason}
        for one in report.ended
    ]
    for check in report.checks:
        said = check.trouble or f"{check.marked} files marked"
        err.print(f"{check.path}: {said}", markup=False, soft_wrap=True)
    if as_json:
        show_json(rows)
    else:
        out.print(str(report) or "nothing has arrived")
        shown = [row for row in rows if row["disposition"] != Disposition.ADOPTED.value]
        if shown:
            show_table(
                shown, ("name", "disposition", "reason"), title="Not the newest, or not filed",
                none="",
            )  # fmt: skip
    if report.count(Disposition.QUARANTINED) or any(check.trouble for check in report.checks):
        raise typer.Exit(1)


def _show_incoming(mission: LoadedMission, as_json: bool) -> None:
    seen = scan(mission.incoming_dir, Intake(mission.settings.settle_seconds))
    if as_json:
        show_json({"ready": len(seen.ready), "settling": seen.settling})
        return
    out.print(
        f"{len(seen.ready)} files in {mission.incoming_dir} would be ingested, "
        f"{seen.settling} are still being written"
    )


def process(
    mission: MissionName = None,
    slots: Annotated[int, typer.Option(min=1, help="Codes that run at a time.")] = 2,
    as_json: Json = False,
) -> None:
    """Make everything that is due, level after level; exit 1 if a build failed or is held."""
    with open_catalog() as catalog:
        loaded = _loaded(catalog, mission)
        counts = [0, 0]
        with progress_bar("making") as move:

            def planned(one: Plan) -> None:
                counts[1] += len(one.to_make)
                move(counts[0], counts[1])

            def ended(_: BuildResult) -> None:
                counts[0] += 1
                move(counts[0], counts[1])

            report = process_pending(
                catalog, loaded, this_person(), slots=slots, report=ended, planned=planned
            )
    rows = [_result_row(one) for one in report.results]
    bad = [row for row in rows if row["state"] in (BuildState.FAILED, BuildState.HELD)]
    if as_json:
        show_json(rows)
    else:
        out.print(f"{report.count(BuildState.BUILT)} built, {len(bad)} failed or held")
        if bad:
            show_table(bad, ("process", "date", "state", "reason"), title="Trouble", none="")
    if bad:
        raise typer.Exit(1)


def _result_row(one: BuildResult) -> dict[str, Any]:
    return {
        "build": one.build_id,
        "process": one.process,
        "date": one.utc_date,
        "state": one.state,
        "version": str(one.version) if one.version else None,
        "reason": one.reason,
    }


def why(
    product: Annotated[str, typer.Argument(help="The product.")],
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="The date, UTC.")],
    mission: Annotated[
        str | None, typer.Option("--mission", "-m", help="The mission, if there are several.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say why a product of a date is there, or is not; exit 1 if it is not."""
    with open_catalog() as catalog:
        answer = explain(catalog, _loaded(catalog, mission), product, day.date())
    if as_json:
        show_json(
            {"product": answer.product, "date": answer.day, "made": answer.made,
             "headline": answer.headline, "details": answer.details}
        )  # fmt: skip
    else:
        for line in answer.lines:
            out.print(line, markup=False, soft_wrap=True)
    if not answer.made:
        raise typer.Exit(1)
