"""Leases of running builds: renewed once a period, and the news that a build must stop."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from headwater.processing.keeper import descent
from headwater.processing.keeper.channel import Channel

if TYPE_CHECKING:
    import psycopg

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 5

RENEW_LEASES = """
WITH held AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(tokens)s::uuid[]) AS held (id, token)
), renewed AS (
    UPDATE headwater.build AS build
    SET lease_until = clock_timestamp() + make_interval(secs => %(seconds)s)
    FROM held
    WHERE build.id = held.id AND build.token = held.token AND build.state = 'running'
    RETURNING build.id, build.cancel_requested_at, build.cancel_reason
)
SELECT held.id, held.token::text, renewed.id IS NULL AS lost, renewed.cancel_reason
FROM held LEFT JOIN renewed USING (id)
WHERE renewed.id IS NULL OR renewed.cancel_requested_at IS NOT NULL
"""
"""Renew the leases of the builds that we hold by their tokens, and return those that must stop:
no longer ours, or with a cancel requested."""


class LeaseRenewal(NamedTuple):
    """How the leases of running builds are renewed.

    `dsn` is the catalog's address, complete: it may not rely on ``PG*`` variables, which the
    keeper does not inherit. It reaches the keeper over a private socket, never through a command
    line or an environment. `lease_seconds` is the length of a lease from each renewal, by the
    database's clock; `period` the seconds between renewals.
    """

    dsn: str
    lease_seconds: float = 60.0
    period: float = 1.0


def build_key(build_id: int, token: str) -> str:
    """Return the key of a build's code, ``<build id>:<token>``."""
    return f"{build_id}:{token}"


def parse_key(key: str) -> tuple[int, str]:
    """Return build id and token of a key; raises ValueError if it is not ``<id>:<token>``."""
    number, colon, token = key.partition(":")
    if not colon or not token:
        raise ValueError(f"{key!r} is not '<build id>:<token>'")
    return int(number), token


class Renewer:
    """Renews leases over one connection, which it opens again whenever it is lost."""

    def __init__(self, settings: LeaseRenewal) -> None:
        self._settings = settings
        self._dsn = settings.dsn.replace("postgresql+psycopg://", "postgresql://", 1)
        self._connection: psycopg.Connection[Any] | None = None
        self._failures = 0

    def renew(self, keys: Iterable[str]) -> tuple[dict[str, str], str]:
        """Renew the leases of these builds; return what must stop and why, and a log line.

        A database that does not answer stops nothing: the lease decides. The first failure and
        the recovery each give a log line, otherwise it is empty.
        """
        import psycopg  # slow to import, and only this process needs it

        try:
            stop = self._statement(keys)
        except psycopg.Error as error:
            self._disconnect()
            self._failures += 1
            if self._failures > 1:
                return {}, ""
            cause = " ".join(str(error).split())
            return {}, f"the catalog does not answer, leases are not renewed: {cause}"
        failures, self._failures = self._failures, 0
        return stop, f"the catalog answers again after {failures} tries" if failures else ""

    def _statement(self, keys: Iterable[str]) -> dict[str, str]:
        held = {parse_key(key): key for key in keys}
        values = {
            "ids": [number for number, _ in held],
            "tokens": [token for _, token in held],
            "seconds": self._settings.lease_seconds,
        }
        stop = {}
        for number, token, lost, reason in self._connected().execute(RENEW_LEASES, values):
            why = "the build is no longer ours: its lease ran out or it was taken by another run"
            if not lost:
                why = reason or "cancelled"
            stop[build_key(number, token)] = why
        return stop

    def _connected(self) -> psycopg.Connection[Any]:
        import psycopg  # as above

        if self._connection is None:
            self._connection = psycopg.connect(
                self._dsn,
                autocommit=True,
                prepare_threshold=None,  # a connection pooler may stand between
                connect_timeout=CONNECT_SECONDS,
                application_name="headwater keeper",
                keepalives_idle=CONNECT_SECONDS,
                tcp_user_timeout=2000 * STATEMENT_SECONDS,
            )
            self._connection.execute(f"SET statement_timeout = '{STATEMENT_SECONDS}s'")
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def serve(orders: Channel, keeper: int, settings: Mapping[str, Any]) -> NoReturn:
    """Renew what the process `keeper` asks for until it ends; for a freshly forked child."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR1):
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    descent.notice_parents_death(signal.SIGKILL)
    descent.show_name("hw-leases")
    renewer = Renewer(LeaseRenewal(**settings))
    while os.getppid() == keeper:
        messages = orders.receive()
        if messages is None:
            break
        for message in messages:
            stop, log = renewer.renew(message["renew"])
            orders.send({"stop": stop, "log": log})
    os._exit(0)
