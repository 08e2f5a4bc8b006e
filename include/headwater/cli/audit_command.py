"""``headwater audit``: whether disk and catalog agree, and what repairs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated, Any

import typer

from headwater.archive.finding import AuditReport, Finding
from headwater.archive.pacing import rate_of
from headwater.cli.opening import DryRun, Json, MissionName, open_catalog, the_mission, this_person
from headwater.cli.output import out, progress_bar, show_json, show_table
from headwater.flows.audit import AuditWishes, Progress, Scrub, audit

_COLUMNS = ("kind", "subject", "problem", "state", "action")


def audit_archive(
    mission: MissionName = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Do the safe action of each finding.")
    ] = False,
    scrub: Annotated[
        str | None,
        typer.Option(
            help="Read all bytes again, at a rate such as 50MB/s, or none.", metavar="RATE"
        ),
    ] = None,
    many_lost: Annotated[
        bool, typer.Option("--many-lost", help="Believe it where very many files are lost.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Compare the archive on disk with the catalog; exit 1 if something is left wrong.

    Without --repair and --scrub it only looks.
    """
    reads = None if scrub is None else Scrub(rate_of(scrub))
    wishes = AuditWishes(repair, dry_run, reads, many_lost)
    with open_catalog() as catalog:
        name = the_mission(catalog, mission)
        with _progress() as progress:
            report = audit(catalog, name, this_person(), wishes, progress)
    if as_json:
        show_json(_as_data(report))
    else:
        _show(report)
    if report.wrong:
        raise typer.Exit(1)


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar for each thing that is done, the next one taking its place."""
    with ExitStack() as bars:
        shown: dict[str, Callable[[int, int | None], None]] = {}

        def progress(what: str, done: int, of: int | None) -> None:
            if what not in shown:
                bars.close()
                shown.clear()
                shown[what] = bars.enter_context(progress_bar(what, of))
            shown[what](done, of)

        yield progress


def _row(one: Finding) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "subject": one.subject,
        "problem": one.problem,
        "state": one.state.value,
        "action": one.action,
    }


def _as_data(report: AuditReport) -> dict[str, Any]:
    read = report.scrubbed
    return {
        "mission": report.mission,
        "looked_at": report.looked_at,
        "wrong": report.wrong,
        "repaired": report.repaired,
        "counts": dict(report.counts),
        "scrubbed": None if read is None else {"files": read.files, "bytes": read.bytes},
        "findings": [_row(one) for one in report.kept],
    }


def _show(report: AuditReport) -> None:
    title = f"Audit of {report.mission}"
    if report.kept:
        show_table([_row(one) for one in report.kept], _COLUMNS, title=title, none="")
    more = report.wrong + report.repaired - len(report.kept)
    if more:
        out.print(f"and {more:,} more")
    read = ""
    if report.scrubbed is not None:
        read = f", {report.scrubbed.files:,} read ({report.scrubbed.bytes / 1e9:.3f} GB)"
    out.print(f"{report.looked_at:,} files looked at{read}: {_result(report)}", soft_wrap=True)


def _result(report: AuditReport) -> str:
    repaired = f", {report.repaired:,} repaired" if report.repaired else ""
    return f"{report.wrong:,} wrong{repaired}" if report.wrong else f"nothing is wrong{repaired}"
