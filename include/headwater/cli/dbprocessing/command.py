"""``headwater dbprocessing SCRIPT ARGS...``, and launchers under the scripts' own names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headwater.cli.dbprocessing.launchers import install_launchers
from headwater.cli.dbprocessing.scripts import SCRIPTS, run_script

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


# What follows the script's name is the script's own, also --help.
@app.command(context_settings={"allow_extra_args": True, "allow_interspersed_args": False})
def dbprocessing(
    context: typer.Context,
    script: Annotated[
        str | None, typer.Argument(help="A script of dbprocessing, e.g. ProcessQueue.py.")
    ] = None,
    install: Annotated[
        Path | None, typer.Option("--install", help="Write launchers of all scripts here.")
    ] = None,
) -> None:
    """Run a script of dbprocessing under its own name and flags.

    Without a script, list them. `SCRIPT --help` says what a script takes; `-m` is the name of a
    mission, or the database that it had in dbprocessing.
    """
    if install is not None:
        for path in install_launchers(install):
            typer.echo(path)
    elif script is None:
        typer.echo("\n".join(SCRIPTS))
    else:
        raise typer.Exit(run_script(script, context.args))
