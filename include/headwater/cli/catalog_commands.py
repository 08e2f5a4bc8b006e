"""Commands on the catalog as a whole: upgrade, check, backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headwater.catalog import schema
from headwater.cli.opening import DryRun, Json, open_catalog
from headwater.cli.output import out, show_json
from headwater.core.errors import CatalogSchemaError
from headwater.local.dump import dump_catalog, restore_catalog

app = typer.Typer(help="The catalog's schema and safety.", no_args_is_help=True)


@app.command()
def upgrade(dry_run: DryRun = False) -> None:
    """Bring the catalog's schema up to date, in one transaction."""
    with open_catalog(checked=False) as catalog:
        if dry_run:
            with catalog.read() as connection:
                before = schema.current_revision(connection)
            out.print(f"schema {before or 'none'}; would be {schema.known_revision()}")
            return
        before, after = schema.upgrade(catalog)
    if before == after:
        out.print(f"the catalog's schema is {after} already")
    else:
        out.print(f"the catalog's schema is {after} now (it was {before or 'empty'})")


@app.command()
def check(as_json: Json = False) -> None:
    """See whether the catalog answers and its schema is the one that is needed."""
    with open_catalog(checked=False) as catalog:
        schema.check(catalog)
    if as_json:
        show_json({"schema": schema.known_revision(), "ok": True})
    else:
        out.print(f"the catalog answers, and its schema is {schema.known_revision()}")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it; must not exist.")],
) -> None:
    """Write the whole catalog, as one consistent state, to a file that only you can read."""
    with open_catalog() as catalog:
        size = dump_catalog(catalog, file)
    out.print(f"wrote {file} ({size:,} bytes)")


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="A file that 'backup' wrote.")]) -> None:
    """Read a backup into an empty database; a catalog that is there is never overwritten."""
    with open_catalog(checked=False) as catalog:
        with catalog.read() as connection:
            there = schema.current_revision(connection)
        if there is not None:
            raise CatalogSchemaError(
                f"the database {catalog.url.database!r} holds a catalog already: restore into an "
                "empty database"
            )
        restore_catalog(catalog, file)
        schema.check(catalog)
    out.print(f"restored the catalog from {file}")
