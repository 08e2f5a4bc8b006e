"""``headwater up``, ``down`` and ``doctor``: the local stack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from headwater.core.errors import HeadwaterError
from headwater.local.doctor import examine
from headwater.local.finding import Check, Verdict
from headwater.local.home import LocalHome
from headwater.local.stack import LocalStack

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="HEADWATER_HOME",
        help="Folder of the stack's state; default ./.headwater.",
        show_default=False,
    ),
]

_COLOURS = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.PROBLEM: "red"}


@contextmanager
def _one_sentence() -> Iterator[None]:
    """Turn an error that we can explain into one sentence on stderr and exit status 1."""
    try:
        yield
    except HeadwaterError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


class _Progress:
    """Steps of a start: a spinner with the newest on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._status = self._console.status("starting") if self._console.is_terminal else None

    def __enter__(self) -> _Progress:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *unused: object) -> None:
        if self._status is not None:
            self._status.stop()

    def tell(self, line: str) -> None:
        """Show one line."""
        self._console.print(line, markup=False, soft_wrap=True)
        if self._status is not None:
            self._status.update(line.strip())

    def ready(self) -> None:
        """Leave the spinner: what follows is not a start any more."""
        if self._status is not None:
            self._status.stop()


def up(
    home: HomeOption = None,
    port: Annotated[
        int | None,
        typer.Option(
            help="Port of the UI on 127.0.0.1; default: the last one, else 8080, else a free one.",
            show_default=False,
        ),
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Come back when it is ready; it runs on.")
    ] = False,
) -> None:
    """Start Postgres, Airflow and the plug-in on this machine.

    Runs until Ctrl-C, which stops everything, or comes back when all is ready with --detach.
    """
    stack = LocalStack(LocalHome(home))
    with _one_sentence(), _Progress() as progress:

        def tell(line: str) -> None:
            progress.tell(line)
            if "password is kept" in line:  # the last line of a start
                progress.ready()

        if detach:
            stack.start(port, report=tell)
            for line in stack.sign_in_lines():
                tell(line)
            progress.tell("`headwater down` stops it.")
        else:
            stack.serve(port, report=tell)


def down(home: HomeOption = None) -> None:
    """Stop the local stack, and end what a killed one left behind."""
    with _one_sentence():
        if LocalStack(LocalHome(home)).stop(report=typer.echo):
            typer.echo("stopped")
        else:
            typer.echo("nothing was running")


def doctor(
    home: HomeOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON list for a program.")
    ] = False,
) -> None:
    """Say what is wrong with this installation, and what mends it.

    Exit status 1 when there is a problem; a warning is none.
    """
    with _one_sentence():
        found = examine(LocalHome(home))
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in found], indent=1))
    else:
        _show(found)
    if any(check.verdict is Verdict.PROBLEM for check in found):
        raise typer.Exit(1)


def _show(found: list[Check]) -> None:
    """Print a table on a terminal, and a line a check elsewhere."""
    console = Console(highlight=False)
    if not console.is_terminal:
        for check in found:
            fix = f" -> {check.fix}" if check.fix else ""
            typer.echo(f"{check.verdict:8} {check.name}: {check.text}{fix}")
        return
    table = Table("check", "", "what", "what to do", box=None, pad_edge=False)
    for check in found:
        # Text from files and servers is no markup.
        verdict = Text(check.verdict, style=_COLOURS[check.verdict])
        table.add_row(check.name, verdict, Text(check.text), Text(check.fix))
    console.print(table)
