"""A change that a person asks for: done once, and not over the head of somebody else."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import asked_actions as queries
from headwater.catalog.queries.listings import event_exists
from headwater.catalog.queries.wakes import lock_work
from headwater.core.actor import Actor
from headwater.core.errors import HeadwaterError, SettingError, TooLateError
from headwater.missions.loaded import LoadedMission
from headwater.processing.selections import Selection

LONGEST_WAIT = 15.0
"""Seconds that a second request waits for the first of the same key."""
_LOOK_SECONDS = 0.1

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AskedChange:
    """What somebody asks for.

    `as_of` is the number of the last event that they had seen when they decided; none: they do
    not mind what others did. `key` tells this request from all others of theirs.
    """

    action: str
    selection: Selection
    reason: str
    as_of: int | None
    key: str

    @property
    def digest(self) -> str:
        """The sha256 of the request without its key."""
        span = self.selection.span
        names = [product.name for product in self.selection.products]
        parts = [self.action, names, span.key, self.reason, self.as_of]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def do_once(
    catalog: Catalog,
    mission: LoadedMission,
    actor: Actor,
    change: AskedChange,
    act: Callable[[], Json],
) -> Json:
    """Do what is asked and keep the answer; the same key again gets that answer.

    What another person changed since `as_of` is looked for under the mission's lock of work, and
    what is asked is logged in the same transaction, so of two who ask at the same moment the
    second is told of the first.

    Raises
    ------
    TooLateError
        If another person changed some of it since `as_of`, or the same request is still being
        done; then nothing was done.
    SettingError
        If the key was used for another request, or there is no event `as_of`.
    CatalogUnavailableError
        If the catalog does not answer: ask again with the same key.
    """
    answer = _begin_or_wait(catalog, mission, actor, change)
    if answer is not None:
        return answer
    try:
        answer = act()
    except BaseException:
        # If the catalog is away the row stays, and is taken over when it is old.
        with contextlib.suppress(HeadwaterError), catalog.begin() as connection:
            queries.forget(connection, actor, change.key)
        raise
    with catalog.begin() as connection:
        queries.finish(connection, actor, change.key, answer)
    return answer


def _begin_or_wait(
    catalog: Catalog, mission: LoadedMission, actor: Actor, change: AskedChange
) -> Json | None:
    """The answer that is there already, or none if the request is now ours to do."""
    end = time.monotonic() + LONGEST_WAIT
    while True:
        with catalog.begin() as connection:
            if _begin(connection, mission, actor, change):
                return None
            known = queries.known(connection, actor, change.key)
        if known is not None and known.digest != change.digest:
            raise SettingError(
                f"the Idempotency-Key {change.key!r} was used for another request: give each "
                "request a key of its own"
            )
        if known is not None and known.answer is not None:
            return known.answer
        if time.monotonic() > end:
            raise TooLateError("the same request is still being done: ask again with the same key")
        time.sleep(_LOOK_SECONDS)


def _begin(
    connection: Connection, mission: LoadedMission, actor: Actor, change: AskedChange
) -> bool:
    lock_work(connection, mission.id)
    if not queries.begin(connection, mission.id, actor, change.key, change.digest):
        return False
    _refuse_if_changed(connection, mission, actor, change)
    selection = change.selection
    detail = {
        "action": change.action,
        "processes": [process.id for process in selection.processes],
        "first": selection.span.first.isoformat(),
        "last": selection.span.last.isoformat(),
    }
    said = f"{change.action} {selection}: {change.reason}"
    queries.log_asked(connection, mission.id, actor, said, detail)
    return True


def _refuse_if_changed(
    connection: Connection, mission: LoadedMission, actor: Actor, change: AskedChange
) -> None:
    if change.as_of is None:
        return
    if change.as_of and not event_exists(connection, change.as_of):
        raise SettingError(f"there is no event {change.as_of}: give the as_of that the grid gave")
    processes = [process.id for process in change.selection.processes]
    other = queries.change_of_another(
        connection, mission.id, processes, change.selection.span, actor, change.as_of
    )
    if other is not None:
        raise TooLateError(
            f"{other.actor} was first, at {other.at:%Y-%m-%d %H:%M:%S} UTC: {other.kind}, "
            f"{other.reason}; look again before you ask"
        )
