"""Backup and restore of the catalog with Postgres's own programs.

The programs are those that the installation brings; a server newer than they are is refused by
them with a sentence, which is passed on.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.catalog.models import SCHEMA
from headwater.core.errors import StackError
from headwater.local.postgres import binaries

_FORGET_TRANSACTIONS = text(f"update {SCHEMA}.event set transaction = 0")  # noqa: S608  a constant
"""Transactions are numbered by each server anew: those of another one would hide their events."""

_FORGET_REMOVALS = text(f"delete from {SCHEMA}.intent where state = 'removing'")  # noqa: S608  as above
"""Bytes that were to be removed have gone since the backup, and others may have come in their
place: nothing is removed on the word of an older catalog."""

_SKIP_NUMBERS = text("""
select setval(format('%I.%I', schemaname, sequencename)::regclass, last_value + :step)
from pg_sequences where schemaname = :schema and last_value is not null
""")
"""Numbers that were given after the backup stand in names of logs, in notes of quarantined files,
and in the hands of readers of the event feed: they are not given again."""
_STEP = 10_000_000


def dump_catalog(catalog: Catalog, file: Path) -> int:
    """Write the catalog's schema and rows to `file` (mode 600), and return its size in bytes.

    The dump is one snapshot of the database. A name that exists is never replaced.

    Raises
    ------
    StackError
        If `file` exists or cannot be written, or the dump fails.
    """
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise StackError(f"cannot write the backup {file}: {error.strerror}") from error
    with os.fdopen(handle, "wb") as output:
        done = subprocess.run(
            [str(binaries() / "pg_dump"), "--format=custom", f"--schema={SCHEMA}"],
            stdout=output,
            stderr=subprocess.PIPE,
            env=_environment(catalog),
            check=False,
        )
        os.fsync(output.fileno())
    if done.returncode:
        file.unlink()
        raise StackError(f"the backup failed: {_last_line(done.stderr)}")
    return file.stat().st_size


def restore_catalog(catalog: Catalog, file: Path) -> None:
    """Read the backup `file` into `catalog`, whose database must hold none, in one transaction.

    The numbers of new rows begin far above those of the backup, and removals that it promised
    are forgotten: what happened after it is not known.

    Raises
    ------
    StackError
        If `file` cannot be read or is no backup.
    """
    if not file.is_file():
        raise StackError(f"there is no backup {file}")
    done = subprocess.run(
        [
            str(binaries() / "pg_restore"),
            "--single-transaction",
            "--exit-on-error",
            "--no-owner",
            f"--dbname={catalog.url.database}",
            str(file),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=_environment(catalog),
        check=False,
    )
    if done.returncode:
        raise StackError(f"the restore failed, nothing was changed: {_last_line(done.stderr)}")
    with catalog.begin() as connection:
        connection.execute(_FORGET_TRANSACTIONS)
        connection.execute(_FORGET_REMOVALS)
        connection.execute(_SKIP_NUMBERS, {"schema": SCHEMA, "step": _STEP})


def _environment(catalog: Catalog) -> dict[str, str]:
    """The connection in libpq's variables, so that no password stands in a command line."""
    url = catalog.url
    wanted = {
        "PGHOST": url.host or str(url.query.get("host", "")),
        "PGPORT": str(url.port or url.query.get("port", "")),
        "PGUSER": url.username or "",
        "PGPASSWORD": str(url.password or ""),
        "PGDATABASE": url.database or "",
    }
    return {**os.environ, **{name: value for name, value in wanted.items() if value}}


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
