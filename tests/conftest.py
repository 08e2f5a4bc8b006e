"""What tests share: one Postgres a session, one fresh catalog a test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from headwater.catalog import schema
from headwater.catalog.connection import Catalog

SERVER_VARIABLE = "HEADWATER_TEST_POSTGRES"
TEMPLATE = f"headwater_template_{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The conformance material beside the checkout."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "spec").is_dir():
        pytest.skip("the shared conformance material is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Postgres server for the session: one that is given, or one of our own."""
    given = os.environ.get(SERVER_VARIABLE)
    if given:
        yield given
        return
    from headwater.local.postgres import LocalPostgres

    folder = tmp_path_factory.mktemp("postgres")
    # A test database need not survive a power cut, and is quicker without.
    fast = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    with LocalPostgres(folder / "data", settings=fast) as server:
        yield server.url("postgres")


def _admin(url: str) -> psycopg.Connection[tuple[object, ...]]:
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(dsn, autocommit=True)


@pytest.fixture(scope="session")
def catalog_template(postgres_url: str) -> Iterator[str]:
    """The name of a database with an empty catalog, to be cloned."""
    with _admin(postgres_url) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(TEMPLATE)))
        catalog = Catalog(make_url(postgres_url).set(database=TEMPLATE))
        schema.upgrade(catalog)
        catalog.close()
        yield TEMPLATE
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(TEMPLATE)))


@contextmanager
def _cloned(url: str, template: str) -> Iterator[Catalog]:
    """A catalog in a database of its own, which goes with it."""
    name = f"headwater_{uuid.uuid4().hex[:12]}"
    with _admin(url) as admin:
        admin.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        opened = Catalog(make_url(url).set(database=name, drivername="postgresql+psycopg"))
        yield opened
        opened.close()
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def catalog(postgres_url: str, catalog_template: str) -> Iterator[Catalog]:
    """A fresh, empty catalog."""
    with _cloned(postgres_url, catalog_template) as opened:
        yield opened


@pytest.fixture(scope="module")
def module_catalog(postgres_url: str, catalog_template: str) -> Iterator[Catalog]:
    """One that the tests of a module share, where making what they look at takes long."""
    with _cloned(postgres_url, catalog_template) as opened:
        yield opened
