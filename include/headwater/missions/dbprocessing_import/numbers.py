"""Numbers of rows: the old ones where the catalog is empty, else new ones in the old order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, text

from headwater.catalog.models import ImportedKind

RECORD_NUMBERS = text("""
    insert into headwater.imported_id (mission_id, kind, old_id, new_id)
    select :mission, :kind, n.old_id, n.new_id
    from unnest(cast(:old as bigint[]), cast(:new as bigint[])) as n (old_id, new_id)
    on conflict (mission_id, kind, old_id) do update set new_id = excluded.new_id
    where imported_id.new_id <> excluded.new_id
""")
"""Keep which row stands for an old number."""

KNOWN_NUMBERS = text("""
    select old_id, new_id from headwater.imported_id
    where mission_id = :mission and kind = :kind order by old_id
""")
"""The rows that stand for the old numbers of a kind."""


def is_empty(connection: Connection, table: str) -> bool:
    """Whether a table of the catalog has no row; if so nobody else writes any until the commit.

    `table` is a name of ours.
    """
    look = text(f"select not exists (select from headwater.{table})")  # noqa: S608  our own name
    if not connection.scalar(look):
        return False
    connection.execute(text(f"lock table headwater.{table} in share row exclusive mode"))
    return bool(connection.scalar(look))


def take_numbers(connection: Connection, table: str, old: Iterable[int]) -> dict[int, int]:
    """Numbers for new rows of a table by their old numbers, in the same order.

    They are the old ones where the table is empty and they can be (above 0).
    """
    wanted = sorted(set(old))
    if not wanted:
        return {}
    if wanted[0] > 0 and is_empty(connection, table):
        go_on_above(connection, table, wanted[-1])
        return {number: number for number in wanted}
    taken = connection.execute(
        text("select nextval(pg_get_serial_sequence(:table, 'id')) from generate_series(1, :many)"),
        {"table": f"headwater.{table}", "many": len(wanted)},
    ).scalars()
    return dict(zip(wanted, sorted(taken), strict=True))


def go_on_above(connection: Connection, table: str, number: int) -> None:
    """Let the numbers that the database gives to a table's rows start above `number`."""
    connection.execute(
        text(
            "select setval(s.name::regclass, greatest(:number, nextval(s.name::regclass)))"
            " from (select pg_get_serial_sequence(:table, 'id') as name) s"
        ),
        {"table": f"headwater.{table}", "number": number},
    )


def record(
    connection: Connection, mission_id: int, kind: ImportedKind, numbers: Mapping[int, int]
) -> int:
    """Keep old number -> row, and return how many were not known so."""
    if not numbers:
        return 0
    values = {
        "mission": mission_id,
        "kind": kind.value,
        "old": list(numbers),
        "new": list(numbers.values()),
    }
    return connection.execute(RECORD_NUMBERS, values).rowcount


def known(connection: Connection, mission_id: int, kind: ImportedKind) -> dict[int, int]:
    """Old number -> row, as the last import left it."""
    values = {"mission": mission_id, "kind": kind.value}
    return {row.old_id: row.new_id for row in connection.execute(KNOWN_NUMBERS, values)}
