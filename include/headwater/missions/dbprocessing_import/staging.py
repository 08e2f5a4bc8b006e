"""The large tables of an old database -> temporary tables beside the catalog, as a stream.

Each piece of the stream is read first and copied then, so that no transaction is open while the
old database is read, and memory stays the same whatever the number of files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, text

from headwater.archive.paths import check_name
from headwater.catalog.queries.filing import interval_key
from headwater.core.errors import NameFormatError, OldDatabaseError, UnsafePathError
from headwater.core.interval import day_start, day_stop
from headwater.core.name_format import directory
from headwater.core.version import Version
from headwater.missions.dbprocessing_import.source import AT_ONCE, OldDatabase
from headwater.missions.dbprocessing_import.values import (
    as_bool,
    as_date,
    as_float,
    as_int,
    as_moment,
    as_text,
)

Report = Callable[[str, int, int | None], None]
"""What goes on, how many have been done, and of how many where that is known."""

_GREATEST = 32767  # the catalog's small integers

MAKE_TABLES = text("""
    create temporary table old_file (
        old_id bigint, name text, path text, old_product bigint, interval_key text,
        utc_file_date date, utc_start_time timestamptz, utc_stop_time timestamptz,
        interface int, quality int, revision int, keywords text, level float8, sha1 text,
        file_create_date timestamptz, exists_on_disk boolean, note text, verbose_provenance text,
        quality_checked boolean, quality_comment text, caveats text, check_date timestamptz,
        met_start_time float8, met_stop_time float8, reason text);
    create temporary table old_link (source bigint, resulting bigint);
    create temporary table old_code_link (resulting bigint, code bigint);
    create temporary table old_release (file bigint, release_num text);
    create temporary table old_queue (file bigint, version_bump int);
    create temporary table old_check (
        old_id bigint, found boolean, size bigint, sha256 text, sha1 text, trouble text);
    create temporary table old_product (old_id bigint, new_id bigint);
    create temporary table old_code (old_id bigint, new_id bigint);
    create temporary table old_group (old_id bigint, interval_key text, keywords text)
""")
"""One temporary table for each large table of the old database, gone with the connection; a file
has a reason if it cannot be one here. The last four hold what is found out about the rows."""

INDEX_TABLES = text("""
    create index on old_file (old_id);
    create index on old_link (resulting);
    create index on old_code_link (resulting);
    analyze old_file, old_link, old_code_link, old_release, old_queue
