"""What a mission took in and made in the last day, week or month, piece of time by piece."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, text

from headwater.core.states import Disposition, EventKind


class Lately(StrEnum):
    """How far back is looked."""

    DAY = "day"
    """24 hours."""
    WEEK = "week"
    """28 pieces of six hours."""
    MONTH = "month"
    """30 days."""


_PIECES = {
    Lately.DAY: (timedelta(hours=1), 24),
    Lately.WEEK: (timedelta(hours=6), 28),
    Lately.MONTH: (timedelta(days=1), 30),
}

_ENDS = {
    EventKind.BUILD_BUILT: "built",
    EventKind.BUILD_FAILED: "failed",
    EventKind.BUILD_HELD: "held",
}
"""The events that are counted, and what they count as."""

_WORK = text("""
select date_bin(:piece, at, 'epoch') as start, kind, count(*) as number
from headwater.event
where mission_id = :mission and at >= date_bin(:piece, now(), 'epoch') - :back
  and kind = any(:kinds)
group by start, kind
""")
"""How many builds ended how; a build that was tried several times counts each time."""

_ARRIVALS = text("""
select date_bin(:piece, created_at, 'epoch') as start, disposition, count(*) as number,
       sum(size)::bigint as bytes
from headwater.arrival
where mission_id = :mission and created_at >= date_bin(:piece, now(), 'epoch') - :back
  and disposition is not null
group by start, disposition
""")
"""How many arrivals became what, by when they were claimed."""

_STARTS = text("""
select generate_series(date_bin(:piece, now(), 'epoch') - :back, now(), :piece)
""")
"""When each piece of time begins; the last one is not over."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of time: when it begins (UTC), what arrived, and how many builds ended how.

    `arrived` counts the arrivals by disposition, `arrived_bytes` their bytes; `ended` counts the
    ends of builds as ``built``, ``failed`` or ``held``. What is none is left out.
    """

    start: datetime
    arrived: Mapping[Disposition, int]
    arrived_bytes: int
    ended: Mapping[str, int]


def throughput(connection: Connection, mission_id: int, lately: Lately) -> list[Piece]:
    """What a mission took in and made, the oldest piece of time first, without gaps."""
    piece, number = _PIECES[lately]
    values = {
        "mission": mission_id,
        "piece": piece,
        "back": piece * (number - 1),
        "kinds": [kind.value for kind in _ENDS],
    }
    ended: dict[datetime, dict[str, int]] = {}
    for row in connection.execute(_WORK, values):
        ended.setdefault(row.start, {})[_ENDS[EventKind(row.kind)]] = row.number
    arrived: dict[datetime, dict[Disposition, int]] = {}
    size: dict[datetime, int] = {}
    for row in connection.execute(_ARRIVALS, values):
        arrived.setdefault(row.start, {})[Disposition(row.disposition)] = row.number
        size[row.start] = size.get(row.start, 0) + row.bytes
    return [
        Piece(start, arrived.get(start, {}), size.get(start, 0), ended.get(start, {}))
        for start in connection.execute(_STARTS, values).scalars()
    ]
