"""The relatives of a file: all that it was made from, and all that was made from it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from headwater.catalog.queries.listings import Row

_VERSION = "{0}.interface_version || '.' || {0}.quality_version || '.' || {0}.revision_version"
_STEPS = """
with recursive step(source, made) as (
    select source_file, resulting_file from headwater.file_link where {near} = :id
    union
    select l.source_file, l.resulting_file
    from step join headwater.file_link l on l.{near} = step.{far}
)
select source, made from step limit :most
"""
"""The links of a family in one direction; Postgres stops walking at the limit."""
_ANCESTORS = text(_STEPS.format(near="resulting_file", far="source"))
"""All links up to the files that arrived."""
_DESCENDANTS = text(_STEPS.format(near="source_file", far="made"))
"""All links down to the last products."""

_MEMBERS = text(f"""
select f.id, p.name as product, p.level, f.utc_file_date as date, {_VERSION.format("f")} as version,
       f.name, f.newest, f.exists_on_disk as on_disk, f.build_id as build, c.filename as code,
       {_VERSION.format("c")} as code_version
from headwater.file f
join headwater.product p on p.id = f.product_id
left join lateral (select k.* from headwater.file_code l
                   join headwater.code k on k.id = l.source_code
                   where l.resulting_file = f.id limit 1) c on true
where f.id = any(:ids) order by p.level, p.name, f.utc_file_date, f.id
""")  # noqa: S608  built from the constant above only
"""What a graph shows of each file."""


@dataclass(frozen=True, slots=True)
class Family:
    """Files by level, product and date, and links (source file, file made from it).

    With `more` there are further links than were asked for.
    """

    files: list[Row]
    links: list[tuple[int, int]]
    more: bool


def family(connection: Connection, file: int, *, up: bool, down: bool, most: int) -> Family:
    """The relatives of a file: `up` what it was made from, `down` what was made from it.

    At most `most` links in each direction.
    """
    links: list[tuple[int, int]] = []
    more = False
    for wanted, query in ((up, _ANCESTORS), (down, _DESCENDANTS)):
        if wanted:
            found = connection.execute(query, {"id": file, "most": most + 1}).all()
            more = more or len(found) > most
            links += [(row.source, row.made) for row in found[:most]]
    ids = sorted({file, *(number for link in links for number in link)})
    members = connection.execute(_MEMBERS, {"ids": ids}).mappings()
    return Family([dict(row) for row in members], links, more)
