"""What the catalog says should lie in a mission's archive, for a look at the disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

_MISSION_FOLDERS = text("""
select m.id as mission_id, m.rootdir, m.incoming_dir, m.errordir, m.codedir, m.inspectordir,
       m.qa_dir, array(select distinct p.relative_path from headwater.product p
                       where p.mission_id = m.id order by 1) as product_folders
from headwater.mission m where m.name = :name
""")
"""The folders of a mission, from its own row and those of its products."""

_EXPECTED = """
select f.id, f.path, f.size, coalesce(f.scrubbed_mtime, f.file_create_date) as modified_at,
       f.exists_on_disk, f.level,
       f.level <> 0 and f.product_id in (select o.product_id from headwater.process_output o)
       as can_be_made
from headwater.file f
"""

_PAGE = text(f"""
{_EXPECTED}where f.mission_id = :mission and f.path collate "C" > :after
order by f.path collate "C" limit :most
""")
"""A page of a mission's files, in the order of their paths' bytes."""

_FILES_AT = text(f"""
{_EXPECTED}where f.mission_id = :mission and f.path = any(cast(:paths as text[]))
""")
"""The files of some paths, as they are now."""

_SPOKEN_FOR = text("""
select p.path
from unnest(cast(:paths as text[]), cast(:sources as bytea[])) as p (path, source)
where exists (select from headwater.intent i
              where i.mission_id = :mission
                and (i.final_path = p.path or p.source in (i.source_path, i.part_path)))
   or exists (select from headwater.tombstone t
              where t.mission_id = :mission and t.path = p.path and t.closed_at is null
                and t.fate = 'left')
""")
"""Paths that need no row: bytes on their way in, aside or out, and level 0 that a purge left."""


@dataclass(frozen=True, slots=True)
class MissionFolders:
    """The folders of a mission: absolute, those of its products below rootdir."""

    mission_id: int
    rootdir: str
    incoming_dir: str
    errordir: str
    codedir: str
    inspectordir: str
    qa_dir: str | None
    product_folders: Sequence[str]


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    """A file as its row has it: `path` below rootdir, `size` in bytes, times UTC.

    `modified_at` is the time of change that its bytes had when their sums were last known to be
    right. `can_be_made` is whether a process makes its product, which is not of level 0.
    """

    id: int
    path: str
    size: int | None
    modified_at: datetime
    exists_on_disk: bool
    level: float
    can_be_made: bool


def mission_folders(connection: Connection, name: str) -> MissionFolders | None:
    """The folders of a mission; none if there is no such mission."""
    row = connection.execute(_MISSION_FOLDERS, {"name": name}).first()
    return None if row is None else MissionFolders(**row._mapping)


def page_of_files(
    connection: Connection, mission_id: int, after: str, most: int
) -> list[ExpectedFile]:
    """The next files after a path, in the order of the paths' bytes."""
    values = {"mission": mission_id, "after": after, "most": most}
    return [_expected(row) for row in connection.execute(_PAGE, values)]


def files_at(
    connection: Connection, mission_id: int, paths: Sequence[str]
) -> dict[str, ExpectedFile]:
    """The files of some paths, by path."""
    rows = connection.execute(_FILES_AT, {"mission": mission_id, "paths": list(paths)})
    return {row.path: _expected(row) for row in rows}


def spoken_for(
    connection: Connection, mission_id: int, paths: Sequence[tuple[str, bytes]]
) -> set[str]:
    """Those of the paths (below rootdir, and absolute as bytes) that need no row of a file."""
    values = {
        "mission": mission_id,
        "paths": [path for path, _ in paths],
        "sources": [source for _, source in paths],
    }
    return set(connection.execute(_SPOKEN_FOR, values).scalars())


def _expected(row: Row[Any]) -> ExpectedFile:
    number, path, size, modified_at, exists, level, can_be_made = tuple(row)
    return ExpectedFile(number, path, size, modified_at, exists, level, can_be_made)
