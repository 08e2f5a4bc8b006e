"""Releases: what the public may have, fixed by name and protected from every purge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import releases as queries
from headwater.catalog.queries.filing import ids_of_names
from headwater.catalog.queries.releases import NewestChoice, ReleaseFile
from headwater.catalog.queries.wakes import lock_work
from headwater.core.actor import Actor
from headwater.core.errors import NotFoundError, SettingError
from headwater.missions.loaded import LoadedMission

_LONGEST = 64  # characters


@dataclass(frozen=True, slots=True)
class Tagged:
    """What tagging did: how many files are new in the release, and the newest it left out."""

    files: int
    left_out: tuple[tuple[str, str], ...] = ()


def tag(
    catalog: Catalog,
    mission: LoadedMission,
    name: str,
    actor: Actor,
    reason: str,
    *,
    newest: NewestChoice | None = None,
    files: Sequence[str] = (),
    add: bool = False,
) -> Tagged:
    """Make a release of the newest files, or of those listed by name, or `add` them to one.

    Of the newest, those are left out that are lost, and those against which a check of quality
    speaks, or against what they were made from; no older file takes their place.

    Raises
    ------
    SettingError
        If the name cannot be used, is taken, or no file would be in the release.
    NotFoundError
        If there is no such file, or, with `add`, no such release.
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    if not name.strip() or not name.isprintable() or len(name) > _LONGEST:
        raise SettingError(f"{name!r} cannot name a release: use 1 to {_LONGEST} characters")
    with catalog.begin() as connection:
        lock_work(connection, mission.id)  # a purge must not take the files meanwhile
        made = queries.name_release(connection, mission.id, name, actor, reason)
        if not made and not add:
            raise SettingError(
                f"mission {mission.name} has a release {name!r} already: use another name, or "
                "--add to put more files into it"
            )
        if made and add:
            raise NotFoundError(f"mission {mission.name} has no release {name!r} to add to")
        ids = list(ids_of_names(connection, mission.id, files).values())
        left_out: list[tuple[str, str]] = []
        if newest is not None:
            chosen, left_out = queries.newest_files(connection, mission.id, newest)
            ids += chosen
        count = queries.add_files(connection, name, sorted(set(ids)), actor, reason)
        if not count:
            raise SettingError(f"release {name!r} would get no file: nothing was done")
    return Tagged(count, tuple(left_out))


def exclude(
    catalog: Catalog,
    mission: LoadedMission,
    name: str,
    files: Sequence[str],
    actor: Actor,
    reason: str,
) -> None:
    """Take files out of a release; no older one takes their place.

    Raises
    ------
    NotFoundError
        If there is no such release or file, or the release lacks one of them.
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    with catalog.begin() as connection:
        lock_work(connection, mission.id)
        if not queries.is_release(connection, mission.id, name):
            raise _no_release(mission, name)
        ids = ids_of_names(connection, mission.id, files)
        taken = queries.exclude_files(connection, name, list(ids.values()), actor, reason)
        if lacking := sorted(file for file, number in ids.items() if number not in taken):
            raise NotFoundError(f"release {name} does not hold {', '.join(lacking)}")


def remove(catalog: Catalog, mission: LoadedMission, name: str, actor: Actor, reason: str) -> int:
    """Remove a release and return how many files it had; the files themselves stay.

    Raises
    ------
    NotFoundError
        If there is no such release.
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    with catalog.begin() as connection:
        lock_work(connection, mission.id)
        if not queries.is_release(connection, mission.id, name):
            raise _no_release(mission, name)
        return queries.remove_release(connection, mission.id, name, actor, reason)


def files_of(catalog: Catalog, mission: LoadedMission, name: str) -> list[ReleaseFile]:
    """The files of a release, and those that were taken out of it.

    Raises
    ------
    NotFoundError
        If there is no such release.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    with catalog.read() as connection:
        if not queries.is_release(connection, mission.id, name):
            raise _no_release(mission, name)
        return queries.release_files(connection, mission.id, name)


def _no_release(mission: LoadedMission, name: str) -> NotFoundError:
    return NotFoundError(
        f"mission {mission.name} has no release {name!r}: see 'headwater release list'"
    )
