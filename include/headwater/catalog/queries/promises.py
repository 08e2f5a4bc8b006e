"""The promises of DESIGN 2 as statements: each finds the rows that break one of them.

Each gives a row for each breach of the mission ``:mission``: subject and problem, two texts. They
are listed for a reader in ``docs/reference/promises.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, TextClause, text

from headwater.catalog.queries.consistency import RULES
from headwater.catalog.queries.consistency.file_rules import (
    NEWEST_NOT_HIGHEST,
    NO_NEWEST,
    OUT_OF_ORDER,
    TWO_NEWEST,
)
from headwater.catalog.queries.consistency.link_rules import LINK_TO_NOTHING, PARENTS_NOT_NEWEST
from headwater.catalog.queries.consistency.rule import not_open
from headwater.catalog.queries.consistency.work_rules import NEVER_AGAIN, OUTPUT_GONE


@dataclass(frozen=True, slots=True)
class Breach:
    """A row that breaks a promise; `promise` is its number in DESIGN 2."""

    promise: int
    subject: str
    problem: str


@dataclass(frozen=True, slots=True)
class PromiseCheck:
    """One statement, and the promise that its rows break."""

    promise: int
    find: TextClause


MADE_TWICE = text("""
select r.name || ' of ' || b.interval_key as subject,
       'has ' || count(*) filter (where b.state = 'built') || ' built and '
       || count(*) filter (where b.state <> 'built') || ' open builds: '
       || string_agg(b.id::text, ', ' order by b.id) as problem
from headwater.build b join headwater.process r on r.id = b.process_id
where b.mission_id = :mission
  and b.state in ('built', 'pending', 'waiting', 'running', 'failed', 'held')
group by r.name, b.process_id, b.interval_key, b.keywords
having count(*) filter (where b.state = 'built') > 1
    or count(*) filter (where b.state <> 'built') > 1
order by 1
""")
"""An interval is built once, and at most one build of it stands for work."""

SAME_IDENTITY = text("""
select p.name || ' of ' || f.interval_key as subject,
       'has several files of one version: ' || string_agg(f.name, ', ' order by f.name) as problem
from headwater.file f join headwater.product p on p.id = f.product_id
where f.mission_id = :mission
group by p.name, f.product_id, f.interval_key, f.keywords, f.interface_version,
         f.quality_version, f.revision_version
having count(*) > 1 order by 1
""")
"""At most one file exists for a product, interval, keywords and version."""

SAME_PLACE = text("""
select f.path as subject, 'is the place of ' || count(*) || ' rows' as problem
from headwater.file f where f.mission_id = :mission group by f.path having count(*) > 1 order by 1
""")
"""A file of the archive has one row."""

ARRIVAL_WITHOUT_REASON = text("""
select 'arrival ' || a.name as subject, 'has ended without a reason' as problem
from headwater.arrival a
where a.mission_id = :mission and a.state = 'ended'
  and (a.disposition is null or btrim(a.reason) = '')
order by 1
""")
"""Every arrival ends in one disposition, with a reason that a person can read."""

ARRIVAL_WITHOUT_FILE = text("""
select 'arrival ' || a.name as subject,
       'is ' || a.disposition || ', but there is no such file, nor was one purged' as problem
from headwater.arrival a
where a.mission_id = :mission and a.disposition in ('adopted', 'superseded', 'duplicate')
  and not exists (select from headwater.file f where f.id = a.file_id)
  and not exists (select from headwater.tombstone t where t.file_id = a.file_id)
order by 1
""")
"""What was adopted is in the catalog, or was purged from it since."""

ADOPTED_TWICE = text("""
select f.name as subject,
       'is the file of ' || count(*) || ' adopted arrivals whose reason is the same' as problem
from headwater.arrival a join headwater.file f on f.id = a.file_id
where a.mission_id = :mission and a.disposition in ('adopted', 'superseded')
  and a.reason not like '%was lost%'
