"""The catalog's schema is one version, brought there by migrations, and checked at the door."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import make_url

from headwater.catalog import schema
from headwater.catalog.connection import Catalog, catalog_url
from headwater.catalog.models import SCHEMA, Base
from headwater.core.errors import CatalogSchemaError, CatalogUnavailableError, SettingError


@pytest.fixture
def empty(catalog: Catalog) -> Catalog:
    with catalog.begin() as connection:
        connection.execute(text(f"drop schema {SCHEMA} cascade"))
    return catalog


def test_the_migrations_make_exactly_the_models(catalog: Catalog) -> None:
    with catalog.begin() as connection:
        # A role of the schema's own name makes it the default one, which Alembic would not name.
        connection.dialect.default_schema_name = "public"
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table": schema.VERSION_TABLE,
                "version_table_schema": SCHEMA,
                "include_schemas": True,
                "include_name": lambda name, kind, _: kind != "schema" or name == SCHEMA,
                "compare_server_default": False,
            },
        )
        assert compare_metadata(context, Base.metadata) == []


def test_the_names_of_the_steps_tell_the_same_order_as_alembic() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    chain = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()]
    assert schema.known_revisions() == chain[::-1]


def test_an_upgraded_catalog_is_accepted_and_a_second_upgrade_changes_nothing(
    catalog: Catalog,
) -> None:
    schema.check(catalog)
    before, after = schema.upgrade(catalog)
    assert before == after == schema.known_revision()


def test_an_empty_database_is_refused_with_the_command_that_helps(empty: Catalog) -> None:
    with pytest.raises(CatalogSchemaError, match="headwater catalog upgrade"):
        schema.check(empty)


def test_a_newer_catalog_is_refused_by_check_and_by_upgrade(catalog: Catalog) -> None:
    with catalog.begin() as connection:
        connection.execute(text(f"update {SCHEMA}.{schema.VERSION_TABLE} set version_num = '9999'"))
    for act in (schema.check, schema.upgrade):
        with pytest.raises(CatalogSchemaError, match="newer than this program"):
            act(catalog)


def test_two_upgrades_at_once_both_succeed(empty: Catalog) -> None:
    results: list[tuple[str | None, str]] = []
    threads = [
        threading.Thread(target=lambda: results.append(schema.upgrade(empty))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    known = schema.known_revision()
    assert sorted(results, key=str) == [(known, known), (None, known)]


def test_a_database_that_does_not_answer_is_one_sentence() -> None:
    away = Catalog(make_url("postgresql+psycopg://nobody@127.0.0.1:1/none"))
    with pytest.raises(CatalogUnavailableError, match="does not answer") as caught:
        schema.check(away)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text_", ["sqlite:///x.db", "nonsense", "mysql://a/b"])
def test_an_address_that_is_not_postgres_is_refused_without_showing_it(text_: str) -> None:
    with pytest.raises(SettingError):
        catalog_url(text_)


def test_no_address_says_which_variable_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEADWATER_CATALOG_URL", raising=False)
    with pytest.raises(SettingError, match="HEADWATER_CATALOG_URL"):
        catalog_url()


def test_a_reading_transaction_cannot_write(catalog: Catalog) -> None:
    with pytest.raises(Exception, match="read-only"), catalog.read() as connection:
        connection.execute(text(f"update {SCHEMA}.mission set revision = 1"))
