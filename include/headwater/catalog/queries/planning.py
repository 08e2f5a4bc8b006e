"""What the plan must know, read from the catalog in sets.

Each query is one statement, whatever the number of dates. Spans of dates go in as arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Row, text

from headwater.core.interval import DateSpan
from headwater.core.states import BuildState
from headwater.core.version import Version

TO_BE_PLANNED = "to be planned"
"""The state of upstream work that is only a date to look at."""


@dataclass(frozen=True, slots=True)
class Parent:
    """A recorded input of an output file."""

    id: int
    product_id: int
    interval_key: str
    keywords: str
    version: Version


@dataclass(frozen=True, slots=True)
class NewestOutput:
    """The newest file of an output product, on disk or not, with what it was made from.

    `interval_key` and `keywords` are those of the build that made it, where one of this process
    did, else its own. `code` is the version of the recorded code.
    """

    id: int
    name: str
    product_id: int
    interval_key: str
    keywords: str
    utc_file_date: date
    version: Version
    exists_on_disk: bool
    code_id: int | None = None
    code: Version | None = None
    parents: tuple[Parent, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownBuild:
    """A build that is open or `built`."""

    id: int
    interval_key: str
    utc_date: date
    keywords: str
    state: BuildState
    reason: str
    forced: int | None
    fingerprint: str | None
    attempts: int
    not_before: datetime | None
    created_at: datetime
    lease_until: datetime | None
    claimed_by: str | None

    @property
    def held_by_person(self) -> bool:
        """Whether a person holds it: then it has no fingerprint, and no change lifts the hold."""
        return self.state is BuildState.HELD and self.fingerprint is None


@dataclass(frozen=True, slots=True)
class UpstreamWork:
    """Work of an upstream process that may soon change an input."""

    process_id: int
    utc_date: date
    state: str
    """A build's state, or ``to be planned``."""
    last: date | None = None
    """The last day of the build's interval; none if that is its date."""


_OUTPUT = """f.id, f.name, f.product_id, coalesce(b.interval_key, f.interval_key) as interval_key,
       coalesce(b.keywords, f.keywords) as keywords, f.utc_file_date,
       f.interface_version, f.quality_version, f.revision_version, f.exists_on_disk"""

NEWEST_OUTPUTS = text(f"""
select {_OUTPUT}
from unnest(cast(:firsts as date[]), cast(:lasts as date[])) as wanted (first, last)
join headwater.file f
  on f.product_id = any(:products) and f.newest
 and f.utc_file_date between wanted.first and wanted.last
left join headwater.build b on b.id = f.build_id and b.process_id = :process
""")  # noqa: S608  the pieces are constants of this module
"""The newest file of each output product, interval and keywords, on disk or not."""

OUTPUTS_OF_INTERVALS = text(f"""
select {_OUTPUT}
from headwater.file f
left join headwater.build b on b.id = f.build_id and b.process_id = :process
where f.product_id = any(:products) and f.newest and f.interval_key = any(:keys)
""")  # noqa: S608  as above
"""The same of some intervals, whatever their dates."""

RECORDED_PARENTS = text("""
select l.resulting_file, p.id, p.product_id, p.interval_key, p.keywords,
       p.interface_version, p.quality_version, p.revision_version
from headwater.file_link l join headwater.file p on p.id = l.source_file
where l.resulting_file = any(:files)
""")
"""The inputs that are recorded for the given outputs."""

RECORDED_CODES = text("""
select l.resulting_file, c.id, c.interface_version, c.quality_version, c.revision_version
from headwater.file_code l join headwater.code c on c.id = l.source_code
where l.resulting_file = any(:files)
""")
"""The code that is recorded for the given outputs."""

_BUILD = """b.id, b.interval_key, b.utc_date, b.keywords, b.state, b.reason, b.forced,
       b.fingerprint, b.attempts, b.not_before, b.created_at, b.lease_until, b.claimed_by"""
_OPEN = "('pending', 'waiting', 'running', 'failed', 'held')"

KNOWN_BUILDS = text(f"""
select {_BUILD}
from unnest(cast(:firsts as date[]), cast(:lasts as date[])) as wanted (first, last)
join headwater.build b
  on b.mission_id = :mission and b.process_id = :process
 and b.utc_date between wanted.first and wanted.last
 and (b.state in {_OPEN} or b.state = 'built')
""")  # noqa: S608  the pieces are constants of this module
"""The open and the built builds of a process for spans of dates."""

BUILDS_OF_INTERVALS = text(f"""
select {_BUILD} from headwater.build b
where b.process_id = :process and b.interval_key = any(:keys) and b.state in {_OPEN}
union all
select {_BUILD} from headwater.build b
where b.process_id = :process and b.interval_key = any(:keys) and b.state = 'built'
""")  # noqa: S608  as above
"""The open and the built builds of some intervals; each part has an index of its own."""

