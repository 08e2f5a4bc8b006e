"""The schema's version: bring a catalog up to date, or refuse one that is not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from headwater.catalog.connection import Catalog
from headwater.core.errors import CatalogSchemaError

if TYPE_CHECKING:
    from alembic.config import Config

SCHEMA = "headwater"
VERSION_TABLE = "schema_version"
_MIGRATIONS = Path(__file__).parent / "migrations"
_UPGRADE_LOCK = 0x48656164  # "Head": any number that no other program uses in this database

_HAS_VERSION = text("select to_regclass(:table) is not null")
_VERSION = text(f"select version_num from {SCHEMA}.{VERSION_TABLE}")  # noqa: S608  two constants


def known_revisions() -> list[str]:
    """The revisions of this program, the oldest first: the numbers that its steps begin with.

    Read from their names, since every command asks and Alembic takes a quarter of a second to
    load; a test compares the two.
    """
    return sorted(path.name.split("_")[0] for path in _MIGRATIONS.glob("versions/[0-9]*.py"))


def known_revision() -> str:
    """The schema revision that this program was written for."""
    known = known_revisions()
    if not known:
        raise CatalogSchemaError("this installation has no migrations: install Headwater again")
    return known[-1]


def current_revision(connection: Connection) -> str | None:
    """The schema revision of the catalog; none for an empty database."""
    if not connection.execute(_HAS_VERSION, {"table": f"{SCHEMA}.{VERSION_TABLE}"}).scalar():
        return None
    revision: str | None = connection.execute(_VERSION).scalar()
    return revision


def check(catalog: Catalog) -> None:
    """Refuse a catalog whose schema this program does not know.

    Raises
    ------
    CatalogSchemaError
        With the command that helps.
    CatalogUnavailableError
        If the database does not answer.
    """
    with catalog.read() as connection:
        current = current_revision(connection)
    known = known_revision()
    if current == known:
        return
    if current is None:
        raise CatalogSchemaError(
            f"the database {catalog.url.database!r} holds no catalog yet: "
            "run 'headwater catalog upgrade'"
        )
    if current in known_revisions():
        raise CatalogSchemaError(
            f"the catalog's schema is {current}, this program needs {known}: "
            "run 'headwater catalog upgrade'"
        )
    raise CatalogSchemaError(
        f"the catalog's schema is {current}, newer than this program ({known}): "
        "install the Headwater that upgraded it"
    )


def upgrade(catalog: Catalog) -> tuple[str | None, str]:
    """Bring the schema up to date, and return the revisions before and after.

    Two upgrades at once wait for each other; all steps are one transaction.

    Raises
    ------
    CatalogUnavailableError
        If the database does not answer.
    CatalogSchemaError
        If the catalog is newer than this program.
    """
    from alembic import command

    with catalog.begin() as connection:
        connection.execute(text(f"select pg_advisory_xact_lock({_UPGRADE_LOCK})"))
        connection.execute(text(f"create schema if not exists {SCHEMA}"))
        before = current_revision(connection)
        if before is not None and before not in known_revisions():
            raise CatalogSchemaError(
                f"the catalog's schema is {before}, newer than this program "
                f"({known_revision()}): install the Headwater that upgraded it"
            )
        command.upgrade(_config(connection), "head")
    return before, known_revision()


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config
