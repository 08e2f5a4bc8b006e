"""The table of orbits: read around some days, brought to what a file says, and what that wakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from headwater.core.interval import DateSpan
from headwater.core.output_interval import LONGEST_ORBIT, Orbit

OF_SATELLITE = """
    o.mission_id = :mission and o.satellite_id is not distinct from (
        select max(s.satellite_id) from headwater.orbit s
        where s.mission_id = :mission and s.satellite_id = cast(:satellite as bigint))
"""
"""The orbits of a satellite, or, where it has none of its own, those of the mission."""

ORBITS_ON = text(f"""
select distinct o.number, o.start, o.stop
from unnest(cast(:starts as timestamptz[]), cast(:stops as timestamptz[])) as wanted (start, stop)
join headwater.orbit o
  on o.start <= wanted.stop and o.stop > wanted.start
 and o.start > wanted.start - cast(:longest as interval)
where {OF_SATELLITE}
""")  # noqa: S608  the pieces are constants of this module
"""The orbits that touch spans; none is longer than the longest, so that few are looked at."""

ALL_ORBITS = text("""
select o.number as orbit, o.start, o.stop, s.name as satellite
from headwater.orbit o left join headwater.satellite s on s.id = o.satellite_id
where o.mission_id = :mission order by s.name nulls first, o.start, o.number
""")
"""Every orbit of a mission, by satellite and time."""

ORBITS_OF = text("""
select o.number, o.start, o.stop from headwater.orbit o
where o.mission_id = :mission and o.satellite_id is not distinct from cast(:satellite as bigint)
""")
"""The orbits of one satellite, or those of the mission that belong to none."""

_GIVEN = """unnest(cast(:numbers as bigint[]), cast(:starts as timestamptz[]),
    cast(:stops as timestamptz[])) as g (number, start, stop)"""

CHANGE_ORBITS = text(f"""
update headwater.orbit o set start = g.start, stop = g.stop from {_GIVEN}
where o.mission_id = :mission and o.satellite_id is not distinct from cast(:satellite as bigint)
  and o.number = g.number
""")  # noqa: S608  as above
"""Give orbits other times."""

ADD_ORBITS = text(f"""
insert into headwater.orbit (mission_id, satellite_id, number, start, stop)
select :mission, cast(:satellite as bigint), g.number, g.start, g.stop from {_GIVEN}
""")  # noqa: S608  as above
"""Add orbits."""

WAKE_ORBITS = text("""
insert into headwater.wake (process_id, utc_date, reason)
select distinct p.id, day::date, cast(:reason as text)
from unnest(cast(:starts as timestamptz[]), cast(:stops as timestamptz[])) as c (start, stop)
cross join lateral generate_series(
    date_trunc('day', c.start at time zone 'UTC'),
    c.stop at time zone 'UTC' - interval '1 microsecond', interval '1 day') day
join headwater.process p on p.mission_id = :mission and p.timebase = 'ORBIT'
order by 1, 2
on conflict (process_id, utc_date) do update
    set due_at = least(wake.due_at, excluded.due_at), reason = excluded.reason
""")
"""Wake the processes that make a product an orbit, for the days of orbits that came or changed."""


def orbits_on(
    connection: Connection, mission_id: int, satellite_id: int | None, spans: Sequence[DateSpan]
) -> list[Orbit]:
    """The orbits that touch `spans`, for a process whose products are of that satellite."""
    if not spans:
        return []
    values = {
        "mission": mission_id,
        "satellite": satellite_id,
        "longest": LONGEST_ORBIT,
        "starts": [span.start for span in spans],
        "stops": [span.stop for span in spans],
    }
    return [Orbit(row.start, row.stop, row.number) for row in connection.execute(ORBITS_ON, values)]


def orbits_of(connection: Connection, mission_id: int, satellite_id: int | None) -> list[Orbit]:
    """The orbits that were loaded for a satellite, or for the mission as a whole, by time."""
    values = {"mission": mission_id, "satellite": satellite_id}
    rows = connection.execute(ORBITS_OF, values)
    return sorted(Orbit(row.start, row.stop, row.number) for row in rows)


def all_orbits(connection: Connection, mission_id: int) -> list[dict[str, Any]]:
    """Every orbit of a mission for a listing, by satellite and time."""
    return [dict(row) for row in connection.execute(ALL_ORBITS, {"mission": mission_id}).mappings()]


def write_orbits(
    connection: Connection,
    mission_id: int,
    satellite_id: int | None,
    *,
    new: Sequence[Orbit],
    changed: Sequence[Orbit],
) -> None:
    """Add orbits and change others; the caller holds the lock of work, and wakes what follows."""
    for statement, rows in ((CHANGE_ORBITS, changed), (ADD_ORBITS, new)):
        if rows:
            where = {"mission": mission_id, "satellite": satellite_id}
            numbers = {"numbers": [one.number for one in rows]}
            connection.execute(statement, where | numbers | _times(rows))


def wake_for_orbits(
    connection: Connection, mission_id: int, orbits: Sequence[Orbit], reason: str
) -> None:
    """Let what is made by orbits be looked at again on the days of `orbits`."""
    if orbits:
        values = {"mission": mission_id, "reason": reason}
        connection.execute(WAKE_ORBITS, values | _times(orbits))


def _times(orbits: Sequence[Orbit]) -> dict[str, object]:
    return {"starts": [one.start for one in orbits], "stops": [one.stop for one in orbits]}