UPSTREAM_WORK = text(f"""
select b.process_id, b.utc_date, b.state,
       greatest(b.utc_date, (b.interval_stop at time zone 'UTC')::date) as last
from headwater.build b join headwater.process p on p.id = b.process_id
where b.process_id = any(:processes)
  and b.utc_date > cast(:first as date) - cast(:longest as int) and b.utc_date <= :last
  and b.state in ('pending', 'waiting', 'running')
  and not (p.wait_for_end and b.state = 'waiting' and b.interval_stop >= now())
  and (b.state = 'running' or b.campaign_id is null or not exists (
    select from headwater.campaign c where c.id = b.campaign_id and c.state = 'paused'))
union all
select process_id, utc_date, '{TO_BE_PLANNED}', utc_date from headwater.wake
where process_id = any(:processes) and due_at <= now()
  and utc_date > cast(:first as date) - cast(:longest as int)
  and utc_date < cast(:last as date) + cast(:longest as int)
""")  # noqa: S608  as above
"""Builds of upstream processes that will end soon, and dates that they have still to look at.

A build that waits for the end of its interval will not end soon, and none of a paused campaign.
"""


def row_version(row: Row[tuple[object, ...]]) -> Version:
    """The version in the columns of a row."""
    return Version(row.interface_version, row.quality_version, row.revision_version)


def day_arrays(spans: Sequence[DateSpan]) -> dict[str, list[date]]:
    """Spans as the two arrays of days that the statements take."""
    return {"firsts": [span.first for span in spans], "lasts": [span.last for span in spans]}


def newest_outputs(
    connection: Connection,
    process_id: int,
    product_ids: Sequence[int],
    spans: Sequence[DateSpan],
    keys: Sequence[str] = (),
) -> list[NewestOutput]:
    """The newest outputs of the dates in `spans`, with their recorded inputs and code.

    Those whose interval is in `keys` are among them, also where their date has moved.
    """
    if not product_ids or not spans:
        return []
    of_process: dict[str, object] = {"process": process_id, "products": list(product_ids)}
    found = list(connection.execute(NEWEST_OUTPUTS, of_process | day_arrays(spans)))
    if keys:
        found += connection.execute(OUTPUTS_OF_INTERVALS, of_process | {"keys": list(keys)})
    rows = list({row.id: row for row in found}.values())
    file_ids = [row.id for row in rows]
    parents: dict[int, list[Parent]] = {}
    for row in connection.execute(RECORDED_PARENTS, {"files": file_ids}):
        parent = Parent(row.id, row.product_id, row.interval_key, row.keywords, row_version(row))
        parents.setdefault(row.resulting_file, []).append(parent)
    codes: dict[int, tuple[int, Version]] = {
        row.resulting_file: (row.id, row_version(row))
        for row in connection.execute(RECORDED_CODES, {"files": file_ids})
    }
    return [
        NewestOutput(
            row.id,
            row.name,
            row.product_id,
            row.interval_key,
            row.keywords,
            row.utc_file_date,
            row_version(row),
            row.exists_on_disk,
            codes[row.id][0] if row.id in codes else None,
            codes[row.id][1] if row.id in codes else None,
            tuple(parents.get(row.id, ())),
        )
        for row in rows
    ]


def known_builds(
    connection: Connection,
    mission_id: int,
    process_id: int,
    spans: Sequence[DateSpan],
    keys: Sequence[str] = (),
) -> list[KnownBuild]:
    """The open and built builds of the dates in `spans`, and of the intervals `keys`."""
    of_process = {"mission": mission_id, "process": process_id}
    rows = list(connection.execute(KNOWN_BUILDS, of_process | day_arrays(spans)))
    if keys:
        rows += connection.execute(BUILDS_OF_INTERVALS, of_process | {"keys": list(keys)})
    return [
        KnownBuild(
            row.id,
            row.interval_key,
            row.utc_date,
            row.keywords,
            BuildState(row.state),
            row.reason,
            row.forced,
            row.fingerprint,
            row.attempts,
            row.not_before,
            row.created_at,
            row.lease_until,
            row.claimed_by,
        )
        for row in {row.id: row for row in rows}.values()
    ]


def upstream_work(
    connection: Connection, process_ids: Iterable[int], first: date, last: date, longest: int
) -> list[UpstreamWork]:
    """What upstream processes have still to do around `first` to `last`, both included.

    `longest` is the most days that an interval of theirs has.
    """
    processes = list(process_ids)
    if not processes:
        return []
    values = {"processes": processes, "first": first, "last": last, "longest": longest}
    return [
        UpstreamWork(row.process_id, row.utc_date, row.state, row.last)
        for row in connection.execute(UPSTREAM_WORK, values)
    ]


def database_now(connection: Connection) -> datetime:
    """The time of the transaction by the database's clock, UTC."""
    moment: datetime = connection.execute(text("select now()")).scalar_one()
    return moment
