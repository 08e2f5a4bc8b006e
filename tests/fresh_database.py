"""Databases of the tests: a template with an empty catalog, cloned for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from headwater.catalog import schema
from headwater.catalog.connection import Catalog


def _admin(url: str) -> psycopg.Connection[tuple[object, ...]]:
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(dsn, autocommit=True)


def make_template(url: str) -> str:
    """Make a database with an empty catalog on the server at `url`; its name."""
    name = f"headwater_template_{uuid.uuid4().hex[:12]}"
    with _admin(url) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    catalog = Catalog(make_url(url).set(database=name, drivername="postgresql+psycopg"))
    schema.upgrade(catalog)
    catalog.close()
    return name


def drop_database(url: str, name: str) -> None:
    with _admin(url) as admin:
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@contextmanager
def cloned(url: str, template: str) -> Iterator[Catalog]:
    """A catalog in a database of its own, which goes with it."""
    name = f"headwater_{uuid.uuid4().hex[:12]}"
    with _admin(url) as admin:
        admin.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    opened = Catalog(make_url(url).set(database=name, drivername="postgresql+psycopg"))
    try:
        yield opened
    finally:
        opened.close()
        drop_database(url, name)
