"""Rules about the mission itself: codes and inspectors that keep products from being made."""

from __future__ import annotations

from sqlalchemy import text

from headwater.catalog.queries.consistency.rule import Rule, version_text

_TWO_CODES = f"""
select r.name as subject,
       a.filename || ' ' || {version_text("a")} || ' (code ' || a.id || ') and ' || b.filename
       || ' ' || {version_text("b")} || ' (code ' || b.id || ')'
"""
_IN_USE = """
from headwater.code a
join headwater.code b on b.process_id = a.process_id and b.id > a.id
join headwater.process r on r.id = a.process_id
where r.mission_id = :mission and a.active and a.newest_version and b.active and b.newest_version
"""

OVERLAPPING_CODES = Rule(
    "overlapping codes",
    "two codes of a process in use for the same dates: nothing is made for them",
    "leave one of them active: 'headwater code activate'",
    text(f"""
{_TWO_CODES} || ' are both in use from ' || greatest(a.start_date, b.start_date) || ' to '
       || least(a.stop_date, b.stop_date) as problem
{_IN_USE} and a.start_date <= b.stop_date and b.start_date <= a.stop_date order by 1, a.id, b.id
"""),
)

SAME_CODE_VERSION = Rule(
    "same code version",
    "two codes of a process in use with one version: which made a file cannot be told by it",
    "give one of them a version of its own: 'headwater code add'",
    text(f"""
{_TWO_CODES} || ' have the same version' as problem
{_IN_USE} and (a.interface_version, a.quality_version, a.revision_version)
    = (b.interface_version, b.quality_version, b.revision_version)
order by 1, a.id, b.id
"""),
)

NO_CODE = Rule(
    "no code",
    "a process without a code in use: nothing of it is made",
    "activate one: 'headwater code activate'; or take the process out of the mission file",
    text("""
select r.name as subject, 'has no code that is active and the newest version' as problem
from headwater.process r
where r.mission_id = :mission and not exists (
    select from headwater.code c
    where c.process_id = r.id and c.active and c.newest_version)
order by 1
"""),
)

NO_INSPECTOR = Rule(
    "no inspector",
    "a product without an inspector: the mission cannot be used",
    "apply its mission file again",
    text("""
select p.name as subject, 'has no inspector' as problem from headwater.product p
where p.mission_id = :mission
  and not exists (select from headwater.inspector i where i.product_id = p.id)
order by 1
"""),
)

INACTIVE_INSPECTOR = Rule(
    "inactive inspector",
    "a product that a process makes, and its inspector is not active: outputs are not recognised",
    "set the inspector active in the mission file, and apply it",
    text("""
select distinct p.name as subject,
       'is made by process ' || r.name || ', but its inspector is not active' as problem
from headwater.product p
join headwater.inspector i on i.product_id = p.id and not i.active
join headwater.process_output o on o.product_id = p.id
join headwater.process r on r.id = o.process_id
where p.mission_id = :mission order by 1
"""),
)

MISSION_RULES = (
    OVERLAPPING_CODES,
    SAME_CODE_VERSION,
    NO_CODE,
    NO_INSPECTOR,
    INACTIVE_INSPECTOR,
)
