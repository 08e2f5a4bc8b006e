"""New rows of files: inserted in sets, the newest of each interval kept right (DESIGN 5, 6)."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime

from sqlalchemy import Connection, text

from headwater.catalog.queries.wakes import lock_work, wake_for_files
from headwater.core.actor import Actor
from headwater.core.errors import HeadwaterError, NotFoundError
from headwater.core.version import Version


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What may be in the catalog only once: the name, the path, and product, interval, version."""

    product_id: int
    name: str
    path: str
    interval_key: str
    keywords: str
    version: Version


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be filed; the fields are the columns of :class:`~headwater.catalog.models.File`.

    Times are UTC and aware, `size` is in bytes, `path` is below the mission's rootdir.
    """

    product_id: int
    name: str
    path: str
    interval_key: str
    utc_file_date: date
    utc_start_time: datetime
    utc_stop_time: datetime
    version: Version
    level: float
    size: int
    sha256: str
    sha1: str
    file_create_date: datetime
    keywords: str = ""
    note: str | None = None
    verbose_provenance: str | None = None
    quality_checked: bool | None = None
    quality_comment: str | None = None
    caveats: str | None = None
    check_date: datetime | None = None
    met_start_time: float | None = None
    met_stop_time: float | None = None
    inspector_id: int | None = None
    build_id: int | None = None

    @property
    def identity(self) -> FileIdentity:
        """What may not be there twice."""
        return FileIdentity(
            self.product_id, self.name, self.path, self.interval_key, self.keywords, self.version
        )


@dataclass(frozen=True, slots=True)
class FiledFile:
    """A file as it was filed; `newest` is whether no higher version of its interval was there."""

    id: int
    name: str
    newest: bool
    newest_version: Version
    """The highest version of its product, interval and keywords."""


class FileConflictError(HeadwaterError):
    """Files cannot be filed, because the catalog has them already.

    `reasons` has one sentence for each path that conflicts.
    """

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{path}: {reason}" for path, reason in reasons.items()))
        self.reasons = dict(reasons)


LOCK_PRODUCTS = text("""
    select pg_advisory_xact_lock(hashtextextended('headwater product ' || product_id, 0))
    from (select distinct unnest(cast(:product_ids as bigint[])) as product_id
          order by 1 offset 0) ordered
""")
"""Let only one transaction at a time file files of a product; sorted, so none wait in a circle."""

_IDENTITIES = """
    jsonb_to_recordset(cast(:files as jsonb)) as n(
        product_id bigint, name text, path text, interval_key text, keywords text,
        interface_version smallint, quality_version smallint, revision_version smallint)
"""

FILE_CONFLICTS = text(f"""
    select n.path, 'name' as what, f.name as other, f.path as other_path
    from {_IDENTITIES} join headwater.file f on f.mission_id = :mission_id and f.name = n.name
    union all
    select n.path, 'path', f.name, f.path
    from {_IDENTITIES} join headwater.file f on f.mission_id = :mission_id and f.path = n.path
    union all
    select n.path, 'version', f.name, f.path
    from {_IDENTITIES} join headwater.file f
    using (product_id, interval_key, keywords, interface_version, quality_version, revision_version)
""")  # noqa: S608  the pieces are constants of this module
"""Find the files of the catalog that new ones would stand beside and may not."""

DEMOTE_FILES = text(f"""
    update headwater.file f set newest = false
    from {_IDENTITIES}
    where f.newest and f.product_id = n.product_id and f.interval_key = n.interval_key
      and f.keywords = n.keywords
      and (f.interface_version, f.quality_version, f.revision_version)
          < (n.interface_version, n.quality_version, n.revision_version)
""")  # noqa: S608  as above
"""Take the mark 'newest' from files that a new one stands above."""

INSERT_FILES = text("""
    with new as (
        select n.*, row_number() over (
            partition by product_id, interval_key, keywords
            order by interface_version desc, quality_version desc, revision_version desc) as place
        from jsonb_populate_recordset(null::headwater.file, cast(:files as jsonb)) n
    )
    insert into headwater.file (
        mission_id, product_id, name, path, interval_key, utc_file_date, utc_start_time,
        utc_stop_time, interface_version, quality_version, revision_version, newest, keywords,
        level, size, sha256, sha1, file_create_date, note, verbose_provenance, quality_checked,
        quality_comment, caveats, check_date, met_start_time, met_stop_time, inspector_id, build_id)
    select
        :mission_id, product_id, name, path, interval_key, utc_file_date, utc_start_time,
        utc_stop_time, interface_version, quality_version, revision_version,
        place = 1 and not exists (
            select from headwater.file f where f.newest and f.product_id = new.product_id
            and f.interval_key = new.interval_key and f.keywords = new.keywords),
        keywords, level, size, sha256, sha1, file_create_date, note, verbose_provenance,
        quality_checked, quality_comment, caveats, check_date, met_start_time, met_stop_time,
        inspector_id, build_id
    from new order by name
    returning id
""")
"""File a set; of those of one interval the highest is the newest, if none above it is left."""

FILES_NAMED = text("""
    select id, name from headwater.file where mission_id = :mission and name = any(:names)
""")
"""The files of these names."""

FILED_FILES = text("""
    select f.id, f.path, f.name, f.newest, top.interface_version, top.quality_version,
           top.revision_version
    from headwater.file f
    join headwater.file top using (product_id, interval_key, keywords)
    where f.id = any(:file_ids) and top.newest
