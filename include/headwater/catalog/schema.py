"""The schema's version: bring a catalog up to date, or refuse one that is not."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, text

from headwater.catalog.connection import Catalog
from headwater.catalog.models import SCHEMA
from headwater.core.errors import CatalogSchemaError

VERSION_TABLE = "schema_version"
_UPGRADE_LOCK = 0x48656164  # "Head": any number that no other program uses in this database


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def known_revision() -> str:
    """The schema revision that this program was written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise CatalogSchemaError("this installation has no migrations: install Headwater again")
    return head


def current_revision(connection: Connection) -> str | None:
    """The schema revision of the catalog; none for an empty database."""
    context = MigrationContext.configure(
        connection, opts={"version_table": VERSION_TABLE, "version_table_schema": SCHEMA}
    )
    return context.get_current_revision()


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
    if current in {script.revision for script in _scripts()}:
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
    with catalog.begin() as connection:
        connection.execute(text(f"select pg_advisory_xact_lock({_UPGRADE_LOCK})"))
        connection.execute(text(f"create schema if not exists {SCHEMA}"))
        before = current_revision(connection)
        known = {script.revision for script in _scripts()}
        if before is not None and before not in known:
            raise CatalogSchemaError(
                f"the catalog's schema is {before}, newer than this program "
                f"({known_revision()}): install the Headwater that upgraded it"
            )
        command.upgrade(_config(connection), "head")
    return before, known_revision()


def _scripts() -> list[Script]:
    return list(ScriptDirectory.from_config(_config()).walk_revisions())
