"""Two missions of the catalog compared by name: each statement gives what differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

_PRODUCTS = """
select p.name, jsonb_build_object(
    'relative_path', p.relative_path, 'level', p.level, 'format', p.format,
    'product_description', p.description, 'several_per_day', p.several_per_day,
    'instrument', i.name) as parts
from headwater.product p join headwater.instrument i on i.id = p.instrument_id
where p.mission_id = {mission}
"""
_PROCESSES = """
select p.name, jsonb_build_object(
    'output_timebase', p.timebase, 'extra_params', p.extra_params,
    'inputs', (select string_agg(q.name || ' ' || i.kind || ' -' || i.days_before || ' +'
                                 || i.days_after, ', ' order by i.position)
               from headwater.process_input i join headwater.product q on q.id = i.product_id
               where i.process_id = p.id),
    'output_product', (select string_agg(q.name, ', ' order by o.position)
                       from headwater.process_output o
                       join headwater.product q on q.id = o.product_id
                       where o.process_id = p.id)) as parts
from headwater.process p where p.mission_id = {mission}
"""
_CODES = """
select distinct on (name) name, parts from (
    select concat_ws(' ', nullif(c.description, ''), c.filename,
                     concat_ws('.', c.interface_version, c.quality_version, c.revision_version),
                     c.arguments) as name,
           jsonb_build_object(
               'process', p.name, 'relative_path', c.relative_path,
               'output_interface', c.output_interface, 'code_start_date', c.start_date,
               'code_stop_date', c.stop_date, 'active_code', c.active,
               'newest_version', c.newest_version, 'cpu', c.cpu, 'ram', c.ram) as parts, c.id
    from headwater.code c join headwater.process p on p.id = c.process_id
    where p.mission_id = {mission}) code
order by name, id
"""
_FILES = """
select f.name, jsonb_build_object(
    'product', p.name, 'utc_file_date', f.utc_file_date, 'utc_start_time', f.utc_start_time,
    'utc_stop_time', f.utc_stop_time, 'data_level', f.level,
    'version', concat_ws('.', f.interface_version, f.quality_version, f.revision_version),
    'newest', f.newest, 'exists_on_disk', f.exists_on_disk, 'process_keywords', f.keywords,
    'quality_checked', f.quality_checked, 'quality_comment', f.quality_comment,
    'caveats', f.caveats) as parts
from headwater.file f join headwater.product p on p.id = f.product_id
where f.mission_id = {mission}
"""
_TABLES = {"Product": _PRODUCTS, "Process": _PROCESSES, "Code": _CODES, "File": _FILES}

_INPUTS = """
select r.name, s.name as other from headwater.file_link l
join headwater.file r on r.id = l.resulting_file join headwater.file s on s.id = l.source_file
where r.mission_id = {mission}
"""
_CODES_OF_FILES = """
select r.name, concat_ws(' ', c.filename,
                         concat_ws('.', c.interface_version, c.quality_version,
                                   c.revision_version)) as other
from headwater.file_code l
join headwater.file r on r.id = l.resulting_file join headwater.code c on c.id = l.source_code
where r.mission_id = {mission}
"""
_LINKS = {"input file": _INPUTS, "code": _CODES_OF_FILES}

_DIFFERENT_ROWS = """
select name, one.parts as one, two.parts as two
from ({one}) one full join ({two}) two using (name)
where one.parts is distinct from two.parts order by name
"""
_DIFFERENT_LINKS = """
select d.name, d.other, d.in_one from (
    select name, other, one.name is not null as in_one, two.name is not null as in_two
    from ({one}) one full join ({two}) two using (name, other)) d
where d.in_one <> d.in_two
  and exists (select from headwater.file f where f.mission_id = :one and f.name = d.name)
  and exists (select from headwater.file f where f.mission_id = :two and f.name = d.name)
order by d.name, d.other
"""


def _both(comparison: str, source: str) -> str:
    return comparison.format(one=source.format(mission=":one"), two=source.format(mission=":two"))


DIFFERENT_ROWS = {kind: text(_both(_DIFFERENT_ROWS, source)) for kind, source in _TABLES.items()}
"""For each kind, what only one mission has and what is not the same in both, by name."""

DIFFERENT_LINKS = {kind: text(_both(_DIFFERENT_LINKS, source)) for kind, source in _LINKS.items()}
"""For files that both missions have, the inputs and codes that only one has."""


@dataclass(frozen=True, slots=True)
class OnlyInOne:
    """Something that one mission has and the other has not; `mission` is 1 or 2."""

    what: str
    mission: int


@dataclass(frozen=True, slots=True)
class Differing:
    """A part of something that both missions have, and that differs."""

    what: str
    part: str
    first: object
    second: object


def differences(connection: Connection, first: int, second: int) -> Iterator[OnlyInOne | Differing]:
    """What differs between two missions, by name: kind after kind, then the links of files."""
    values = {"one": first, "two": second}
    for kind, statement in DIFFERENT_ROWS.items():
        for row in connection.execute(statement, values):
            what = f"{kind} {row.name}"
            if row.one is None or row.two is None:
                yield OnlyInOne(what, 1 if row.two is None else 2)
                continue
            for part in sorted(row.one):
                if row.one[part] != row.two[part]:
                    yield Differing(what, part, row.one[part], row.two[part])
    for kind, statement in DIFFERENT_LINKS.items():
        for row in connection.execute(statement, values):
            yield OnlyInOne(f"{row.name} {kind} {row.other}", 1 if row.in_one else 2)
