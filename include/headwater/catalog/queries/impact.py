"""What follows from a change: the outputs that were made from given files, at any distance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from headwater.catalog.queries.campaign_record import THERE

_WITHIN = """(cast(:first as date) is null or utc_file_date >= :first)
      and (cast(:last as date) is null or utc_file_date <= :last)"""

_BEGUN = text(f"""
select id, true as given from headwater.file where id = any(:files)
union
select id, true from headwater.file where product_id = any(:products) and newest and {_WITHIN}
union
select id, false from ({THERE}) there where {_WITHIN}
""")  # noqa: S608  the pieces are constants
"""What changes: the files that are given, and the outputs of a campaign's dates."""

_MADE_FROM = text("""
select distinct made.id
from headwater.file changed
join headwater.file version
  on version.product_id = changed.product_id and version.interval_key = changed.interval_key
 and version.keywords = changed.keywords
join headwater.file_link l on l.source_file = version.id
join headwater.file made on made.id = l.resulting_file and made.newest
where changed.id = any(:files) and exists (
    select from headwater.process_output o
    join headwater.process_input i on i.process_id = o.process_id
    where o.product_id = made.product_id and i.product_id = changed.product_id
      and i.kind in ('hard', 'soft'))
""")
"""The newest outputs that read any version of these files by an input that triggers: one level."""

_BY_PRODUCT = text("""
select p.level, r.id as process_id, r.name as process, p.name as product, count(*) as files,
       count(*) filter (where exists (
           select from headwater.release x where x.file_id = f.id and x.excluded is null))
         as released,
       min(f.utc_file_date) as first, max(f.utc_file_date) as last,
       coalesce(sum(f.size), 0)::bigint as bytes
from headwater.file f
join headwater.product p on p.id = f.product_id
left join headwater.build b on b.id = f.build_id
join headwater.process r on r.id = coalesce(b.process_id, (
    select min(o.process_id) from headwater.process_output o where o.product_id = f.product_id))
where f.id = any(:files)
group by p.level, r.id, r.name, p.id, p.name order by p.level, r.name, p.name
""")
"""Files by level, process and product."""

_WITHOUT_OUTPUT = text("""
select r.name as process, count(*) as dates, min(d.utc_date) as first, max(d.utc_date) as last
from headwater.campaign_date d join headwater.process r on r.id = d.process_id
where d.campaign_id = :campaign
  and (cast(:first as date) is null or d.utc_date >= :first)
  and (cast(:last as date) is null or d.utc_date <= :last)
  and r.timebase in ('FILE', 'DAILY', 'ORBIT')
  and not exists (
    select from headwater.process_output o
    join headwater.file f on f.product_id = o.product_id and f.newest
     and f.utc_file_date = d.utc_date
    where o.process_id = d.process_id)
group by r.name order by r.name
""")
"""The dates of a campaign for which nothing has been made yet."""

_FILE = text("select id from headwater.file where mission_id = :mission and name = :name")
"""A file by its name."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What changes: files by number, the newest files of products, or the dates of a campaign.

    Files of products and outputs of a campaign count only from `first` to `last`, UTC.
    """

    files: Sequence[int] = ()
    products: Sequence[int] = ()
    campaign: int | None = None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class ProductCount:
    """How many newest files of a product, made by a process, follow; sizes in bytes."""

    level: float
    process_id: int
    process: str
    product: str
    files: int
    released: int
    first: date
    last: date
    bytes: int


@dataclass(frozen=True, slots=True)
class DatesWithoutOutput:
    """The dates of a process for which nothing has been made yet."""

    process: str
    dates: int
    first: date
    last: date


def following(connection: Connection, changed: Changed) -> list[int]:
    """The newest outputs that follow from a change, by number.

    One statement a level: a recursive one was five times as slow for one product of a large
    catalog, since Postgres could not know how many files each level would have.
    """
    values = {
        "files": list(changed.files),
        "products": list(changed.products),
        "campaign": changed.campaign,
        "first": changed.first,
        "last": changed.last,
    }
    begun = connection.execute(_BEGUN, values).all()
    found = {row.id for row in begun if not row.given}
    level = {row.id for row in begun}
    while level:
        made = connection.scalars(_MADE_FROM, {"files": list(level)})
        level = set(made) - found
        found |= level
    return sorted(found)


def by_product(connection: Connection, files: Sequence[int]) -> list[ProductCount]:
    """Files by level, process and product."""
    return [ProductCount(*row) for row in connection.execute(_BY_PRODUCT, {"files": list(files)})]


def without_output(connection: Connection, changed: Changed) -> list[DatesWithoutOutput]:
    """The dates of a campaign for which nothing has been made yet, by process."""
    if changed.campaign is None:
        return []
    values = {"campaign": changed.campaign, "first": changed.first, "last": changed.last}
    return [DatesWithoutOutput(*row) for row in connection.execute(_WITHOUT_OUTPUT, values)]


def file_named(connection: Connection, mission_id: int, name: str) -> int | None:
    """The number of a file, none if there is no such file."""
    found: int | None = connection.scalar(_FILE, {"mission": mission_id, "name": name})
    return found
