"""What tests share: one Postgres a session, one fresh catalog a test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fresh_database import cloned, drop_database, make_template
from headwater.catalog.connection import Catalog

pytest_plugins = ["fault_record"]

SERVER_VARIABLE = "HEADWATER_TEST_POSTGRES"


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


@pytest.fixture(scope="session")
def catalog_template(postgres_url: str) -> Iterator[str]:
    """The name of a database with an empty catalog, to be cloned."""
    name = make_template(postgres_url)
    yield name
    drop_database(postgres_url, name)


@pytest.fixture
def catalog(postgres_url: str, catalog_template: str) -> Iterator[Catalog]:
    """A fresh, empty catalog."""
    with cloned(postgres_url, catalog_template) as opened:
        yield opened


@pytest.fixture(scope="module")
def module_catalog(postgres_url: str, catalog_template: str) -> Iterator[Catalog]:
    """One that the tests of a module share, where making what they look at takes long."""
    with cloned(postgres_url, catalog_template) as opened:
        yield opened
