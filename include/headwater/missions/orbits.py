"""Tables of orbits in CSV, and how they get into the catalog."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from sqlalchemy import Connection, insert

from headwater.catalog.connection import Catalog
from headwater.catalog.models import Event
from headwater.catalog.queries.orbits import orbits_of, wake_for_orbits, write_orbits
from headwater.catalog.queries.wakes import lock_work
from headwater.core.actor import Actor
from headwater.core.errors import MissionFileError, NotFoundError
from headwater.core.interval import utc_moment
from headwater.core.output_interval import LONGEST_ORBIT, Orbit
from headwater.core.states import EventKind
from headwater.missions.given_text import text_of
from headwater.missions.loaded import LoadedMission
from headwater.missions.problems import Problems, nearest

COLUMNS = ("orbit", "start", "stop")
_LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class OrbitsLoaded:
    """What loading a table did, or would do; `doubts` are gaps and overlaps, a sentence each."""

    added: int
    changed: int
    same: int
    doubts: tuple[str, ...]


def read_orbits(path: Path) -> list[Orbit]:
    """The orbits of a CSV file; see :func:`parse_orbits`.

    Raises
    ------
    MissionFileError
        If it cannot be read, or any line is wrong.
    """
    problems = Problems()
    text = text_of(path, problems)
    problems.refuse()
    return parse_orbits(text or "", str(path))


def parse_orbits(text: str, name: str) -> list[Orbit]:
    """The orbits of a CSV with the columns orbit, start, stop; `name` is how messages call it.

    Times are ISO 8601; one without a zone is UTC. Empty lines and lines that start with ``#``
    are left out.

    Raises
    ------
    MissionFileError
        If any line is wrong; the message names each.
    """
    problems = Problems()
    lines = [
        (number, next(csv.reader([line])))
        for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1)
        if line.strip() and not line.startswith("#")
    ]
    if not lines or tuple(word.strip().lower() for word in lines[0][1]) != COLUMNS:
        raise MissionFileError(f"{name}: expected {','.join(COLUMNS)} as its first line")
    found: dict[int, Orbit] = {}
    for number, row in lines[1:]:
        place = f"{name}, line {number}"
        try:
            orbit = _orbit(row)
        except ValueError as error:
            problems.add(place, str(error))
            continue
        if orbit.number in found:
            problems.add(place, f"orbit {orbit.number} stands in it twice")
        found[orbit.number] = orbit
    problems.refuse()
    return sorted(found.values())


def _orbit(row: Sequence[str]) -> Orbit:
    if len(row) != len(COLUMNS):
        raise ValueError(f"expected {len(COLUMNS)} values, found {len(row)}")
    number, start, stop = (word.strip() for word in row)
    if not number.isascii() or not number.isdigit() or int(number) > _LARGEST:
        raise ValueError(f"{number!r} is not the number of an orbit")
    orbit = Orbit(utc_moment(start), utc_moment(stop), int(number))
    if orbit.stop <= orbit.start:
        raise ValueError(f"orbit {number} stops at {stop}, not after its start {start}")
    if orbit.stop - orbit.start > LONGEST_ORBIT:
        raise ValueError(f"orbit {number} lasts longer than {LONGEST_ORBIT.days} days")
    return orbit


def gaps_and_overlaps(orbits: Iterable[Orbit]) -> list[str]:
    """One sentence for each pair of neighbours, in time, that do not meet."""
    found = []
    for one, other in pairwise(sorted(orbits)):
        if one.stop < other.start:
            found.append(f"between orbits {one.number} and {other.number}: a gap from "
                         f"{_shown(one.stop)} to {_shown(other.start)}")  # fmt: skip
        elif one.stop > other.start:
            end = _shown(min(one.stop, other.stop))
            found.append(
                f"orbits {one.number} and {other.number} overlap from "
                f"{_shown(other.start)} to {end}"
            )
    return found


def _shown(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def load_orbits(
    catalog: Catalog,
    mission: LoadedMission,
    orbits: Sequence[Orbit],
    actor: Actor,
    *,
    source: str,
    satellite: str | None = None,
    dry_run: bool = False,
) -> OrbitsLoaded:
    """Bring the mission's table to `orbits`; what follows from those that differ is looked at.

    Orbits that are in the catalog and not among `orbits` stay. With `satellite` they count for
    its products alone. A dry run writes nothing.

    Raises
    ------
    NotFoundError
        If the mission has no product of that satellite.
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    satellite_id = _satellite(mission, satellite)
    with catalog.begin() as connection:
        lock_work(connection, mission.id)
        known = {one.number: one for one in orbits_of(connection, mission.id, satellite_id)}
        new = [one for one in orbits if one.number not in known]
        changed = [one for one in orbits if known.get(one.number, one) != one]
        if (new or changed) and not dry_run:
            write_orbits(connection, mission.id, satellite_id, new=new, changed=changed)
            touched = [*new, *changed, *(known[one.number] for one in changed)]
            wake_for_orbits(connection, mission.id, touched, f"orbits of {source}")
            reason = f"orbits of {source}: {len(new)} added, {len(changed)} changed"
            _event(connection, mission, actor, reason)
    table = known | {one.number: one for one in orbits}
    same = len(orbits) - len(new) - len(changed)
    return OrbitsLoaded(len(new), len(changed), same, tuple(gaps_and_overlaps(table.values())))


def _satellite(mission: LoadedMission, name: str | None) -> int | None:
    if name is None:
        return None
    known = {product.satellite: product.satellite_id for product in mission.products.values()}
    if name not in known:
        raise NotFoundError(
            f"mission {mission.name} has no product of a satellite {name!r}; {nearest(name, known)}"
        )
    return known[name]


def _event(connection: Connection, mission: LoadedMission, actor: Actor, reason: str) -> None:
    values = {"kind": EventKind.MISSION_APPLIED, "actor": actor.name, "reason": reason}
    connection.execute(insert(Event), [{**values, "mission_id": mission.id}])
