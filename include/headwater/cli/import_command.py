"""The command that brings an existing dbprocessing database into the catalog."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Annotated, Any, Self

import typer

from headwater.cli.airflow_notice import tell_airflow
from headwater.cli.opening import DryRun, Json, open_catalog, this_person
from headwater.cli.output import err, out, progress_bar, show_json, show_table
from headwater.missions.dbprocessing_import.oddities import Oddity
from headwater.missions.dbprocessing_import.service import Imported, import_database

_ROWS_SHOWN = 3


def import_mission(
    database: Annotated[
        str,
        typer.Argument(
            help="A sqlite file, postgresql://USER@HOST/DATABASE, or the name of a Postgres "
            "database (PGHOST, PGPORT, PGUSER and PGPASSWORD count)."
        ),
    ],
    name: Annotated[
        str | None, typer.Option("--as", help="The mission's name here; its own if left out.")
    ] = None,
    rootdir: Annotated[
        str | None, typer.Option(help="Where its files lie, if not where the database says.")
    ] = None,
    several_per_day: Annotated[
        list[str] | None,
        typer.Option(help="A product of which one day may have several files; may be repeated."),
    ] = None,
    check_files: Annotated[
        bool, typer.Option("--check-files", help="Read every file: there, size, checksums.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Bring the mission of a dbprocessing database into the catalog, all of it or nothing.

    The old database is only read. Importing it twice changes nothing; importing it after the old
    system has gone on adds what is new. What is odd in it is listed with what was done about it.
    """
    with open_catalog() as catalog:
        with _Progress() as report:
            result = import_database(
                catalog,
                database,
                this_person(),
                name=name,
                rootdir=rootdir,
                several_per_day=several_per_day or (),
                read_files=check_files,
                dry_run=dry_run,
                report=report,
            )
        told = [] if dry_run or not result.changes else tell_airflow(catalog, [result.mission])
    if as_json:
        show_json(_as_dict(result))
        return
    _show(result)
    for line in told:
        out.print(f"  {line}", markup=False)


class _Progress:
    """A bar for each thing that goes on, one after the other."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._what = ""
        self._move: Callable[[int, int | None], None] = lambda _done, _of: None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def __call__(self, what: str, done: int, total: int | None) -> None:
        if what != self._what:
            self._stack.close()
            self._what = what
            self._move = self._stack.enter_context(progress_bar(what, total))
        self._move(done, total)


def _as_dict(result: Imported) -> dict[str, Any]:
    return {
        "mission": result.mission,
        "database": result.database,
        "dry_run": result.dry_run,
        "changed": result.changed,
        "changes": result.changes,
        "counts": result.counts,
        "oddities": [one.as_dict() for one in result.oddities],
        "notes": result.notes,
    }


def _show(result: Imported) -> None:
    if not result.changed:
        out.print(f"mission {result.mission} has all of {result.database} already", markup=False)
    else:
        did = "would be imported" if result.dry_run else "is imported"
        out.print(f"mission {result.mission} {did} from {result.database}", markup=False)
    for change in result.changes:
        out.print(f"  {change}", markup=False)
    counts = ", ".join(f"{count} {what}" for what, count in result.counts.items() if count)
    if counts:
        out.print(f"  {counts}", markup=False)
    show_table(
        [_row(one) for one in result.oddities],
        ("odd", "rows", "which", "done"),
        title="What is odd, and what was done about it",
        none="nothing is odd",
    )
    for note in result.notes:
        err.print(f"  note: {note}", markup=False)


def _row(one: Oddity) -> dict[str, Any]:
    shown = one.rows[:_ROWS_SHOWN]
    more = one.count - len(shown)
    if more:
        shown.append(f"and {more} more" if shown else str(more))
    return {"odd": one.what, "rows": one.count, "which": "\n".join(shown), "done": one.done}