group by f.id, f.name having count(*) > 1 order by 1
""")
"""A file came in by one arrival; another of it is a duplicate, or gives lost bytes back."""

BUILT_WITHOUT_OUTPUT = text("""
select r.name || ' of ' || b.interval_key as subject,
       'is ' || b.state || ', but its build ' || b.id || ' never gave a ' || p.name as problem
from headwater.build b
join headwater.process r on r.id = b.process_id
join headwater.process_output o on o.process_id = b.process_id and o.required
join headwater.product p on p.id = o.product_id
where b.mission_id = :mission and b.state in ('built', 'superseded')
  and not exists (select from headwater.file f where f.build_id = b.id and f.product_id = p.id)
  and not exists (select from headwater.event e
                  where e.build_id = b.id and e.product_id = p.id and e.kind = 'file adopted')
  and (b.code_id is not null or b.started_at is not null)
order by 1
""")
"""A build is built only if its required outputs were adopted."""

OUTPUT_OF_NO_RUN = text("""
select f.name as subject,
       'is an output of build ' || b.id || ', which is ' || b.state || ' and never was built'
       as problem
from headwater.file f join headwater.build b on b.id = f.build_id
where f.mission_id = :mission and b.state not in ('built', 'superseded')
  and not exists (select from headwater.event e
                  where e.build_id = b.id and e.kind = 'build built')
order by 1
""")
"""A run that was not built leaves nothing in the archive."""

OLD_CODE = text(f"""
select f.name as subject,
       'was made by ' || c.filename || ' (code ' || c.id || '), and ' || u.filename || ' (code '
       || u.id || ') is in use' as problem
from headwater.file f
join headwater.build b on b.id = f.build_id and b.state = 'built'
join headwater.code c on c.id = b.code_id
join headwater.code u on u.process_id = b.process_id and u.active and u.newest_version
                     and b.utc_date between u.start_date and u.stop_date
where f.mission_id = :mission and f.newest and f.exists_on_disk and u.id <> c.id
  and (select count(*) from headwater.code a
       where a.process_id = b.process_id and a.active and a.newest_version
         and b.utc_date between a.start_date and a.stop_date) = 1
  and not exists (select from headwater.file_link l join headwater.file s on s.id = l.source_file
                  where l.resulting_file = f.id and not s.exists_on_disk)
  and {not_open("b.process_id", "b.utc_date")}
order by 1
""")  # noqa: S608  the pieces are constants of this package
"""The newest file is made by the code in use, or its date is being looked at, made or held."""

SAME_FINGERPRINT = text("""
select r.name || ' of ' || b.interval_key as subject,
       'is made more than once from the same inputs and code: builds '
       || string_agg(b.id::text, ', ' order by b.id) as problem
from headwater.build b join headwater.process r on r.id = b.process_id
where b.mission_id = :mission and b.state in ('running', 'built') and b.forced is null
  and b.fingerprint is not null
group by r.name, b.process_id, b.interval_key, b.keywords, b.fingerprint
having count(*) > 1 order by 1
""")
"""Same inputs and same code: nothing to do."""

BUILD_WITHOUT_REASON = text("""
select 'build ' || b.id as subject, 'is ' || b.state || ' without a reason' as problem
from headwater.build b where b.mission_id = :mission and btrim(b.reason) = '' order by b.id
""")
"""Work that fails stays known."""

NEVER_RETRIED = text("""
select r.name || ' of ' || b.interval_key as subject,
       'has failed (' || b.reason || '), nobody ended it, and nothing tries it again' as problem
from headwater.build b join headwater.process r on r.id = b.process_id
where b.mission_id = :mission and b.state = 'failed' and b.not_before is null
  and b.cancel_requested_at is null
