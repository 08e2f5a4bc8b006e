"""Which files there are for which dates, for tables and pictures of coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from headwater.core.interval import DateSpan
from headwater.core.version import Version

_NEWEST_FILES = text("""
select product_id, utc_file_date, name, interface_version, quality_version, revision_version,
       exists_on_disk
from headwater.file
where product_id = any(:products) and newest
  and (cast(:first as date) is null or utc_file_date >= :first)
  and (cast(:last as date) is null or utc_file_date <= :last)
order by product_id, utc_file_date, interval_key, keywords
""")
"""The newest files of products, by date."""

_ALL_FILES = text("""
select id, name, path, newest from headwater.file
where product_id = :product
  and (cast(:first as date) is null or utc_file_date >= :first)
  and (cast(:last as date) is null or utc_file_date <= :last)
order by name
""")
"""All versions of a product's files, by name."""

_FILE_DATES = text("""
select min(utc_file_date), max(utc_file_date) from headwater.file where mission_id = :mission
""")
"""The first and the last date of a mission's files."""


@dataclass(frozen=True, slots=True)
class NewestFile:
    """The newest file of a product, interval and keywords; its date is UTC."""

    product_id: int
    utc_file_date: date
    name: str
    version: Version
    exists_on_disk: bool


@dataclass(frozen=True, slots=True)
class ProductFile:
    """One version of a file; `path` is below the mission's rootdir."""

    id: int
    name: str
    path: str
    newest: bool


def newest_files(
    connection: Connection,
    product_ids: Sequence[int],
    first: date | None = None,
    last: date | None = None,
) -> list[NewestFile]:
    """The newest files of products from `first` to `last`, both included, by product and date."""
    values = {"products": list(product_ids), "first": first, "last": last}
    return [
        NewestFile(
            row.product_id,
            row.utc_file_date,
            row.name,
            Version(row.interface_version, row.quality_version, row.revision_version),
            row.exists_on_disk,
        )
        for row in connection.execute(_NEWEST_FILES, values)
    ]


def product_files(
    connection: Connection, product_id: int, first: date | None = None, last: date | None = None
) -> list[ProductFile]:
    """All versions of a product's files from `first` to `last`, both included, by name."""
    values = {"product": product_id, "first": first, "last": last}
    return [ProductFile(*row) for row in connection.execute(_ALL_FILES, values)]


def dates_of_files(connection: Connection, mission_id: int) -> DateSpan | None:
    """From the first to the last date of a mission's files; none if it has none."""
    first, last = connection.execute(_FILE_DATES, {"mission": mission_id}).one()
    return None if first is None else DateSpan(first, last)
