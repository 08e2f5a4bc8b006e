"""A catalog of a large mission, generated in SQL: files, versions, links, codes, builds, events.

Chains of three levels, one file a day and several versions of each; what an older version was made
from is the parent's version of its time.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from processing_lab import HEAD, process, product
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.missions.apply import apply
from headwater.missions.loaded import LoadedMission, load_mission
from headwater.missions.reading import read_mission_files

CHAINS, LEVELS = 20, 3
FIRST = date(2005, 1, 1)
_VERSIONS = "3 + (d % 3 = 0)::int"
_VERSIONS_A_DAY = 10 / 3

# Numbers are allotted by day, as if the files had come in their order.
_FILES = f"""
create unlogged table headwater.generated as
select row_number() over (order by d, v, level, chain) as id, d, v, level, chain,
       v = {_VERSIONS} - 1 as newest, date '{FIRST}' + d as day,
       'l' || level || '_' || chain as product
from generate_series(0, :days - 1) d, generate_series(0, {CHAINS} - 1) chain,
     generate_series(0, {LEVELS} - 1) level, lateral generate_series(0, {_VERSIONS} - 1) v;
create unique index on headwater.generated (chain, d, v, level);
analyze headwater.generated
"""
_STEPS = {
    "builds": """
insert into headwater.build (id, mission_id, process_id, interval_key, utc_date, interval_start,
    interval_stop, state, reason, fingerprint, code_id, interface_version, quality_version,
    revision_version, attempts, command, exit_code, wall_seconds, started_at, ended_at)
select g.id, :mission, r.id, g.day::text, g.day, g.day, g.day + interval '1 day',
    case when g.newest then 'built' else 'superseded' end, 'new input ' || g.product,
    lpad(to_hex(g.id), 64, '0'), c.id, 1, 0, g.v, 1, 'copy.sh ' || g.product, 0, 0.1,
    g.day + interval '2 days', g.day + interval '2 days'
from headwater.generated g join headwater.process r on r.name = 'mk_' || g.product
join headwater.code c on c.process_id = r.id
where g.level > 0""",
    "files": """
insert into headwater.file (id, mission_id, product_id, name, path, interval_key, utc_file_date,
    utc_start_time, utc_stop_time, interface_version, quality_version, revision_version, newest,
    level, size, sha256, sha1, file_create_date, inspector_id, build_id, created_at)
select g.id, :mission, p.id, n.name, p.name || '/' || n.name, g.day::text, g.day, g.day,
    g.day + interval '1 day' - interval '1 microsecond', 1, 0, g.v, g.newest, g.level, 65536,
    lpad(to_hex(g.id), 64, '0'), lpad(to_hex(g.id), 40, '0'), g.day + interval '2 days', i.id,
    case when g.level > 0 then g.id end, g.day + interval '2 days'
from headwater.generated g join headwater.product p on p.name = g.product
join headwater.inspector i on i.product_id = p.id,
lateral (select p.name || '_' || to_char(g.day, 'YYYYMMDD') || '_v1.0.' || g.v || '.dat') n (name)
""",
    "links": """
insert into headwater.file_link (source_file, resulting_file)
select parent.id, child.id from headwater.generated child
join headwater.generated parent
  on (parent.chain, parent.d, parent.v, parent.level)
   = (child.chain, child.d, child.v, child.level - 1)""",
    "inputs": """
insert into headwater.build_input (build_id, file_id, position)
select resulting_file, source_file, 0 from headwater.file_link""",
    "codes": """
insert into headwater.file_code (resulting_file, source_code)
select f.id, b.code_id from headwater.file f join headwater.build b on b.id = f.build_id""",
    "arrivals": """
insert into headwater.arrival (mission_id, name, raw_name, size, modified_at, inode, token, state,
    disposition, reason, product_id, file_id, claimed_by, lease_until, created_at, ended_at)
select mission_id, name, convert_to(name, 'UTF8'), size, file_create_date, id, gen_random_uuid(),
    'ended', 'adopted', 'filed', product_id, id, 'benchmark', created_at, created_at, created_at
from headwater.file where build_id is null""",
    "quarantined": """
insert into headwater.arrival (mission_id, name, raw_name, size, modified_at, inode, token, state,
    disposition, reason, claimed_by, lease_until, created_at, ended_at)
select mission_id, 'x' || name, raw_name, size, modified_at, inode, token, 'ended', 'quarantined',
    'no inspector knows it', claimed_by, lease_until, created_at, ended_at
from headwater.arrival where id % 200 = 0""",
    "events": """
insert into headwater.event (at, kind, actor, reason, mission_id, product_id, file_id, build_id)
select created_at, 'file adopted', 'benchmark', 'filed', mission_id, product_id, id, build_id
from headwater.file order by id""",
}
_NUMBERS = """
select setval(pg_get_serial_sequence('headwater.' || name, 'id'), :most)
from unnest(array['file', 'build']) name
"""


def large_mission(catalog: Catalog, root: Path) -> LoadedMission:
    """A mission of `CHAINS` chains l0 -> l1 (FILE) -> l2 (DAILY); its codes are not there."""
    sections = []
    for chain in range(CHAINS):
        sections += [product(f"l{level}_{chain}", level) for level in range(LEVELS)]
        for level, timebase in ((1, "FILE"), (2, "DAILY")):
            name = f"l{level}_{chain}"
            reads = f"required_input1 = product_l{level - 1}_{chain}"
            sections.append(process(f"mk_{name}", name, reads, timebase=timebase))
    file = root / "lab.conf"
    file.write_text(HEAD.format(root=root) + "".join(sections))
    apply(catalog, read_mission_files([file]), Actor("benchmark"))
    return load_mission(catalog, "lab")


def fill(catalog: Catalog, mission: LoadedMission, files: int) -> int:
    """Fill the catalog with about so many files, all made and up to date; how many they are."""
    days = max(round(files / (CHAINS * LEVELS * _VERSIONS_A_DAY)), 400)
    with catalog.begin() as connection:
        # Rows that belong together are made together: no need to look each of them up.
        connection.execute(text("set local session_replication_role = replica"))
        for statement in _FILES.split(";\n"):
            connection.execute(text(statement), {"days": days} if ":days" in statement else {})
        for statement in _STEPS.values():
            values = {"mission": mission.id} if ":mission" in statement else {}
            connection.execute(text(statement), values)
        most = connection.scalar(text("select max(id) from headwater.generated"))
        connection.execute(text(_NUMBERS), {"most": most})
        connection.execute(text("drop table headwater.generated"))
    with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))
    return int(most or 0)
