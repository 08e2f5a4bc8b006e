"""Where a file came from: its parents, theirs, and the codes that made them."""

from __future__ import annotations

from sqlalchemy import Connection, text

from headwater.catalog.queries.listings import Row

_VERSION = "{0}.interface_version || '.' || {0}.quality_version || '.' || {0}.revision_version"

_LINEAGE = text(f"""
    with recursive lineage(file_id, source_id, depth) as (
        select l.resulting_file, l.source_file, 1
          from headwater.file_link l
          join headwater.file f on f.id = l.resulting_file
          join headwater.mission m on m.id = f.mission_id
         where f.name = :name and (cast(:mission as text) is null or m.name = :mission)
        union
        select l.resulting_file, l.source_file, lineage.depth + 1
          from headwater.file_link l join lineage on lineage.source_id = l.resulting_file
    ), step as (
        select f.id as file_id, cast(null as bigint) as resulting_id, 0 as depth
          from headwater.file f join headwater.mission m on m.id = f.mission_id
         where f.name = :name and (cast(:mission as text) is null or m.name = :mission)
        union all
        select source_id, file_id, depth from lineage
    )
    select s.depth, s.resulting_id, f.id, p.name as product, f.utc_file_date as date,
           {_VERSION.format("f")} as version, f.name, f.newest, f.sha256,
           f.verbose_provenance as command,
           c.filename as code, {_VERSION.format("c")} as code_version, f.created_at as filed_at
      from step s
      join headwater.file f on f.id = s.file_id
      join headwater.product p on p.id = f.product_id
      left join headwater.file_code k on k.resulting_file = f.id
      left join headwater.code c on c.id = k.source_code
     order by s.depth, p.level desc, f.name
""")  # noqa: S608  built from the constant above only


def provenance(connection: Connection, name: str, mission: str | None = None) -> list[Row]:
    """A file and all that it was made from, down to the files that arrived.

    The first row is the file itself, with depth 0; each other row names in `resulting_id` the
    file that was made from it. Empty when there is no file of that name.
    """
    rows = connection.execute(_LINEAGE, {"name": name, "mission": mission}).mappings()
    return [dict(row) for row in rows]
