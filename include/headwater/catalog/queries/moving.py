"""Files of a product on their way to another folder of the archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from headwater.core.actor import Actor
from headwater.core.version import Version

_FILES = text("""
select f.id, f.name, f.path, f.utc_file_date, f.utc_start_time, f.interface_version,
       f.quality_version, f.revision_version, f.sha256
from headwater.file f where f.product_id = :product and f.exists_on_disk and f.id > :after
order by f.id limit :most
""")
"""Files of a product that are on disk, some at a time."""

_READ_NOW = text("""
select f.path from headwater.file f
where f.id = any(:ids) and exists (
    select from headwater.build_input i join headwater.build b on b.id = i.build_id
    where i.file_id = f.id and b.state = 'running')
""")
"""Those of the files that a running code reads."""

_MOVE = text("""
with moved as (
    update headwater.file f set path = m.new
    from unnest(cast(:ids as bigint[]), cast(:old as text[]), cast(:new as text[]))
      as m (id, old, new)
    where f.id = m.id and f.path = m.old
    returning f.id, f.name, f.mission_id, f.product_id, m.old, m.new
)
insert into headwater.event (kind, actor, reason, mission_id, product_id, file_id)
select 'file moved', :actor, name || ' was moved from ' || old || ' to ' || new, mission_id,
       product_id, id
from moved order by id
returning file_id
""")
"""Say that files lie elsewhere now, unless they were purged or moved meanwhile."""


@dataclass(frozen=True, slots=True)
class FileToMove:
    """A file, where it lies below rootdir, and what its folder is made from; times are UTC."""

    id: int
    name: str
    path: str
    utc_file_date: date
    utc_start_time: datetime
    version: Version
    sha256: str | None


def files_to_move(
    connection: Connection, product_id: int, after: int, most: int
) -> list[FileToMove]:
    """Files of a product that are on disk, above a number, in the order of their numbers."""
    values = {"product": product_id, "after": after, "most": most}
    return [
        FileToMove(
            row.id,
            row.name,
            row.path,
            row.utc_file_date,
            row.utc_start_time,
            Version(row.interface_version, row.quality_version, row.revision_version),
            row.sha256,
        )
        for row in connection.execute(_FILES, values)
    ]


def read_now(connection: Connection, ids: Sequence[int]) -> set[str]:
    """The paths of those files that a running code reads."""
    return set(connection.execute(_READ_NOW, {"ids": list(ids)}).scalars())


def move_rows(
    connection: Connection, moves: Sequence[tuple[int, str, str]], actor: Actor
) -> set[int]:
    """Move rows (number, old path, new path); those that still lay at their old path."""
    values = {
        "ids": [move[0] for move in moves],
        "old": [move[1] for move in moves],
        "new": [move[2] for move in moves],
        "actor": actor.name,
    }
    return set(connection.execute(_MOVE, values).scalars())
