"""The log of events as a list and as a change feed that misses nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from processing_lab import Lab
from sqlalchemy import text

from command_runner import Command
from headwater.catalog.connection import Catalog
from headwater.catalog.queries.listings import Filter, events, events_after

_EVENT = text(
    "insert into headwater.event (kind, actor, reason) values ('pass died', 'x', :reason)"
)


def reasons(catalog: Catalog, since: int, limit: int = 50) -> list[tuple[int, str]]:
    with catalog.read() as connection:
        rows = events_after(connection, Filter(limit=limit), since)
    return [(row["id"], row["reason"]) for row in rows]


def test_a_feed_misses_no_event_whose_transaction_ends_late(catalog: Catalog) -> None:
    """Number 1 is committed after number 2, and by the later transaction: both are given once."""
    with catalog.engine.connect() as early, catalog.engine.connect() as late:
        early.execute(text("select pg_current_xact_id()"))
        late.execute(text("select pg_current_xact_id()"))
        late.execute(_EVENT, {"reason": "first number"})
        early.execute(_EVENT, {"reason": "second number"})
        early.commit()
        [(number, reason)] = reasons(catalog, 0)
        assert reason == "second number"
        late.commit()
    assert [reason for _, reason in reasons(catalog, number)] == ["first number"]
    assert [reason for _, reason in reasons(catalog, 0, limit=1)] == ["second number"]


def test_an_event_is_not_given_while_an_older_transaction_runs(catalog: Catalog) -> None:
    with catalog.engine.connect() as running:
        running.execute(text("select pg_current_xact_id()"))
        with catalog.begin() as connection:
            connection.execute(_EVENT, {"reason": "done"})
        assert reasons(catalog, 0) == []
        running.rollback()
    assert [reason for _, reason in reasons(catalog, 0)] == ["done"]


def test_a_reader_that_asks_again_with_the_last_number_gets_each_event_once(
    lab: Lab, headwater: Command
) -> None:
    with lab.catalog.read() as connection:
        everything = {row["id"] for row in events(connection, Filter(limit=1000))}
    got: list[int] = []
    while rows := headwater("events", "--since", str(got[-1] if got else 0), "--limit", "3",
                            "--json").data:  # fmt: skip
        got += [int(str(row["id"])) for row in rows]
    assert len(got) == len(set(got)) == len(everything)
    assert headwater("events", "--since", str(got[-1])).out == f"nothing since {got[-1]}\n"


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    lab = Lab(catalog, tmp_path)
    lab.put("l0", date(2020, 1, 1))
    lab.process()
    return lab


def test_events_are_chosen_by_kind_and_a_wrong_one_is_named(lab: Lab, headwater: Command) -> None:
    rows = headwater("events", "--kind", "file adopted", "--json").data
    assert [row["kind"] for row in rows] == ["file adopted"] * 3
    said = headwater("events", "--kind", "file adoptd")
    assert (said.code, "is no kind of event" in said.err) == (1, True)
    assert headwater("events", "--since", "999999").code == 1


def test_an_event_still_names_a_file_that_was_purged(lab: Lab, headwater: Command) -> None:
    name = "l2_20200101_v1.0.0.dat"
    headwater("purge", name, "--reason", "x")
    rows = headwater("events", "--json").data
    kinds = {str(row["kind"]) for row in rows if row["file"] == name}
    assert kinds == {"file adopted", "file purged"}


def test_a_restored_catalog_shows_its_events(lab: Lab, headwater: Command, tmp_path: Path) -> None:
    """Another server counts its transactions from elsewhere."""
    with lab.catalog.begin() as connection:
        connection.execute(text("update headwater.event set transaction = transaction + 1000000"))
    assert headwater("events", "--json").data == []
    backup = tmp_path / "catalog.dump"
    assert headwater("catalog", "backup", str(backup)).code == 0
    with lab.catalog.begin() as connection:
        connection.execute(text("drop schema headwater cascade"))
    assert headwater("catalog", "restore", str(backup)).code == 0
    assert headwater("events", "--json").data != []
