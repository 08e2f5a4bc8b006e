"""Rules about links: what files were made from, and by which code."""

from __future__ import annotations

from sqlalchemy import text

from headwater.catalog.queries.consistency.rule import Rule, not_open

_ENDS = (
    ("file_link", "source_file", "file"),
    ("file_link", "resulting_file", "file"),
    ("file_code", "resulting_file", "file"),
    ("file_code", "source_code", "code"),
    ("build_input", "build_id", "build"),
    ("build_input", "file_id", "file"),
    ("release", "file_id", "file"),
)
"""Table, column, and the table that the column must lead to."""


def _lost_end(table: str, column: str, target: str) -> str:
    return f"""
select '{table}' as subject,
       'has ' || count(*) || ' rows whose {column} is no {target}' as problem
from headwater.{table} l
where not exists (select from headwater.{target} t where t.id = l.{column}) having count(*) > 0"""  # noqa: S608  all three are constants of this module


LINK_TO_NOTHING = Rule(
    "link to nothing",
    "a link whose file, code or build is not there (of any mission: it says no more)",
    "it is deleted",
    text("\nunion all".join(_lost_end(*end) for end in _ENDS)),
    tuple(
        text(
            f"delete from headwater.{table} l "  # noqa: S608  as above
            f"where not exists (select from headwater.{target} t where t.id = l.{column})"
        )
        for table, column, target in _ENDS
    ),
)

MADE_WITHOUT_CODE = Rule(
    "made without code",
    "a file that a build made, without a link to the code",
    "the link is written again from the build",
    text("""
select f.name as subject, 'was made by build ' || b.id || ', but has no link to its code' as problem
from headwater.file f join headwater.build b on b.id = f.build_id
where f.mission_id = :mission and b.code_id is not null
  and not exists (select from headwater.file_code k where k.resulting_file = f.id)
order by 1
"""),
    (
        text("""
insert into headwater.file_code (resulting_file, source_code)
select f.id, b.code_id from headwater.file f join headwater.build b on b.id = f.build_id
where f.mission_id = :mission and b.code_id is not null
  and not exists (select from headwater.file_code k where k.resulting_file = f.id)
"""),
    ),
)

MADE_WITHOUT_INPUTS = Rule(
    "made without inputs",
    "a file that a build made, without links to all that the build read",
    "the links are written again from the build",
    text("""
select f.name as subject,
       'was made by build ' || f.build_id || ', but lacks ' || count(*) || ' links to its inputs'
       as problem
from headwater.file f join headwater.build_input i on i.build_id = f.build_id
where f.mission_id = :mission and not exists (
    select from headwater.file_link l where l.resulting_file = f.id and l.source_file = i.file_id)
group by f.name, f.build_id order by 1
"""),
    (
        text("""
insert into headwater.file_link (source_file, resulting_file)
select i.file_id, f.id from headwater.file f
join headwater.build_input i on i.build_id = f.build_id
where f.mission_id = :mission on conflict do nothing
"""),
    ),
)

CODE_OF_ANOTHER = Rule(
    "code of another process",
    "a file linked to a code whose process does not make its product",
    "see which is wrong, the product that its inspector names or the process's outputs",
    text("""
select f.name as subject,
       'is of product ' || p.name || ', but was made by ' || c.filename || ' of process ' || r.name
       || ', which does not make it' as problem
from headwater.file f
join headwater.product p on p.id = f.product_id
join headwater.file_code k on k.resulting_file = f.id
join headwater.code c on c.id = k.source_code
join headwater.process r on r.id = c.process_id
where f.mission_id = :mission and not exists (
    select from headwater.process_output o
    where o.process_id = r.id and o.product_id = f.product_id)
order by 1
"""),
)

PARENTS_NOT_NEWEST = Rule(
    "parents not newest",
    "a newest file made from a file that is no longer the newest, with nothing under way",
    "its date is looked at again: the plan makes it anew from the newest inputs",
    text(f"""
select f.name as subject,
       'was made from ' || string_agg(s.name, ', ' order by s.name)
       || ', which is not the newest' as problem,
       c.process_id, coalesce(b.utc_date, f.utc_file_date) as utc_date
from headwater.file f
join headwater.file_code k on k.resulting_file = f.id
join headwater.code c on c.id = k.source_code
join headwater.file_link l on l.resulting_file = f.id
join headwater.file s on s.id = l.source_file
join headwater.process_input i
  on i.process_id = c.process_id and i.product_id = s.product_id and i.kind in ('hard', 'soft')
left join headwater.build b on b.id = f.build_id
where f.mission_id = :mission and f.newest and not s.newest
  and {not_open("c.process_id", "coalesce(b.utc_date, f.utc_file_date)")}
group by f.name, c.process_id, coalesce(b.utc_date, f.utc_file_date) order by 1
"""),  # noqa: S608  the pieces are constants of this package
    look_again=True,
)

LINK_RULES = (
    LINK_TO_NOTHING,
    MADE_WITHOUT_CODE,
    MADE_WITHOUT_INPUTS,
    CODE_OF_ANOTHER,
    PARENTS_NOT_NEWEST,
)
