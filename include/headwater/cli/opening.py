"""Opening what a command works on: the catalog, and the mission that is meant."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from sqlalchemy import Connection

from headwater.catalog import schema
from headwater.catalog.connection import URL_VARIABLE, Catalog
from headwater.core.actor import Actor
from headwater.core.errors import NotFoundError, SettingError
from headwater.missions.loaded import mission_names

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
MissionName = Annotated[
    str | None, typer.Argument(help="The mission; may be left out if there is one.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Change nothing; say what would be done.")]


@contextmanager
def open_catalog(*, checked: bool = True) -> Iterator[Catalog]:
    """The catalog of ``HEADWATER_CATALOG_URL``, or else of the local stack that runs here.

    Raises
    ------
    SettingError
        If neither is there.
    CatalogSchemaError
        If `checked` and the schema is not the one that is needed.
    CatalogUnavailableError
        If the database does not answer.
    """
    catalog = Catalog(os.environ.get(URL_VARIABLE) or _local_url())
    try:
        if checked:
            schema.check(catalog)
        yield catalog
    finally:
        catalog.close()


def _local_url() -> str:
    from headwater.local.stack import LocalStack  # loads much that few commands need

    stack = LocalStack()
    if stack.status().is_running:
        return stack.catalog_url()
    raise SettingError(
        f"no catalog is known: start the local stack with 'headwater up' (its folder would be "
        f"{stack.home.root}), or set {URL_VARIABLE} to postgresql://USER:PASSWORD@HOST/DATABASE"
    )


def the_mission(catalog: Catalog | Connection, name: str | None) -> str:
    """The mission that is named, or the only one there is.

    Raises
    ------
    NotFoundError
        If there is no such mission, none at all, or several and no name.
    """
    known = mission_names(catalog)
    if name in known:
        return str(name)
    if not known:
        raise NotFoundError("the catalog has no mission yet: run 'headwater mission apply FILE'")
    if name is None and len(known) == 1:
        return known[0]
    if name is None:
        raise NotFoundError(f"say which mission: {', '.join(known)}")
    raise NotFoundError(f"there is no mission {name!r}: known are {', '.join(known)}")


def this_person() -> Actor:
    """The person at the terminal, as events name them."""
    return Actor(f"cli:{getpass.getuser()}")
