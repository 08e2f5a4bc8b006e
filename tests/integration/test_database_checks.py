"""What `doctor` says of connections and of transactions that were left open."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import create_engine, text

from command_runner import Command
from headwater.catalog.connection import Catalog
from headwater.local import database_checks
from headwater.local.database_checks import check_connections, check_transactions
from headwater.local.finding import Verdict


def test_connections_are_counted_by_program(catalog: Catalog) -> None:
    engine = create_engine(catalog.url, connect_args={"application_name": "runaway"}, pool_size=3)
    held = [engine.connect() for _ in range(3)]
    try:
        found = check_connections(catalog)
    finally:
        for one in held:
            one.close()
        engine.dispose()
    assert found.verdict is Verdict.OK
    assert "runaway 3" in found.text


def test_a_crowded_server_is_a_warning(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_checks, "_CROWDED", 0.0)
    engine = create_engine(catalog.url, connect_args={"application_name": "runaway"})
    with engine.connect():
        found = check_connections(catalog)
    engine.dispose()
    assert found.verdict is Verdict.WARNING
    assert "end runaway" in found.fix


def test_a_transaction_that_was_left_open_is_named(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check_transactions(catalog).verdict is Verdict.OK
    monkeypatch.setattr(database_checks, "LONG_SECONDS", 0.0)
    with catalog.engine.connect() as left_open:
        left_open.execute(text("select 1"))
        pid = left_open.execute(text("select pg_backend_pid()")).scalar_one()
        found = check_transactions(catalog)
    assert found.verdict is Verdict.WARNING
    assert f"process {pid} of headwater" in found.text
    assert str(pid) in found.fix


def test_doctor_shows_both(headwater: Command) -> None:
    checks = {one["name"]: one for one in json.loads(headwater("doctor", "--json").out)}
    assert checks["connections"]["verdict"] == "ok"
    assert checks["transactions"]["verdict"] == "ok"
