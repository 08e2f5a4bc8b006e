"""Who is connected to the catalog's database, and which transactions have been open too long."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

_CONNECTIONS = text("""
select coalesce(nullif(application_name, ''), 'unnamed') as program, count(*) as number,
       (select setting::int from pg_settings where name = 'max_connections') as most
from pg_stat_activity
where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
group by 1 order by 2 desc, 1
""")
"""The connections to this database by the program that holds them, but for our own."""

_LONG_TRANSACTIONS = text("""
select pid, coalesce(nullif(application_name, ''), 'unnamed') as program, usename as user_name,
       coalesce(host(client_addr), 'this machine') as host, state,
       extract(epoch from now() - xact_start) as seconds
from pg_stat_activity
where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
  and xact_start < now() - make_interval(secs => :seconds)
order by xact_start
""")
"""Transactions that have been open for longer, the oldest first."""


@dataclass(frozen=True, slots=True)
class ProgramConnections:
    """How many connections a program holds, and how many the server allows in all."""

    program: str
    number: int
    most: int


@dataclass(frozen=True, slots=True)
class LongTransaction:
    """A transaction that has been open for `seconds`, and whose it is."""

    pid: int
    program: str
    user_name: str
    host: str
    state: str
    seconds: float


def connections_by_program(connection: Connection) -> list[ProgramConnections]:
    """The connections to this database by program, the most first; this one is left out."""
    return [ProgramConnections(**row._mapping) for row in connection.execute(_CONNECTIONS)]


def long_transactions(connection: Connection, seconds: float) -> list[LongTransaction]:
    """Transactions that have been open for more than so many seconds, the oldest first."""
    rows = connection.execute(_LONG_TRANSACTIONS, {"seconds": seconds})
    return [
        LongTransaction(
            row.pid, row.program, row.user_name, row.host, row.state, float(row.seconds)
        )
        for row in rows
    ]
