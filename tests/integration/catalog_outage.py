"""The catalog's database goes away while the server lives on, for tests of what happens then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url


@contextmanager
def away(catalog_url: str | URL) -> Iterator[None]:
    """Nobody reaches this database; others in the same server answer."""
    url = make_url(catalog_url)
    dsn = url.set(drivername="postgresql", database="postgres")
    with psycopg.connect(dsn.render_as_string(hide_password=False), autocommit=True) as admin:

        def allow(word: str) -> None:
            change = sql.SQL("alter database {} allow_connections {}")
            admin.execute(change.format(sql.Identifier(str(url.database)), sql.SQL(word)))

        allow("false")
        try:
            end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s"
            admin.execute(end, (url.database,))
            yield
        finally:
            allow("true")
