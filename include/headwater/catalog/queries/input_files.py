"""The files that builds may read, found in sets: by time, by date, beside a span, by validity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Row, text

from headwater.catalog.queries.planning import day_arrays, row_version
from headwater.core.interval import DateSpan
from headwater.core.version import Version


@dataclass(frozen=True, slots=True)
class CandidateFile:
    """A newest file on disk that may be an input; times are UTC."""

    id: int
    product_id: int
    interval_key: str
    keywords: str
    utc_file_date: date
    start: datetime
    stop: datetime
    version: Version
    name: str = ""
    problem: str | None = None
    """What a check of quality found wrong with it; empty if it does not say."""


_FILE = """f.id, f.product_id, f.interval_key, f.keywords, f.utc_file_date,
       f.utc_start_time, f.utc_stop_time,
       f.interface_version, f.quality_version, f.revision_version, f.name,
       case when f.qa = 'problem' then coalesce(f.quality_comment, '') end as problem"""

INPUTS_BY_OVERLAP = text(f"""
select distinct {_FILE}
from unnest(cast(:starts as timestamptz[]), cast(:stops as timestamptz[])) as wanted (start, stop)
join headwater.file f
  on f.product_id = any(:products) and f.newest and f.exists_on_disk
 and f.qa is distinct from 'ignore'
 and f.utc_start_time <= wanted.stop and f.utc_stop_time >= wanted.start
""")  # noqa: S608  the columns are a constant of this module
"""The newest files on disk whose time, both ends included, touches a span (spec 5.3, DAILY).

One that a check of quality says to ignore is left out, here and below, and nothing stands in for
it."""

INPUTS_BY_DATE = text(f"""
select distinct {_FILE}
from unnest(cast(:firsts as date[]), cast(:lasts as date[])) as wanted (first, last)
join headwater.file f
  on f.product_id = any(:products) and f.newest and f.exists_on_disk
 and f.qa is distinct from 'ignore'
 and f.utc_file_date between wanted.first and wanted.last
""")  # noqa: S608  as above
"""The newest files on disk whose date lies in a span (spec 5.3, FILE and RUN)."""

INPUTS_AROUND = text(f"""
select distinct {_FILE}
from unnest(cast(:starts as timestamptz[]), cast(:stops as timestamptz[]),
            cast(:firsts as date[]), cast(:lasts as date[])) as wanted (start, stop, first, last)
cross join unnest(cast(:around as bigint[]), cast(:before as int[]), cast(:after as int[]))
  as put (product_id, before, after)
cross join lateral (
    select null::text as keywords where not :by_keywords
    union
    select k.keywords from headwater.file k
    where :by_keywords and k.product_id = any(:products) and k.newest
      and k.utc_file_date between wanted.first and wanted.last
) words
cross join lateral (
    (select n.* from headwater.file n
     where n.product_id = put.product_id and n.newest and n.exists_on_disk
       and n.qa is distinct from 'ignore'
       and n.utc_start_time < wanted.start
       and case when :by_date then n.utc_file_date not between wanted.first and wanted.last
                else n.utc_stop_time < wanted.start end
       and (words.keywords is null or n.keywords = words.keywords)
     order by n.utc_start_time desc, n.interface_version desc, n.quality_version desc,
              n.revision_version desc, n.id desc limit put.before)
    union all
    (select n.* from headwater.file n
     where n.product_id = put.product_id and n.newest and n.exists_on_disk
       and n.qa is distinct from 'ignore'
       and n.utc_start_time > wanted.stop
       and not (:by_date and n.utc_file_date between wanted.first and wanted.last)
       and (words.keywords is null or n.keywords = words.keywords)
     order by n.utc_start_time, n.interface_version, n.quality_version,
              n.revision_version, n.id limit put.after)
) f
""")  # noqa: S608  as above
"""The nearest files before and after each span, so many of each product, and, where an output
reads its own keywords only, of each keywords that its inputs have there. What is in the span, by
date or by time, is none of them."""

INPUTS_VALID = text(f"""
select {_FILE}
from headwater.file f
where f.product_id = any(:products) and f.newest and f.exists_on_disk
  and f.qa is distinct from 'ignore'
  and f.utc_start_time <= :stop and f.utc_stop_time >= :start
""")  # noqa: S608  as above
"""The newest files on disk that are valid at some time between two."""


def input_files(
    connection: Connection, product_ids: Sequence[int], spans: Sequence[DateSpan], *, overlap: bool
) -> list[CandidateFile]:
    """The files of `product_ids` that touch `spans`: by time if `overlap`, else by file date."""
    if not product_ids or not spans:
        return []
    values: dict[str, object] = {"products": list(product_ids)}
    if overlap:
        values |= {"starts": [span.start for span in spans], "stops": [span.stop for span in spans]}
        rows = connection.execute(INPUTS_BY_OVERLAP, values)
    else:
        rows = connection.execute(INPUTS_BY_DATE, values | day_arrays(spans))
    return [_candidate(row) for row in rows]


def inputs_around(
    connection: Connection,
    windows: Sequence[tuple[int, int, int]],
    product_ids: Sequence[int],
    spans: Sequence[DateSpan],
    *,
    by_date: bool,
    by_keywords: bool,
) -> list[CandidateFile]:
    """The nearest files before and after each of `spans`.

    `windows` says of which product, and how many before and after; those in a span, by date or by
    time, are not among them. With `by_keywords` so many
    of each keywords that files of `product_ids` have in the span.
    """
    if not windows or not spans:
        return []
    values: dict[str, object] = {
        **day_arrays(spans),
        "around": [window[0] for window in windows],
        "before": [window[1] for window in windows],
        "after": [window[2] for window in windows],
        "products": list(product_ids),
        "by_date": by_date,
        "by_keywords": by_keywords,
        "starts": [span.start for span in spans],
        "stops": [span.stop for span in spans],
    }
    return [_candidate(row) for row in connection.execute(INPUTS_AROUND, values)]


def inputs_valid(
    connection: Connection, product_ids: Sequence[int], whole: DateSpan
) -> list[CandidateFile]:
    """The files of `product_ids` that are valid at some time of a span."""
    if not product_ids:
        return []
    values = {"products": list(product_ids), "start": whole.start, "stop": whole.stop}
    return [_candidate(row) for row in connection.execute(INPUTS_VALID, values)]


def _candidate(row: Row[tuple[object, ...]]) -> CandidateFile:
    return CandidateFile(
        row.id,
        row.product_id,
        row.interval_key,
        row.keywords,
        row.utc_file_date,
        row.utc_start_time,
        row.utc_stop_time,
        row_version(row),
        row.name,
        row.problem,
    )
