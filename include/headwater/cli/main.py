"""The `headwater` command: what it is made of, and how its errors reach a person."""

from __future__ import annotations

import sys

import typer

from headwater import __version__
from headwater.cli import catalog_commands, mission_commands
from headwater.cli.demo_command import demo
from headwater.cli.listing_commands import arrivals, builds, events, files, provenance, status
from headwater.cli.output import err
from headwater.cli.stack_commands import doctor, down, up
from headwater.cli.work_commands import ingest, plan, process, why
from headwater.core.errors import HeadwaterError

app = typer.Typer(
    name="headwater",
    help="Run a science mission's data: files arrive, every derived product is made.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)

for title, commands in {
    "The local stack": (up, down, doctor, demo),
    "What there is": (status, files, builds, arrivals, events),
    "Work": (ingest, process, plan),
    "Questions": (why, provenance),
}.items():
    for command in commands:
        app.command(rich_help_panel=title)(command)
app.add_typer(catalog_commands.app, name="catalog", rich_help_panel="Administration")
app.add_typer(mission_commands.app, name="mission", rich_help_panel="Administration")


@app.callback(invoke_without_command=True)
def version(
    show: bool = typer.Option(False, "--version", help="Print the version and end."),
) -> None:
    """Run a science mission's data: files arrive, every derived product is made."""
    if show:
        typer.echo(f"headwater {__version__}")
        raise typer.Exit


def run() -> None:
    """Entry point: 0 fine, 1 with one sentence on stderr for a problem, 2 for wrong use."""
    try:
        app()
    except HeadwaterError as error:
        err.print(f"headwater: {error}", markup=False, soft_wrap=True)
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our output (`| head`) has gone; there is nobody to tell.
        sys.stderr.close()
        sys.exit(1)
