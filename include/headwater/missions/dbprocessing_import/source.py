"""A dbprocessing database, opened to be read: sqlite or Postgres, of today's shape or older.

Which tables and columns there are is read from the database itself, as dbprocessing does. Values
come as the driver gives them; :mod:`.values` reads them.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Result,
    Row,
    Select,
    TableClause,
    column,
    create_engine,
    func,
    inspect,
    literal_column,
    select,
    table,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from headwater.core.errors import OldDatabaseError

AT_ONCE = 20_000
"""Rows that are held in memory at a time."""

_NEEDED = ("mission", "satellite", "instrument", "product", "process", "code", "inspector", "file")
_CONNECT_SECONDS = 10


@dataclass(slots=True)
class OldDatabase:
    """An open database; all reads see it as it was when it was opened."""

    shown: str
    """How messages name it; without a password."""
    names: tuple[str, ...]
    """By what the old command lines may know it."""
    connection: Connection
    _columns: dict[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Look which tables and columns there are."""
        with self._reading():
            inspector = inspect(self.connection)
            for name in inspector.get_table_names():
                found = inspector.get_columns(name)
                self._columns[name] = frozenset(one["name"] for one in found)
        missing = [name for name in _NEEDED if name not in self._columns]
        if missing:
            raise OldDatabaseError(
                f"{self.shown} is not a database of dbprocessing: it has no table "
                f"{', '.join(missing)}"
            )

    def has(self, name: str) -> bool:
        """Whether there is a table of this name."""
        return name in self._columns

    def count(self, name: str) -> int:
        """How many rows a table has; 0 where there is no such table."""
        if not self.has(name):
            return 0
        with self._reading():
            return int(self.connection.scalar(select(func.count()).select_from(table(name))) or 0)

    def rows(self, name: str, columns: Sequence[str], order: Sequence[str]) -> Iterator[Row[Any]]:
        """The rows of a table, as a stream; a column that the table lacks is None in each.

        No rows where there is no such table.
        """
        if not self.has(name):
            return
        there = self._columns[name]
        wanted: list[ColumnElement[Any]] = [
            column(one) if one in there else literal_column("null").label(one) for one in columns
        ]
        statement = select(*wanted).select_from(table(name))
        statement = statement.order_by(*(column(one) for one in order if one in there))
        with self._reading():
            yield from self._stream(statement)

    def orphans(self, name: str, key: str, parent: str, parent_key: str) -> Iterator[Any]:
        """The values of `key` of a table for which `parent` has no row."""
        if not self.has(name) or not self.has(parent):
            return
        child = _table(name, key)
        other = _table(parent, parent_key)
        statement = (
            select(child.c[key])
            .select_from(child.outerjoin(other, other.c[parent_key] == child.c[key]))
            .where(other.c[parent_key].is_(None), child.c[key].is_not(None))
            .order_by(child.c[key])
        )
        with self._reading():
            yield from self._stream(statement).scalars()

    def _stream(self, statement: Select[Any]) -> Result[Any]:
        return self.connection.execute(statement, execution_options={"yield_per": AT_ONCE})

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise _unreadable(self.shown, error) from error


def _table(name: str, key: str) -> TableClause:
    return table(name, column(key))


@contextmanager
def open_database(database: str) -> Iterator[OldDatabase]:
    """Open a sqlite file, a Postgres address, or a Postgres database by its bare name.

    For a bare name, and for what an address leaves out, PGHOST, PGPORT, PGUSER and PGPASSWORD
    count, as for dbprocessing. A sqlite file is copied first, so that the old system is kept from
    writing for a moment only.

    Raises
    ------
    OldDatabaseError
        If it cannot be opened, or is no database of dbprocessing.
    """
    path = Path(database).expanduser()
    if path.exists():
        with _copied(path) as copy:
            # The path as given, also relative, and where it leads: a cron line may have either.
            names = tuple(dict.fromkeys((database, str(path.absolute()), str(path.resolve()))))
            url = URL.create("sqlite", database=str(copy))
            with _connected(url, str(path)) as connection:
                yield OldDatabase(str(path), names, connection)
        return
    url, names = _postgres_address(database)
    shown = _without_password(url)
    with _connected(url, shown) as connection:
        yield OldDatabase(shown, names, connection)


@contextmanager
def _copied(path: Path) -> Iterator[Path]:
    """A consistent copy of a sqlite file in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="headwater-import-") as folder:
        copy = Path(folder, "old.sqlite")
        try:
            source = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
            target = sqlite3.connect(copy)
            try:
                source.backup(target)
            finally:
                source.close()
                target.close()
        except (sqlite3.Error, OSError) as error:
            raise OldDatabaseError(
                f"{path} cannot be read as a sqlite database: {error}"
            ) from error
        yield copy


def _postgres_address(database: str) -> tuple[URL, tuple[str, ...]]:
    if "://" not in database:
        if "/" in database or database.endswith((".sqlite", ".db", ".sqlite3")):
            raise OldDatabaseError(
                f"there is no file {database}: give the path of a sqlite file, "
                "postgresql://USER@HOST/DATABASE, or the name of a Postgres database"
            )
        return URL.create("postgresql+psycopg", database=database), (database,)
    try:
        url = make_url(database)
    except ArgumentError as error:
        raise OldDatabaseError(
            "the address of the database cannot be read: expected postgresql://USER@HOST/DATABASE"
        ) from error
    if url.get_backend_name() not in ("postgresql", "postgres") or not url.database:
        raise OldDatabaseError(
            f"{_without_password(url)} is no Postgres address with a database: "
            "expected postgresql://USER@HOST/DATABASE, or the path of a sqlite file"
        )
    return url.set(drivername="postgresql+psycopg"), (_without_password(url), url.database)


def _without_password(url: URL) -> str:
    """The address as it may be shown and kept."""
    plain = url.set(drivername=url.get_backend_name(), password=None).difference_update_query(
        ["password"]
    )
    return plain.render_as_string()


@contextmanager
def _connected(url: URL, shown: str) -> Iterator[Connection]:
    postgres = url.get_backend_name() == "postgresql"
    engine = create_engine(
        url,
        poolclass=NullPool,
        connect_args={"connect_timeout": _CONNECT_SECONDS} if postgres else {},
    )
    try:
        connection = engine.connect()
    except DBAPIError as error:
        raise _unreadable(shown, error) from error
    with connection:
        if postgres:
            connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        yield connection


def _unreadable(shown: str, error: DBAPIError) -> OldDatabaseError:
    reason = str(error.orig).strip().splitlines()[0]
    return OldDatabaseError(f"the database {shown} cannot be read: {reason}")
