"""How the command shows things: tables and bars for a person, JSON for a program."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

WIDE = 160
"""Columns where nobody's window sets a width: a log, a pipe."""

out = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
"""What was asked for."""

err = Console(stderr=True, highlight=False)
"""What goes on meanwhile, and what went wrong."""

STYLES = {
    "failed": "red",
    "held": "magenta",
    "quarantined": "red",
    "running": "cyan",
    "waiting": "yellow",
    "pending": "yellow",
    "built": "green",
    "adopted": "green",
    "current": "green",
    "stale": "yellow",
    "building": "cyan",
    "not expected": "dim",
    "lost": "red",
    "missing": "yellow",
    "problem": "red",
    "ok": "green",
}


def show_json(value: object) -> None:
    """Print `value` as JSON; dates and times are ISO 8601, UTC."""
    sys.stdout.write(json.dumps(value, indent=2, default=_as_json, ensure_ascii=False) + "\n")


def _as_json(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def show_table(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, title: str, none: str
) -> None:
    """Print `columns` of `rows` as a table, or the sentence `none` when there are no rows."""
    if not rows:
        out.print(none)
        return
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        number = all(isinstance(row[column], int | float | None) for row in rows)
        table.add_column(
            column.replace("_", " "),
            justify="right" if number else "left",
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(_cell(row[column]) for column in columns))
    out.print(table)


def _cell(value: object) -> Text:
    if value is None:
        return Text("-", style="dim")
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if isinstance(value, datetime):
        return Text(value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"))
    if isinstance(value, float):
        return Text(f"{value:g}" if value == int(value) else f"{value:.2f}")
    shown = str(value)
    return Text(shown, style=STYLES.get(shown, ""))


@contextmanager
def progress_bar(
    what: str, total: int | None = None
) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on a terminal, one line at the end elsewhere.

    The function that is given takes how many have been done, and how many there are when known.
    """
    done = [0, total]

    def note(count: int, of: int | None = None) -> None:
        done[:] = [count, of if of is not None else done[1]]

    if not err.is_terminal:
        yield note
        of = f" of {done[1]}" if done[1] else ""
        err.print(f"{what}: {done[0]}{of}")
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=err, transient=True) as bar:
        task = bar.add_task(what, total=total)

        def move(count: int, of: int | None = None) -> None:
            note(count, of)
            bar.update(task, completed=count, total=done[1])

        yield move