order by 1
""")
"""A failed build is tried again, or a person ended it; used up attempts hold it."""

LEVEL_0_LOST = text("""
select f.name as subject, 'is of level 0, and its row says it is not on disk' as problem
from headwater.file f
where f.mission_id = :mission and f.level = 0 and not f.exists_on_disk order by 1
""")
"""Level 0 is never without its bytes."""

LEVEL_0_PURGED = text("""
select t.name as subject, 'was of level 0, and its purge did not leave its bytes' as problem
from headwater.tombstone t join headwater.product p on p.id = t.product_id
where t.mission_id = :mission and p.level = 0 and t.fate <> 'left'
order by 1
""")
"""Level 0 is never given up."""

CHECKS = (
    PromiseCheck(1, MADE_TWICE),
    PromiseCheck(2, SAME_IDENTITY),
    PromiseCheck(2, SAME_PLACE),
    PromiseCheck(2, NO_NEWEST.find),
    PromiseCheck(2, TWO_NEWEST.find),
    PromiseCheck(2, LINK_TO_NOTHING.find),
    PromiseCheck(3, ARRIVAL_WITHOUT_REASON),
    PromiseCheck(3, ARRIVAL_WITHOUT_FILE),
    PromiseCheck(3, ADOPTED_TWICE),
    PromiseCheck(4, BUILT_WITHOUT_OUTPUT),
    PromiseCheck(4, OUTPUT_GONE.find),
    PromiseCheck(4, OUTPUT_OF_NO_RUN),
    PromiseCheck(5, NEWEST_NOT_HIGHEST.find),
    PromiseCheck(5, OUT_OF_ORDER.find),
    PromiseCheck(5, PARENTS_NOT_NEWEST.find),
    PromiseCheck(5, OLD_CODE),
    PromiseCheck(6, SAME_FINGERPRINT),
    PromiseCheck(7, BUILD_WITHOUT_REASON),
    PromiseCheck(7, NEVER_RETRIED),
    PromiseCheck(7, NEVER_AGAIN.find),
    PromiseCheck(9, LEVEL_0_LOST),
    PromiseCheck(9, LEVEL_0_PURGED),
)
"""What the rows alone can tell, by promise. Promise 8 (a dry run) leaves nothing to look at."""

_BY_A_RULE = frozenset(rule.find for rule in RULES) | {LEVEL_0_LOST}

OWN_CHECKS = tuple(check for check in CHECKS if check.find not in _BY_A_RULE)
"""Those that no rule of the consistency check finds, nor the list of what is lost for good."""

UNFINISHED = text("""
select i.final_path as subject, 'has a promise that is ' || i.state as problem
from headwater.intent i where i.mission_id = :mission
union all
select 'arrival ' || a.name, 'is still claimed by ' || a.claimed_by
from headwater.arrival a where a.mission_id = :mission and a.state = 'claimed'
union all
select r.name || ' of ' || b.interval_key, 'is still running, claimed by '
       || coalesce(b.claimed_by, 'someone')
from headwater.build b join headwater.process r on r.id = b.process_id
where b.mission_id = :mission and b.state = 'running'
order by 1
""")
"""Where all is recovered and nobody works, nothing is under way."""

CLAIMED = text("""
select a.id, a.name, a.raw_name, a.inode from headwater.arrival a
where a.mission_id = :mission and a.state = 'claimed' order by a.id
""")
"""The arrivals whose bytes must still lie somewhere."""

QUARANTINED = text("""
select a.name, a.quarantine_path from headwater.arrival a
where a.mission_id = :mission and a.disposition = 'quarantined' order by a.id
""")
"""The arrivals that are kept for a person to look at."""

SUMS = text("""
select f.id, f.path, f.size, f.sha256, f.sha1, f.level from headwater.file f
where f.mission_id = :mission and f.exists_on_disk and f.id > :after
order by f.id limit :most
""")
"""A page of files with their recorded sums."""


def breaches(
    connection: Connection, mission_id: int, checks: Sequence[PromiseCheck] = CHECKS
) -> Iterator[Breach]:
    """What the rows of a mission break, promise by promise."""
    for check in checks:
        for row in connection.execute(check.find, {"mission": mission_id}):
            yield Breach(check.promise, row.subject, row.problem)


def unfinished(connection: Connection, mission_id: int) -> list[Breach]:
    """What is still under way."""
    rows = connection.execute(UNFINISHED, {"mission": mission_id})
    return [Breach(2, row.subject, row.problem) for row in rows]
