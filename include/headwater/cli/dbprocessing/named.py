"""What the scripts name: a mission by name or old database, its parts by name or number."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.databases import mission_of_database, record_database
from headwater.cli.opening import open_catalog
from headwater.core.errors import NotFoundError
from headwater.missions.loaded import (
    LoadedMission,
    LoadedProcess,
    LoadedProduct,
    load_mission,
    mission_names,
)

_Part = TypeVar("_Part", LoadedProduct, LoadedProcess)


@contextmanager
def open_mission(database: str) -> Iterator[tuple[Catalog, LoadedMission]]:
    """The catalog, and the mission that ``-m`` names.

    Raises
    ------
    NotFoundError
        If no mission has that name, and none came from that database.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    with open_catalog() as catalog:
        yield catalog, mission_of(catalog, database)


def mission_of(catalog: Catalog, database: str) -> LoadedMission:
    """The mission of that name, or of the dbprocessing database that was recorded for it.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    return load_mission(catalog, mission_name(catalog, database))


def mission_name(catalog: Catalog, database: str) -> str:
    """The name of the mission that `database` names, also of one that cannot be loaded.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    with catalog.read() as connection:
        name = named_mission(connection, database)
        if name is None:
            known = ", ".join(mission_names(connection)) or "none yet"
            raise NotFoundError(
                f"no mission is named {database!r}, and none came from such a database; known "
                f"are: {known}"
            )
    return name


def named_mission(connection: Connection, database: str) -> str | None:
    """The name of the mission that `database` names; none if there is none."""
    if database in mission_names(connection):
        return database
    return mission_of_database(connection, spellings(database))


def record(connection: Connection, database: str, mission: str) -> None:
    """Remember that a mission is also named by a database, unless that is its own name."""
    if database != mission:
        record_database(connection, spellings(database), mission)


def spellings(database: str) -> list[str]:
    """A database as it was given and, for a path, absolute and without links."""
    if os.sep not in database and not os.path.exists(database):  # noqa: PTH110  may be no path
        return [database]
    return list(dict.fromkeys([database, os.path.abspath(database), os.path.realpath(database)]))  # noqa: PTH100  as above


def product_of(mission: LoadedMission, text: str) -> LoadedProduct:
    """A product by name or number.

    Raises
    ------
    NotFoundError
        If the mission has none.
    """
    return _numbered(mission.products, text) or mission.product(text)


def process_of(mission: LoadedMission, text: str) -> LoadedProcess:
    """A process by name or number.

    Raises
    ------
    NotFoundError
        If the mission has none.
    """
    return _numbered(mission.processes, text) or mission.process(text)


def _numbered(parts: Mapping[int, _Part], text: str) -> _Part | None:
    return parts.get(int(text)) if text.isdecimal() else None
