"""How the program reaches the catalog, and the one door through which database errors leave."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from headwater.core.errors import CatalogBusyError, CatalogUnavailableError, SettingError

URL_VARIABLE = "HEADWATER_CATALOG_URL"
CONNECT_SECONDS = 10
IDLE_IN_TRANSACTION = "60s"
"""So long may a transaction wait for its owner; one that stands still would stop all others."""
_LIMIT_IDLENESS = f"""
    select set_config('idle_in_transaction_session_timeout', '{IDLE_IN_TRANSACTION}', false)
    where current_setting('idle_in_transaction_session_timeout') = '0'
"""
_BUSY = {"40001", "40P01", "55P03", "57014"}
"""Postgres's codes: serialization failure, deadlock, lock not available, statement cancelled."""
_FATAL = re.compile(r"FATAL:\s+(.*)")
"""Why the server let nobody in, in the words that it sent before it hung up."""
_REFUSES = {"25006", "53100", "53200", "53300", "53400"}
"""Read-only, disk full, out of memory, too many connections, a limit of its configuration."""


def catalog_url(text: str | None = None) -> URL:
    """The catalog's address, from `text` or else from ``HEADWATER_CATALOG_URL``.

    ``postgresql://`` and ``postgres://`` both mean psycopg 3.

    Raises
    ------
    SettingError
        If no address is known, or it is not one of Postgres.
    """
    text = text or os.environ.get(URL_VARIABLE)
    if not text:
        raise SettingError(
            f"no catalog is known: set {URL_VARIABLE} to postgresql://USER:PASSWORD@HOST/DATABASE, "
            "or start the local stack with 'headwater up'"
        )
    if text.startswith("postgres://"):
        text = "postgresql://" + text.removeprefix("postgres://")
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise SettingError(
            f"{URL_VARIABLE} is not a database address: expected "
            "postgresql://USER:PASSWORD@HOST/DATABASE"
        ) from error
    if url.get_backend_name() != "postgresql":
        raise SettingError(
            f"the catalog needs Postgres, not {url.get_backend_name()!r}: set {URL_VARIABLE} to "
            "postgresql://USER:PASSWORD@HOST/DATABASE"
        )
    return url.set(drivername="postgresql+psycopg")


class Catalog:
    """An open catalog: a small pool of connections to its database.

    Safe to share between threads, not between processes: fork before it is made.
    """

    def __init__(
        self,
        url: str | URL | None = None,
        *,
        pool_size: int = 4,
        connect_seconds: int = CONNECT_SECONDS,
    ) -> None:
        self.url = url if isinstance(url, URL) else catalog_url(url)
        self.engine: Engine = create_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            connect_args={"connect_timeout": connect_seconds, "application_name": "headwater"},
        )
        event.listen(self.engine, "connect", _set_up)

    @property
    def dsn(self) -> str:
        """The address in libpq's form, for a process of its own; it holds the password."""
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction, committed at the end or rolled back on an error.

        Raises
        ------
        CatalogUnavailableError
            If the database does not answer, or goes away before the commit is known.
        """
        with self._one_door(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def rehearse(self) -> Iterator[Connection]:
        """One transaction that is always rolled back: what a change would do, and no change.

        Raises
        ------
        CatalogUnavailableError
            If the database does not answer.
        """
        with self._one_door(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One read-only transaction in which all reads see the same state.

        Raises
        ------
        CatalogUnavailableError
            If the database does not answer.
        """
        with self._one_door(), self.engine.connect() as connection:
            yield connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """A connection without a transaction, for locks that end with it.

        Raises
        ------
        CatalogUnavailableError
            If the database does not answer.
        """
        with self._one_door(), self.engine.connect() as connection:
            try:
                yield connection.execution_options(isolation_level="AUTOCOMMIT")
            finally:
                connection.invalidate()  # what it locked must not stay with the pool

    @contextmanager
    def keep(self) -> Iterator[Connection]:
        """One connection for several transactions in a row, which temporary tables outlive.

        It is closed at the end, and with it go its temporary tables and locks. Its transactions
        may wait for their owner as long as they like.

        Raises
        ------
        CatalogUnavailableError
            If the database does not answer, or goes away before a commit is known.
        """
        with self._one_door(), self.engine.connect() as connection:
            connection.detach()
            connection.execute(text("set idle_in_transaction_session_timeout = 0"))
            connection.commit()
            yield connection

    @contextmanager
    def _one_door(self) -> Iterator[None]:
        try:
            yield
        except PoolTimeoutError as error:
            raise self._unavailable("does not answer in time") from error
        except DBAPIError as error:
            code = getattr(error.orig, "sqlstate", None)
            said = str(error.orig).splitlines()[0] if str(error.orig) else "no reason"
            if code in _BUSY:
                raise CatalogBusyError(
                    f"{self._name} was busy with another transaction ({said}); nothing has "
                    "changed: try again"
                ) from error
            if code in _REFUSES:
                raise self._unavailable(f"refuses to work ({said})") from error
            if isinstance(error, OperationalError) or error.connection_invalidated:
                fatal = _FATAL.search(str(error.orig))
                why = f" ({fatal[1]})" if fatal else ""
                raise self._unavailable(f"does not answer{why}") from error
            raise

    @property
    def _name(self) -> str:
        place = f"{self.url.host or 'the local socket'}:{self.url.port or 5432}"
        return f"the catalog at {place} ({self.url.database})"

    def _unavailable(self, what: str) -> CatalogUnavailableError:
        return CatalogUnavailableError(
            f"{self._name} {what}: see that its Postgres runs and that {URL_VARIABLE} is right"
        )

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def _set_up(dbapi_connection: object, _record: object) -> None:
    """Times come back as UTC, and no transaction waits for ever; what the server says is kept."""
    with dbapi_connection.cursor() as cursor:  # type: ignore[attr-defined]  # psycopg's, untyped here
        cursor.execute("set time zone 'UTC'")
        cursor.execute(_LIMIT_IDLENESS)
    dbapi_connection.commit()  # type: ignore[attr-defined]  # as above
