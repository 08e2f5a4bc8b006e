"""What `doctor` says of the catalog's database: its connections, and transactions left open."""

from __future__ import annotations

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.connections import connections_by_program, long_transactions
from headwater.local.finding import Check, Verdict

LONG_SECONDS = 300.0
"""Ours last seconds at most: what is open for longer keeps Postgres from cleaning up, and events
from being shown."""
_CROWDED = 0.8  # of the connections that the server allows


def check_connections(catalog: Catalog) -> Check:
    """How many connections each program holds; a runaway one is seen here."""
    with catalog.read() as connection:
        found = connections_by_program(connection)
    if not found:
        return Check("connections", Verdict.OK, "no other program is connected")
    total, most = sum(one.number for one in found), found[0].most
    by_program = ", ".join(f"{one.program} {one.number}" for one in found)
    text = f"{total} of {most}: {by_program}"
    if total < most * _CROWDED:
        return Check("connections", Verdict.OK, text)
    fix = f"end {found[0].program} where it runs away, or raise Postgres's max_connections"
    return Check("connections", Verdict.WARNING, text, fix)


def check_transactions(catalog: Catalog) -> Check:
    """Whether a transaction has been left open."""
    with catalog.read() as connection:
        found = long_transactions(connection, LONG_SECONDS)
    if not found:
        return Check("transactions", Verdict.OK, f"none is open for {LONG_SECONDS / 60:.0f} min")
    text = "; ".join(
        f"process {one.pid} of {one.program} ({one.user_name} from {one.host}, {one.state}) for "
        f"{one.seconds / 60:.0f} min"
        for one in found[:5]
    )
    fix = f"end that program, or in psql: select pg_terminate_backend({found[0].pid})"
    return Check("transactions", Verdict.WARNING, f"open: {text}", fix)
