"""The promises of one batch: opened under one token, held by a lease, committed, closed."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from headwater.archive.intents import (
    IntentPaths,
    close_intents,
    commit_intents,
    hold_intents,
    open_intents,
)
from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor

_SAFE_SHARE = 0.25  # of a lease, during which it is not renewed


class LeaseLostError(Exception):
    """Another worker has taken a promise over; the transaction must not commit."""


@dataclass(slots=True)
class HeldIntents:
    """Who promises, for which archive, and how long a promise holds without being renewed."""

    catalog: Catalog
    mission_id: int
    rootdir: Path
    actor: Actor
    lease_seconds: float
    keep_alive: Callable[[], None]
    token: uuid.UUID = field(default_factory=uuid.uuid4)
    _safe_until: float = 0.0
    """Until then, by the monotonic clock, no other worker can have taken a promise over."""

    def open(self, intents: Sequence[IntentPaths]) -> set[str]:
        """Promise to place files; the final paths that are ours now.

        Raises
        ------
        CatalogUnavailableError
            If the catalog does not answer.
        """
        if not intents:
            return set()
        self._count_lease()
        with self.catalog.begin() as connection:
            return open_intents(
                connection, self.mission_id, self.token, intents, self.lease_seconds, self.actor
            )

    def hold(self) -> set[str] | None:
        """Renew the lease; the final paths that are still ours, or none where all must be.

        Nobody takes a promise over before its lease ends, so that nothing need be asked while
        most of it is left by our own clock.

        Raises
        ------
        CatalogUnavailableError
            If the catalog does not answer.
        """
        ours = None
        if time.monotonic() >= self._safe_until:
            self._count_lease()
            with self.catalog.begin() as connection:
                ours = hold_intents(connection, self.token, self.lease_seconds)
        self.keep_alive()
        return ours

    def doubt(self) -> None:
        """Let the next :meth:`hold` ask in any case."""
        self._safe_until = 0.0

    def commit(self, connection: Connection, paths: Sequence[str]) -> None:
        """Mark promises committed, in the transaction of the rows that they are for.

        Raises
        ------
        LeaseLostError
            If one of them is not ours any more.
        """
        if not commit_intents(connection, self.token, paths):
            raise LeaseLostError

    def close(self, paths: Sequence[str]) -> None:
        """End promises whose leftovers are gone from the disk.

        Raises
        ------
        CatalogUnavailableError
            If the catalog does not answer.
        """
        if paths:
            with self.catalog.begin() as connection:
                close_intents(connection, self.token, paths)

    def _count_lease(self) -> None:
        """Start to count a lease that is about to be written, with a large margin."""
        self._safe_until = time.monotonic() + self.lease_seconds * _SAFE_SHARE
