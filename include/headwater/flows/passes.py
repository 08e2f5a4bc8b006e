"""One pass of a mission at a time, as ProcessQueue.py does it: begun, logged, recovered.

dbprocessing's lock is a row that a crash leaves behind (spec dbprocessing 0, fact 12). Here the
place is held by a session of the database, so that it is free as soon as the pass is gone.
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import passes as queries
from headwater.catalog.queries.passes import DeadPass
from headwater.core.actor import Actor
from headwater.core.errors import ProcessingError
from headwater.core.states import PassKind
from headwater.missions.loaded import LoadedMission


class PassRunningError(ProcessingError):
    """Another pass of the mission runs."""


@dataclass(slots=True)
class OpenPass:
    """A pass that runs: who owns what it takes, the dead ones before it, how it is to end."""

    number: int
    actor: Actor
    dead: Sequence[DeadPass] = ()
    comment: str = field(default="Nominal Exit")


@contextmanager
def one_pass(catalog: Catalog, mission: LoadedMission, kind: PassKind) -> Iterator[OpenPass]:
    """Hold the mission's place for one pass, log it, and free what dead passes held.

    Raises
    ------
    PassRunningError
        If another pass of the mission runs, on whatever host.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    host, pid = socket.gethostname(), os.getpid()
    actor = Actor(f"ProcessQueue.py:{getpass.getuser()}@{host}:{pid}")
    with catalog.session() as session:
        if not queries.take_place(session, mission.id):
            raise PassRunningError(_who_runs(catalog, mission))
        with catalog.begin() as connection:
            dead = queries.bury_dead_passes(
                connection, mission.id, actor, f"died; found by {actor.name}"
            )
            number = queries.begin_pass(connection, mission.id, kind, actor, host, pid)
        found = OpenPass(number, actor, dead)
        try:
            yield found
        except KeyboardInterrupt:
            found.comment = "Ctrl-C Exit"
            raise
        except Exception:
            found.comment = "Abnormal exit on exception"
            raise
        finally:
            with catalog.begin() as connection:
                queries.end_pass(connection, number, found.comment)


def _who_runs(catalog: Catalog, mission: LoadedMission) -> str:
    with catalog.read() as connection:
        running = queries.running_pass(connection, mission.id)
    who = (
        f"{running.actor}, PID: {running.pid} on {running.host}, since "
        f"{running.started_at:%Y-%m-%d %H:%M:%S} UTC"
        if running
        else "it has only just begun"
    )
    return f"There is a process running, can't start another for mission {mission.name}: {who}"


def free_dead_passes(catalog: Catalog, mission: LoadedMission, message: str) -> Sequence[DeadPass]:
    """End the passes of a mission that died, with a message, and free what they held.

    Raises
    ------
    PassRunningError
        If a pass of the mission runs: it is not dead.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    actor = Actor(f"clearProcessingFlag.py:{getpass.getuser()}@{socket.gethostname()}")
    with catalog.session() as session:
        if not queries.take_place(session, mission.id):
            raise PassRunningError(_who_runs(catalog, mission))
        with catalog.begin() as connection:
            return queries.bury_dead_passes(connection, mission.id, actor, f"Overridden: {message}")
