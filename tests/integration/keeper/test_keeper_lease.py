"""Leases: renewed while a code runs; a lost build or a cancel request kills the code."""

from __future__ import annotations

import logging
import socket
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from keeper_trials import MakeCommand, eventually, marked_processes

from headwater.catalog.connection import Catalog
from headwater.core.errors import ProcessingError
from headwater.processing.keeper.client import EndedBy, Keeper, LeaseRenewal
from headwater.processing.keeper.lease import build_key, parse_key

INSERT = """
INSERT INTO headwater.build (mission_id, process_id, interval_key, utc_date, interval_start,
    interval_stop, state, reason, token, lease_until)
VALUES (1, 1, %s, '2026-01-01', '2026-01-01', '2026-01-02', 'running', 'test', %s, now())
RETURNING id, token::text
"""


class Builds:
    """Running builds in a real catalog, without the mission that they would belong to."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.connection = psycopg.connect(dsn, autocommit=True)
        self.connection.execute("SET session_replication_role = replica")  # no foreign keys

    def add(self) -> str:
        row = self.connection.execute(INSERT, (uuid.uuid4().hex, uuid.uuid4())).fetchone()
        assert row is not None
        return build_key(*row)

    def lease_left(self, key: str) -> float:
        """Seconds by the database's clock."""
        query = "SELECT extract(epoch FROM lease_until - now()) FROM headwater.build WHERE id = %s"
        row = self.connection.execute(query, (parse_key(key)[0],)).fetchone()
        assert row is not None
        return float(row[0])

    def change(self, key: str, assignment: str) -> None:
        query = f"UPDATE headwater.build SET {assignment} WHERE id = %s"
        self.connection.execute(query.encode(), (parse_key(key)[0],))


@pytest.fixture
def builds(catalog: Catalog) -> Iterator[Builds]:
    made = Builds(catalog.dsn)
    yield made
    made.connection.close()


def renewal(builds: Builds) -> LeaseRenewal:
    return LeaseRenewal(builds.dsn, lease_seconds=60, period=0.2)


def test_the_lease_of_a_running_build_is_renewed(builds: Builds, command: MakeCommand) -> None:
    key = builds.add()
    other = builds.add()
    with Keeper(lease=renewal(builds)) as keeper:
        keeper.start(command("sleep", "60", key=key))
        assert eventually(lambda: builds.lease_left(key) > 50)
        builds.change(key, "lease_until = now()")
        assert eventually(lambda: builds.lease_left(key) > 50)
        assert builds.lease_left(other) <= 0
        keeper.cancel(key)
        assert keeper.ended(10)[0].ended_by is EndedBy.CANCEL
        builds.change(key, "lease_until = now()")
        assert keeper.ended(0.6) == []
        assert builds.lease_left(key) <= 0  # what has ended is not renewed


def test_a_cancel_request_kills_the_code_with_its_reason(
    builds: Builds, command: MakeCommand
) -> None:
    first, second = builds.add(), builds.add()
    with Keeper(lease=renewal(builds)) as keeper:
        keeper.start(command("sleep", "60", key=first))
        keeper.start(command("sleep", "1.5", key=second))
        assert keeper.ended(0.5) == []
        builds.change(first, "cancel_requested_at = now(), cancel_reason = 'marked failed by ben'")
        (ended,) = keeper.ended(10)
        assert (ended.key, ended.ended_by) == (first, EndedBy.CANCEL)
        assert ended.reason == "marked failed by ben"
        (ended,) = keeper.ended(10)
        assert (ended.key, ended.exit_code) == (second, 0)


@pytest.mark.fault(56)
@pytest.mark.parametrize(
    "loss",
    ["token = gen_random_uuid()", "state = 'failed', token = NULL, lease_until = NULL"],
    ids=["taken by another", "ended by another"],
)
def test_a_build_that_is_no_longer_ours_is_killed(
    builds: Builds, command: MakeCommand, loss: str
) -> None:
    key = builds.add()
    with Keeper(lease=renewal(builds)) as keeper:
        keeper.start(command("sleep", "60", key=key))
        assert eventually(lambda: builds.lease_left(key) > 50)
        builds.change(key, loss)
        (ended,) = keeper.ended(10)
        assert ended.ended_by is EndedBy.CANCEL
        assert ended.reason.startswith("the build is no longer ours")


def test_a_lost_connection_is_opened_again(
    builds: Builds, command: MakeCommand, caplog: pytest.LogCaptureFixture
) -> None:
    key = builds.add()
    with Keeper(lease=renewal(builds)) as keeper:
        keeper.start(command("sleep", "60", key=key))
        assert eventually(lambda: builds.lease_left(key) > 50)
        builds.connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'headwater keeper' AND datname = current_database()"
        )
        builds.change(key, "lease_until = now()")
        assert eventually(lambda: builds.lease_left(key) > 50)
        assert keeper.ended(0.3) == []
    assert "the catalog does not answer" in caplog.text
    assert "the catalog answers again" in caplog.text


@pytest.mark.fault(14)
def test_a_database_that_is_down_stops_no_code(
    command: MakeCommand, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dsn = f"host=127.0.0.1 port={closed.getsockname()[1]} dbname=x user=x password=hidden"
        key = build_key(1, str(uuid.uuid4()))
        caplog.set_level(logging.WARNING)
        with Keeper(lease=LeaseRenewal(dsn, period=0.1)) as keeper:
            keeper.start(command("sleep", "1.5", key=key))
            (ended,) = keeper.ended(10)
    assert ended.exit_code == 0
    assert caplog.text.count("the catalog does not answer") == 1
    assert "hidden" not in caplog.text


@pytest.mark.fault(71)
def test_the_catalogs_address_is_in_no_command_line(
    builds: Builds, command: MakeCommand, mark: str
) -> None:
    key = builds.add()
    with Keeper(lease=renewal(builds)) as keeper:
        keeper.start(command("sleep", "60", key=key))
        assert eventually(lambda: builds.lease_left(key) > 50)
        processes = marked_processes(mark)
        assert len(processes) >= 3
        for process in processes:
            assert builds.dsn not in " ".join(process.cmdline())
            assert builds.dsn not in process.environ().values()


def test_a_key_that_is_no_build_is_refused(command: MakeCommand) -> None:
    with Keeper(lease=LeaseRenewal("dbname=x")) as keeper:
        with pytest.raises(ProcessingError, match="is not '<build id>:<token>'"):
            keeper.start(command("/bin/true", key="plain"))
        assert not keeper.running


def test_keys_are_parsed() -> None:
    assert parse_key(build_key(12, "a-b")) == (12, "a-b")
    for wrong in ("", "12", "12:", ":t", "x:t"):
        with pytest.raises(ValueError):
            parse_key(wrong)
