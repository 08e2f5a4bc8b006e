"""The Postgres server of a benchmark, and an empty catalog on it."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from headwater.catalog import schema
from headwater.catalog.connection import Catalog
from headwater.local.postgres import LocalPostgres

SERVER = "HEADWATER_TEST_POSTGRES"


@contextmanager
def server() -> Iterator[str]:
    """A Postgres server: the one that the environment names, or one of our own."""
    given = os.environ.get(SERVER)
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory() as folder, LocalPostgres(Path(folder) / "data") as postgres:
        yield postgres.url("postgres")


@contextmanager
def fresh_catalog(url: str) -> Iterator[Catalog]:
    """An empty catalog in a database of its own, which goes with it."""
    server_url = make_url(url).set(drivername="postgresql")
    name = f"bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(server_url.render_as_string(False), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        catalog = Catalog(server_url.set(drivername="postgresql+psycopg", database=name))
        schema.upgrade(catalog)
        try:
            yield catalog
        finally:
            catalog.close()
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
