"""The dbprocessing databases that missions were, so that old command lines find them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

_FIND = text("""
select m.name from headwater.mission_database d join headwater.mission m on m.id = d.mission_id
where d.name = any(:names) order by array_position(cast(:names as text[]), d.name) limit 1
""")
"""The mission that one of these databases was."""

_RECORD = text("""
insert into headwater.mission_database (name, mission_id)
select unnest(cast(:names as text[])), m.id from headwater.mission m where m.name = :mission
on conflict (name) do update set mission_id = excluded.mission_id
""")
"""A database is a mission's from now on."""


def mission_of_database(connection: Connection, names: Sequence[str]) -> str | None:
    """The mission of a database, by any of its names; none if it is not known."""
    found: str | None = connection.execute(_FIND, {"names": list(names)}).scalar()
    return found


def record_database(connection: Connection, names: Sequence[str], mission: str) -> None:
    """Remember the names of a mission's database."""
    connection.execute(_RECORD, {"names": list(names), "mission": mission})
