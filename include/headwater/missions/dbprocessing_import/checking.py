"""The files of an old database on disk: are they there, how large, with which checksums.

Nothing is open in the catalog while a file is read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, text

from headwater.archive.hashing import digest_file
from headwater.missions.dbprocessing_import.staging import Report, copy_rows

_AT_ONCE = 2_000
_THREADS = 4 + (os.cpu_count() or 1)  # they wait for the disk, and hash without Python's lock

NEXT_PATHS = text("""
    select old_id, path from old_file
    where old_id > :last and path is not null order by old_id limit :most
""")
"""The next files to look at."""

INDEX_CHECKS = text("create index on old_check (old_id); analyze old_check")
"""Let the database know what was found."""


def check_files(connection: Connection, rootdir: Path, report: Report) -> None:
    """Read every file below `rootdir` and keep what was found in `old_check`."""
    with connection.begin():
        total = connection.scalar(text("select count(*) from old_file where path is not null"))
    done = 0
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="checking") as pool:
        for piece in _pieces(connection):
            found = list(pool.map(lambda row: _looked_at(rootdir, row), piece))
            copy_rows(connection, "old_check", found)
            done += len(piece)
            report("checking files", done, total)
    with connection.begin():
        connection.execute(INDEX_CHECKS)


def _pieces(connection: Connection) -> Iterator[Sequence[Row[Any]]]:
    last = -1
    while True:
        with connection.begin():
            piece = connection.execute(NEXT_PATHS, {"last": last, "most": _AT_ONCE}).all()
        if not piece:
            return
        last = piece[-1].old_id
        yield piece


def _looked_at(rootdir: Path, row: Row[Any]) -> tuple[Any, ...]:
    """One row of `old_check`; a link is followed, since dbprocessing leaves links in place."""
    path = rootdir / row.path
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return (row.old_id, False, None, None, None, "is no regular file")
        found = digest_file(path.resolve() if path.is_symlink() else path)
    except FileNotFoundError:
        return (row.old_id, False, None, None, None, None)
    except OSError as error:
        return (row.old_id, False, None, None, None, f"cannot be read: {error.strerror}")
    return (row.old_id, True, found.size, found.sha256, found.sha1, None)