""")
"""Let the database know what it has been given."""

_FILE_COLUMNS = (
    "file_id", "filename", "utc_file_date", "utc_start_time", "utc_stop_time", "data_level",
    "interface_version", "quality_version", "revision_version", "verbose_provenance",
    "check_date", "quality_comment", "caveats", "file_create_date", "met_start_time",
    "met_stop_time", "exists_on_disk", "quality_checked", "product_id", "shasum",
    "process_keywords",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StagedProduct:
    """What must be known of a product to place its files."""

    name: str
    relative_path: str
    level: float
    several_per_day: bool


def fill(
    connection: Connection,
    old: OldDatabase,
    products: Mapping[int, StagedProduct],
    report: Report,
) -> None:
    """Copy files, links, releases and the queue into temporary tables of `connection`.

    `products` are those that are kept, by old number.
    """
    with connection.begin():
        connection.execute(MAKE_TABLES)
    files = (_staged(row, products) for row in old.rows("file", _FILE_COLUMNS, ("file_id",)))
    _copy(connection, "old_file", files, report, "reading files", old.count("file"))
    for name, target, columns in (
        ("filefilelink", "old_link", ("source_file", "resulting_file")),
        ("filecodelink", "old_code_link", ("resulting_file", "source_code")),
        ("release", "old_release", ("file_id", "release_num")),
        ("processqueue", "old_queue", ("file_id", "version_bump")),
    ):
        rows = (tuple(row) for row in old.rows(name, columns, columns))
        _copy(connection, target, rows, report, f"reading {name}", old.count(name))
    with connection.begin():
        connection.execute(INDEX_TABLES)


def copy_rows(connection: Connection, target: str, rows: Sequence[Sequence[Any]]) -> None:
    """Copy rows into a temporary table, in a transaction of their own."""
    with connection.begin():
        driver = connection.connection.cursor()
        with driver.copy(f"copy {target} from stdin") as copying:
            for row in rows:
                copying.write_row(row)


def _copy(
    connection: Connection,
    target: str,
    rows: Iterable[Sequence[Any]],
    report: Report,
    what: str,
    total: int,
) -> None:
    done = 0
    stream = iter(rows)
    while piece := list(islice(stream, AT_ONCE)):
        copy_rows(connection, target, piece)
        done += len(piece)
        report(what, done, total)


class _CannotBeError(Exception):
    """Why a file of the old database cannot be one here."""


def _staged(row: Row[Any], products: Mapping[int, StagedProduct]) -> tuple[Any, ...]:
    """One row of `old_file`."""
    name = as_text(row.filename) or ""
    try:
        return _placed(row, name, products)
    except (_CannotBeError, OldDatabaseError) as error:
        product = products.get(row.product_id)
        return (row.file_id, name, None, row.product_id if product else None,
                *(None,) * 20, str(error))  # fmt: skip


def _placed(row: Row[Any], name: str, products: Mapping[int, StagedProduct]) -> tuple[Any, ...]:
    product = products.get(row.product_id)
    if product is None:
        raise _CannotBeError("its product is not there")
    try:
        check_name(name)
    except UnsafePathError as error:
        raise _CannotBeError("its name is none that a file can have") from error
    if not name.isprintable() or name != row.filename:
        raise _CannotBeError("its name is none that a file can have")
    version = _version(row)
    day, start, stop, note = _times(row)
    folder = product.relative_path
    if "{" in folder:  # most have no field, and filling costs a third of reading a row
        try:
            folder = directory(folder, utc_file_date=day, utc_start_time=start, version=version)
        except NameFormatError as error:
            raise _CannotBeError(f"its folder is not known: {error}") from error
    parts = [part for part in folder.split("/") if part not in ("", ".")]
    return (
        row.file_id,
        name,
        "/".join([*parts, name]),
        row.product_id,
        interval_key(day, start, several_per_day=product.several_per_day),
        day,
        start,
        stop,
        version.interface,
        version.quality,
        version.revision,
        as_text(row.process_keywords) or "",
        product.level if row.data_level is None else as_float(row.data_level),
        _sha1(row.shasum),
        as_moment(row.file_create_date, local=True) or start,
        bool(as_bool(row.exists_on_disk)),
        note,
        as_text(row.verbose_provenance),
        as_bool(row.quality_checked),
        as_text(row.quality_comment),
        as_text(row.caveats),
        as_moment(row.check_date),
        as_float(row.met_start_time),
        as_float(row.met_stop_time),
        None,
    )


def _sha1(value: object) -> str | None:
    """The recorded checksum; none where it is no SHA-1."""
    found = str(value or "").strip().lower()
    return found if re.fullmatch("[0-9a-f]{40}", found) else None


def _version(row: Row[Any]) -> Version:
    found = [
        as_int(row.interface_version),
        as_int(row.quality_version),
        as_int(row.revision_version),
    ]
    numbers = [-1 if number is None else number for number in found]
    if numbers[0] < 1 or min(numbers) < 0 or max(numbers) > _GREATEST:
        shown = ".".join(map(str, found))
        raise _CannotBeError(f"its version {shown} is below 1.0.0, or none")
    return Version(*numbers)


def _times(row: Row[Any]) -> tuple[date, datetime, datetime, str | None]:
    """Date, start, stop, and a note where one was missing (the database may have met only)."""
    start, stop = as_moment(row.utc_start_time), as_moment(row.utc_stop_time)
    known = start or stop
    day = as_date(row.utc_file_date) or (known.date() if known else None)
    if day is None:
        raise _CannotBeError("it has no date and no time")
    note = None
    if start is None or stop is None:
        note = "the old database had no UTC start or stop time: the whole day counts"
    start = start or min(day_start(day), stop or day_start(day))
    stop = stop or max(day_stop(day), start)
    if start > stop:
        raise _CannotBeError("it starts after it stops")
    return day, start, stop, note
