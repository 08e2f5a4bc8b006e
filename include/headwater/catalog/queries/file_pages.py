"""Files for pages: those of a product by date, and one with every fact and all its versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from headwater.catalog.queries.listings import Row

_VERSION = "{0}.interface_version || '.' || {0}.quality_version || '.' || {0}.revision_version"
_ROWS = f"""
select f.id, p.name as product, f.name, f.path, f.utc_file_date as date,
       f.interval_key, f.keywords, {_VERSION.format("f")} as version, f.newest,
       f.size, f.exists_on_disk as on_disk, f.qa, f.build_id as build,
       f.created_at
from headwater.file f join headwater.product p on p.id = f.product_id
"""  # noqa: S608  built from the constant above only
_CONDITIONS = {
    "product_id": "f.product_id = :product_id",
    "name": "f.name = :name",
    "first": "f.utc_file_date >= :first",
    "last": "f.utc_file_date <= :last",
    "after": "(f.utc_file_date, f.id) >"
    " (select a.utc_file_date, a.id from headwater.file a where a.id = :after)",
}
"""The condition of each filter; one that is not given is left out, so that an index is found."""

_ONE = text(f"""
select f.id, m.name as mission, p.name as product, p.level, f.name, f.path,
       m.rootdir || '/' || f.path as full_path, f.utc_file_date as date,
       f.interval_key, f.keywords, {_VERSION.format("f")} as version, f.newest,
       f.utc_start_time as start, f.utc_stop_time as stop, f.size, f.sha256, f.sha1,
       f.file_create_date as file_changed_at, f.exists_on_disk as on_disk, f.scrubbed_at, f.note,
       f.qa, f.quality_checked, f.quality_comment, f.caveats, f.check_date as checked_at,
       f.met_start_time, f.met_stop_time, f.verbose_provenance as command, f.build_id as build,
       r.name as process, c.filename as code, {_VERSION.format("c")} as code_version,
       i.filename as inspector, {_VERSION.format("i")} as inspector_version,
       f.created_at,
       array(select l.release_num from headwater.release l
             where l.file_id = f.id and l.excluded is null order by 1) as releases
from headwater.file f
join headwater.mission m on m.id = f.mission_id
join headwater.product p on p.id = f.product_id
left join headwater.build b on b.id = f.build_id
left join headwater.process r on r.id = b.process_id
left join lateral (select k.* from headwater.file_code l
                   join headwater.code k on k.id = l.source_code
                   where l.resulting_file = f.id limit 1) c on true
left join headwater.inspector i on i.id = f.inspector_id
where f.mission_id = :mission and f.id = :id
""")  # noqa: S608  as above
"""Every fact of one file of a mission."""

_VERSIONS = text(f"""
select f.id, f.name, {_VERSION.format("f")} as version, f.newest, f.size, f.sha256,
       f.exists_on_disk as on_disk, f.build_id as build, b.reason, c.filename as code,
       {_VERSION.format("c")} as code_version, f.created_at
from headwater.file one
join headwater.file f on f.product_id = one.product_id and f.interval_key = one.interval_key
 and f.keywords = one.keywords
left join headwater.build b on b.id = f.build_id
left join lateral (select k.* from headwater.file_code l
                   join headwater.code k on k.id = l.source_code
                   where l.resulting_file = f.id limit 1) c on true
where one.id = :id
order by f.interface_version desc, f.quality_version desc, f.revision_version desc
limit :most
""")  # noqa: S608  as above
"""All versions of a file's product, interval and keywords, the newest first."""


@dataclass(frozen=True, slots=True)
class FileFilter:
    """Which files are wanted; what is none does not restrict. Dates are included, UTC."""

    product_id: int | None = None
    name: str | None = None
    first: date | None = None
    last: date | None = None
    after: int | None = None
    """Only what comes after the file of this number, in the order of dates."""
    newest_only: bool = False


def file_page(connection: Connection, mission_id: int, chosen: FileFilter, limit: int) -> list[Row]:
    """Files of a mission by date, then number."""
    values = {name: value for name in _CONDITIONS if (value := getattr(chosen, name)) is not None}
    where = ["f.mission_id = :mission", *(_CONDITIONS[name] for name in values)]
    if chosen.newest_only:
        where.append("f.newest")
    statement = text(
        f"{_ROWS} where {' and '.join(where)} order by f.utc_file_date, f.id limit :limit"
    )
    wanted = values | {"mission": mission_id, "limit": limit}
    return [dict(row) for row in connection.execute(statement, wanted).mappings()]


def one_file(connection: Connection, mission_id: int, file: int) -> Row | None:
    """Every fact of a file of a mission; none if there is none of that number."""
    values = {"mission": mission_id, "id": file}
    row = connection.execute(_ONE, values).mappings().first()
    return None if row is None else dict(row)


def file_versions(connection: Connection, file: int, most: int) -> list[Row]:
    """All versions of what a file is one of, the newest first, at most `most`."""
    rows = connection.execute(_VERSIONS, {"id": file, "most": most}).mappings()
    return [dict(row) for row in rows]
