"""The `headwater` command: what it is made of, and how its errors reach a person."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import ClassVar

import typer

from headwater import __version__
from headwater.cli.lazy_group import LazyGroup, Place
from headwater.core.errors import HeadwaterError

_STACK, _LISTS, _WORK = "The local stack", "What there is", "Work"
_QUESTIONS, _CHANGES, _ADMINISTRATION = "Questions", "Changes", "Administration"


class Commands(LazyGroup):
    """Every command and where it is."""

    places: ClassVar[Mapping[str, Place]] = {
        "up": Place("stack_commands", "up", _STACK),
        "down": Place("stack_commands", "down", _STACK),
        "doctor": Place("stack_commands", "doctor", _STACK),
        "demo": Place("demo_command", "demo", _STACK),
        "status": Place("listing_commands", "status", _LISTS),
        "files": Place("listing_commands", "files", _LISTS),
        "coverage": Place("listing_commands", "coverage", _LISTS),
        "builds": Place("listing_commands", "builds", _LISTS),
        "arrivals": Place("listing_commands", "arrivals", _LISTS),
        "events": Place("listing_commands", "events", _LISTS),
        "passes": Place("listing_commands", "passes", _LISTS),
        "ingest": Place("work_commands", "ingest", _WORK),
        "process": Place("work_commands", "process", _WORK),
        "plan": Place("plan_command", "plan", _WORK),
        "why": Place("work_commands", "why", _QUESTIONS),
        "provenance": Place("listing_commands", "provenance", _QUESTIONS),
        "check": Place("check_command", "check", _QUESTIONS),
        "impact": Place("impact_command", "impact", _QUESTIONS),
        "audit": Place("audit_command", "audit_archive", _QUESTIONS),
        "code": Place("code_commands", "app", _CHANGES),
        "campaign": Place("campaign_commands", "app", _CHANGES),
        "qa": Place("qa_command", "qa", _CHANGES),
        "product": Place("product_commands", "app", _CHANGES),
        "release": Place("release_commands", "app", _CHANGES),
        "hold": Place("hold_commands", "app", _CHANGES),
        "retry": Place("hold_commands", "retry", _CHANGES),
        "purge": Place("purge_command", "purge", _CHANGES),
        "catalog": Place("catalog_commands", "app", _ADMINISTRATION),
        "mission": Place("mission_commands", "app", _ADMINISTRATION),
        "dbprocessing": Place("dbprocessing.command", "app", _ADMINISTRATION),
    }


app = typer.Typer(
    cls=Commands,
    name="headwater",
    help="Run a science mission's data: files arrive, every derived product is made.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)


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
        from headwater.cli.output import err

        err.print(f"headwater: {error}", markup=False, soft_wrap=True)
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our output (`| head`) has gone; there is nobody to tell.
        sys.stderr.close()
        sys.exit(1)