""")
"""Tell of each file just filed which version of its interval is the newest."""

CLOSE_TOMBSTONES = text("""
    update headwater.tombstone t set closed_at = now()
    from headwater.file f
    where f.id = any(:file_ids) and t.mission_id = f.mission_id and t.name = f.name
      and t.closed_at is null
""")
"""A file that was purged has come again: nobody need remember it."""

FILES_ADOPTED = text("""
    insert into headwater.event (kind, actor, reason, mission_id, product_id, file_id, build_id)
    select 'file adopted', :actor,
           f.name || ' is version ' || concat_ws('.', f.interface_version, f.quality_version,
               f.revision_version) || ' of ' || p.name || ', ' || f.interval_key
               || case when f.newest then '' else ', not the newest' end,
           f.mission_id, f.product_id, f.id, f.build_id
    from headwater.file f join headwater.product p on p.id = f.product_id
    where f.id = any(:file_ids) order by f.id
""")
"""Log each file of a set as adopted."""


def interval_key(day: date, start: datetime, *, several_per_day: bool) -> str:
    """What tells the files of a product apart: the UTC date, or the start time to the microsecond.

    `start` is aware; it counts where the product may have several files a day.
    """
    if several_per_day:
        return start.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return day.isoformat()


def file_conflicts(
    connection: Connection, mission_id: int, files: Sequence[FileIdentity]
) -> dict[str, str]:
    """Why files cannot be filed, by path; of two equal ones in `files` the lowest name wins."""
    reasons: dict[str, str] = {}
    seen: dict[tuple[object, ...], str] = {}
    for file in sorted(files, key=lambda file: file.name):
        same = (file.product_id, file.interval_key, file.keywords, file.version)
        first = seen.setdefault(same, file.name)
        if first != file.name:
            reasons[file.path] = _conflict("version", first, "")
    rows = json.dumps([_identity_row(file) for file in files])
    found = connection.execute(FILE_CONFLICTS, {"mission_id": mission_id, "files": rows})
    for path, what, other, other_path in found:
        reasons.setdefault(path, _conflict(what, other, other_path))
    return reasons


def _conflict(what: str, other: str, other_path: str) -> str:
    if what == "name":
        return f"a file of this name is in the catalog already, at {other_path}"
    if what == "path":
        return f"its place in the archive belongs to {other}"
    return (
        f"the same product, interval, keywords and version as {other}: give it a higher version, "
        "or let the mission say 'several_per_day' for its product"
    )


def ids_of_names(connection: Connection, mission_id: int, names: Collection[str]) -> dict[str, int]:
    """The numbers of files by name.

    Raises
    ------
    NotFoundError
        If the mission lacks one of them; the message lists those.
    """
    wanted = sorted(set(names))
    rows = connection.execute(FILES_NAMED, {"mission": mission_id, "names": wanted})
    known = {row.name: row.id for row in rows}
    if unknown := [name for name in wanted if name not in known]:
        more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
        raise NotFoundError(
            f"the mission has no file {', '.join(unknown[:10])}{more}: 'headwater files' lists "
            "those there are"
        )
    return known


def file_new(
    connection: Connection, mission_id: int, files: Sequence[NewFile], actor: Actor
) -> list[FiledFile]:
    """File `files` in the caller's transaction, with their events and wake rows.

    The result is in the order of `files`. Keep the transaction short: others that file the same
    products wait for its end.

    Raises
    ------
    FileConflictError
        If some are there already; then nothing was written, and the transaction is still good.
    """
    if not files:
        return []
    lock_work(connection, mission_id)
    products = [file.product_id for file in files]
    connection.execute(LOCK_PRODUCTS, {"product_ids": products})
    identities = [file.identity for file in files]
    if reasons := file_conflicts(connection, mission_id, identities):
        raise FileConflictError(reasons)
    connection.execute(DEMOTE_FILES, {"files": json.dumps([_identity_row(i) for i in identities])})
    values = {"mission_id": mission_id, "files": json.dumps([_row(file) for file in files])}
    ids = list(connection.execute(INSERT_FILES, values).scalars())
    connection.execute(FILES_ADOPTED, {"actor": actor.name, "file_ids": ids})
    connection.execute(CLOSE_TOMBSTONES, {"file_ids": ids})
    wake_for_files(connection, ids)
    filed = {
        path: FiledFile(file_id, name, newest, Version(*top))
        for file_id, path, name, newest, *top in connection.execute(FILED_FILES, {"file_ids": ids})
    }
    return [filed[file.path] for file in files]


def _version_columns(version: Version) -> dict[str, int]:
    return {
        "interface_version": version.interface,
        "quality_version": version.quality,
        "revision_version": version.revision,
    }


def _identity_row(file: FileIdentity) -> dict[str, object]:
    return {
        "product_id": file.product_id,
        "name": file.name,
        "path": file.path,
        "interval_key": file.interval_key,
        "keywords": file.keywords,
        **_version_columns(file.version),
    }


def _row(file: NewFile) -> dict[str, object]:
    row = {name: _json_value(getattr(file, name)) for name in _PLAIN_COLUMNS}
    return row | _version_columns(file.version)


def _json_value(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


_PLAIN_COLUMNS = tuple(field.name for field in fields(NewFile) if field.name != "version")
