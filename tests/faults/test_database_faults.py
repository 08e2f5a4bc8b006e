"""A database that is busy, full, read-only, without connections, or that waits for somebody."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from headwater.archive.protocol import Archive, Placement
from headwater.catalog import schema
from headwater.catalog.connection import IDLE_IN_TRANSACTION, Catalog
from headwater.catalog.queries.wakes import lock_work
from headwater.core.errors import CatalogBusyError, CatalogSchemaError, CatalogUnavailableError
from headwater.core.states import Disposition
from headwater.ingest.service import ingest_pending
from headwater.missions.loaded import LoadedMission
from ingest_mission import ACTOR, drop, make_mission, rows


@pytest.fixture
def mission(catalog: Catalog, tmp_path: Path) -> LoadedMission:
    return make_mission(catalog, tmp_path)


@contextmanager
def told(catalog: Catalog, **settings: str) -> Iterator[Catalog]:
    """The catalog over connections with these settings of the server."""
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    other = Catalog(catalog.url.update_query_dict({"options": options}))
    yield other
    other.close()


def one_sentence(error: BaseException) -> str:
    said = str(error)
    assert "\n" not in said
    return said


def everything_is_taken_in(catalog: Catalog, mission: LoadedMission) -> None:
    for table in ("arrival", "intent"):
        rows(catalog, f"update {table} set lease_until = now() - interval '1 s' returning id")
    report = ingest_pending(catalog, mission, ACTOR)
    assert report.count(Disposition.ADOPTED) == 3
    assert not rows(catalog, "select * from intent")


def three_files(mission: LoadedMission) -> None:
    for day in range(1, 4):
        drop(mission, f"l0_2020010{day}_v1.0.0.dat")


@pytest.mark.fault(16)
def test_no_connection_left_is_one_sentence(catalog: Catalog, postgres_url: str) -> None:
    role = f"few_{time.monotonic_ns()}"
    with psycopg.connect(catalog.dsn, autocommit=True) as admin:
        make = sql.SQL("create role {} login password 'few' connection limit 0")
        admin.execute(make.format(sql.Identifier(role)))
        few = Catalog(catalog.url.set(username=role, password="few"))
        try:
            with pytest.raises(CatalogUnavailableError, match="too many connections") as caught:
                schema.check(few)
            one_sentence(caught.value)
        finally:
            few.close()
            admin.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


@pytest.mark.fault(17)
@pytest.mark.parametrize("code", ["40P01", "40001"])
def test_a_deadlock_at_the_commit_is_tried_again(
    catalog: Catalog, mission: LoadedMission, tmp_path: Path, code: str
) -> None:
    tries: list[int] = []

    def commit(connection, _placed) -> None:
        tries.append(1)
        if len(tries) == 1:
            stop = f"do $$ begin raise exception 'in the way' using errcode = '{code}'; end $$"
            connection.execute(text(stop))

    (tmp_path / "x").write_bytes(b"bytes")
    archive = Archive(catalog, mission.id, mission.rootdir, ACTOR)
    placed, refused = archive.place([Placement(str(tmp_path / "x"), "x")], commit)
    assert (len(placed), refused, len(tries)) == (1, [], 2)


@pytest.mark.fault(18)
def test_a_lock_that_is_not_given_changes_nothing(catalog: Catalog, mission: LoadedMission) -> None:
    three_files(mission)
    with (
        psycopg.connect(catalog.dsn) as other,
        told(catalog, lock_timeout="200ms") as hurried,
    ):
        other.execute("lock table headwater.file in access exclusive mode")
        with pytest.raises(CatalogBusyError, match="lock timeout") as caught:
            ingest_pending(hurried, mission, ACTOR)
        one_sentence(caught.value)
    everything_is_taken_in(catalog, mission)


@pytest.mark.fault(18)
def test_a_statement_that_takes_too_long_changes_nothing(
    catalog: Catalog, mission: LoadedMission
) -> None:
    three_files(mission)
    with (
        told(catalog, statement_timeout="100ms") as hurried,
        psycopg.connect(catalog.dsn) as other,
    ):
        other.execute("lock table headwater.arrival in access exclusive mode")
        with pytest.raises(CatalogBusyError, match="statement timeout"):
            ingest_pending(hurried, mission, ACTOR)
    everything_is_taken_in(catalog, mission)


@pytest.mark.fault(19)
def test_a_transaction_whose_owner_stands_still_stops_nobody_for_long(
    catalog: Catalog, mission: LoadedMission
) -> None:
    three_files(mission)
    standing, told_so = threading.Event(), []

    def stand_still() -> None:
        try:
            with (
                told(catalog, idle_in_transaction_session_timeout="500ms") as slow,
                slow.begin() as connection,
            ):
                lock_work(connection, mission.id)
                standing.set()
                time.sleep(1.5)
        except CatalogUnavailableError as error:
            told_so.append(one_sentence(error))

    sleeper = threading.Thread(target=stand_still)
    sleeper.start()
    standing.wait(10)
    everything_is_taken_in(catalog, mission)
    sleeper.join()
    assert "does not answer" in told_so[0]


@pytest.mark.fault(19)
def test_every_connection_limits_how_long_a_transaction_waits(catalog: Catalog) -> None:
    show = text("select current_setting('idle_in_transaction_session_timeout')")
    with catalog.begin() as connection:
        shown = connection.scalar(show)
    with catalog.keep() as connection:
        kept = connection.scalar(show)
    assert (shown, kept) == ("1min", "0")
    assert IDLE_IN_TRANSACTION == "60s"


@pytest.mark.fault(20)
def test_a_full_disk_of_the_database_is_said_with_its_words(
    catalog: Catalog, mission: LoadedMission
) -> None:
    three_files(mission)
    with catalog.begin() as connection:
        connection.execute(
            text(
                "create function headwater.full() returns trigger language plpgsql as $$ begin"
                " raise exception 'could not extend file: No space left on device'"
                " using errcode = '53100'; end $$"
            )
        )
        connection.execute(
            text(
                "create trigger full_disk before insert on headwater.file"
                " execute function headwater.full()"
            )
        )
    with pytest.raises(CatalogUnavailableError, match=r"refuses to work .*No space left") as caught:
        ingest_pending(catalog, mission, ACTOR)
    one_sentence(caught.value)
    with catalog.begin() as connection:
        connection.execute(text("drop trigger full_disk on headwater.file"))
    everything_is_taken_in(catalog, mission)


@pytest.mark.fault(21)
def test_a_read_only_database_is_one_sentence(catalog: Catalog, mission: LoadedMission) -> None:
    three_files(mission)
    with told(catalog, default_transaction_read_only="on") as closed:
        with pytest.raises(CatalogUnavailableError, match="read-only transaction") as caught:
            ingest_pending(closed, mission, ACTOR)
        one_sentence(caught.value)
    everything_is_taken_in(catalog, mission)


@pytest.mark.fault(23)
@pytest.mark.parametrize("revision", ["0001", "9999"])
def test_a_schema_of_another_version_is_refused_with_the_command_that_helps(
    catalog: Catalog, revision: str
) -> None:
    rows(catalog, "update schema_version set version_num = :v returning 1", v=revision)
    with pytest.raises(CatalogSchemaError, match=r"headwater catalog upgrade|newer") as caught:
        schema.check(catalog)
    one_sentence(caught.value)
