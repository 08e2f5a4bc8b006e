"""Checks of quality: what they say of files, and which of their files were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from headwater.catalog.queries.wakes import wake_for_files
from headwater.core.actor import Actor
from headwater.core.states import QaMark

_MARK = text("""
with said as (
    select * from unnest(cast(:names as text[]), cast(:marks as text[]), cast(:comments as text[]))
      as s (name, mark, comment)
), marked as (
    update headwater.file f
    set qa = said.mark, quality_checked = true, quality_comment = said.comment, check_date = now()
    from said
    where f.mission_id = :mission and f.name = said.name
      and (f.qa is distinct from said.mark or f.quality_comment is distinct from said.comment
           or f.quality_checked is distinct from true)
    returning f.id, f.name, f.mission_id, f.product_id, said.mark, said.comment
)
insert into headwater.event (kind, actor, reason, mission_id, product_id, file_id)
select 'file checked', :actor,
       name || ' is marked ' || mark || coalesce(': ' || comment, '') || ' (' || :source || ')',
       mission_id, product_id, id
from marked order by id
returning file_id
""")
"""Write what a check says, where it says something new, and log each file."""

_READ = text("""
select path, size, mtime_ns, trouble from headwater.qa_file where mission_id = :mission
""")
"""The files with checks that were read, as they were then."""

_NOTE = text("""
insert into headwater.qa_file (mission_id, path, size, mtime_ns, marked, trouble)
values (:mission, :path, :size, :mtime_ns, :marked, :trouble)
on conflict (mission_id, path) do update
set size = excluded.size, mtime_ns = excluded.mtime_ns, marked = excluded.marked,
    trouble = excluded.trouble, read_at = now()
""")
"""Note that a file with checks was read, and what came of it."""

_TROUBLE = text("""
insert into headwater.event (kind, actor, reason, mission_id)
values ('file checked', :actor, :reason, :mission)
""")
"""Log that nothing of a file with checks was taken."""

_MARKED = text("""
select p.name as product, f.utc_file_date as date, f.name, f.qa as mark,
       f.quality_comment as comment, f.newest, f.check_date as checked_at
from headwater.file f join headwater.product p on p.id = f.product_id
where f.mission_id = :mission and f.qa in ('ignore', 'problem')
order by p.level, p.name, f.utc_file_date, f.name
""")
"""The files that a check speaks against."""


@dataclass(frozen=True, slots=True)
class QaLine:
    """What a check says of one file."""

    name: str
    mark: QaMark
    comment: str | None


@dataclass(frozen=True, slots=True)
class QaStamp:
    """The state of a file with checks: its size in bytes, and its time of change."""

    path: str
    size: int
    mtime_ns: int


def mark_files(
    connection: Connection, mission_id: int, lines: Sequence[QaLine], actor: Actor, source: str
) -> int:
    """Write what a check says and wake the readers of these files; how many it changed.

    The caller holds the mission's lock of work, and has seen that the files are there.
    """
    values = {
        "mission": mission_id,
        "names": [line.name for line in lines],
        "marks": [line.mark.value for line in lines],
        "comments": [line.comment for line in lines],
        "actor": actor.name,
        "source": source,
    }
    changed = list(connection.execute(_MARK, values).scalars())
    wake_for_files(connection, changed, "checked")
    return len(changed)


def read_before(connection: Connection, mission_id: int) -> dict[str, tuple[QaStamp, str]]:
    """The files with checks that were read, by path, and why nothing was taken of them."""
    rows = connection.execute(_READ, {"mission": mission_id})
    return {row.path: (QaStamp(row.path, row.size, row.mtime_ns), row.trouble) for row in rows}


def note_read(
    connection: Connection, mission_id: int, stamp: QaStamp, marked: int, trouble: str = ""
) -> None:
    """Note what came of a file with checks."""
    values = {
        "mission": mission_id,
        "path": stamp.path,
        "size": stamp.size,
        "mtime_ns": stamp.mtime_ns,
        "marked": marked,
        "trouble": trouble,
    }
    connection.execute(_NOTE, values)


def log_trouble(connection: Connection, mission_id: int, actor: Actor, reason: str) -> None:
    """Log why nothing of a file with checks was taken."""
    values = {"mission": mission_id, "actor": actor.name, "reason": reason}
    connection.execute(_TROUBLE, values)


def marked_files(connection: Connection, mission_id: int) -> list[dict[str, Any]]:
    """The files that a check says to ignore, or to have a problem."""
    return [dict(row) for row in connection.execute(_MARKED, {"mission": mission_id}).mappings()]
