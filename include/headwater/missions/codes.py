"""Codes of a mission that is in the catalog: added, switched on and off by a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from headwater.catalog.connection import Catalog
from headwater.catalog.models import Code, Event, Mission
from headwater.catalog.queries.wakes import lock_work
from headwater.core.actor import Actor
from headwater.core.errors import NotFoundError, SettingError
from headwater.core.states import EventKind, Timebase
from headwater.core.version import Version
from headwater.missions.definition import CodeDefinition
from headwater.missions.loaded import LoadedCode, LoadedMission, LoadedProcess, load_mission
from headwater.missions.stale import StaleWork, open_stale_work
from headwater.missions.writing import code_values

_OFF = {"active": False, "newest_version": False}
_ON = {"active": True, "newest_version": True}


@dataclass(frozen=True, slots=True)
class CodeChange:
    """What a change of codes did: the code, what was switched off, what is stale, what is wrong."""

    version: Version
    switched_off: tuple[Version, ...]
    stale: StaleWork
    warnings: tuple[str, ...]


def add_code(
    catalog: Catalog,
    mission_name: str,
    process_name: str,
    code: CodeDefinition,
    actor: Actor,
    *,
    deactivate: Sequence[str] = (),
    reason: str = "",
) -> CodeChange:
    """Add a code version to a process, and switch off the versions in `deactivate`.

    An active one makes the outputs of its dates stale (DESIGN 6).

    Raises
    ------
    NotFoundError
        If there is no such mission, process or code to switch off.
    SettingError
        If the process has a code of that version already.
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    with catalog.begin() as connection:
        return add_code_within(
            connection, mission_name, process_name, code, actor,
            deactivate=deactivate, reason=reason,
        )  # fmt: skip


def add_code_within(
    connection: Connection,
    mission_name: str,
    process_name: str,
    code: CodeDefinition,
    actor: Actor,
    *,
    deactivate: Sequence[str] = (),
    reason: str = "",
) -> CodeChange:
    """Add a code version in a transaction of the caller; see :func:`add_code`."""
    mission = load_mission(connection, mission_name)
    lock_work(connection, mission.id)
    process = mission.process(process_name)
    version = Version.parse(code.version)
    if known := [one for one in process.codes if one.version == version]:
        raise SettingError(
            f"process {process.name} has a code {version} already ({known[0].filename}): "
            "a version stands for one code, so give the new one another version"
        )
    off = [_code_of(process, Version.parse(text)) for text in deactivate]
    _switch(connection, off, on=False)
    row = {"process_id": process.id, **code_values(code)}
    connection.execute(insert(Code), [row])
    used = [code.filename] if code.in_use else []
    return _changed(connection, mission, process, version, off, used, actor, reason)


def switch_code(
    catalog: Catalog,
    mission_name: str,
    process_name: str,
    version: str,
    actor: Actor,
    *,
    on: bool,
    deactivate: Sequence[str] = (),
    reason: str = "",
) -> CodeChange:
    """Switch a code on or off; one that is switched on makes the outputs of its dates stale.

    Raises
    ------
    NotFoundError
        If there is no such mission, process or code.
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    with catalog.begin() as connection:
        return switch_code_within(
            connection, mission_name, process_name, version, actor,
            on=on, deactivate=deactivate, reason=reason,
        )  # fmt: skip


def switch_code_within(
    connection: Connection,
    mission_name: str,
    process_name: str,
    version: str,
    actor: Actor,
    *,
    on: bool,
    deactivate: Sequence[str] = (),
    reason: str = "",
) -> CodeChange:
    """Switch a code on or off in a transaction of the caller; see :func:`switch_code`."""
    mission = load_mission(connection, mission_name)
    lock_work(connection, mission.id)
    process = mission.process(process_name)
    code = _code_of(process, Version.parse(version))
    off = [_code_of(process, Version.parse(text)) for text in deactivate]
    _switch(connection, off, on=False)
    _switch(connection, [code], on=on)
    used = [code.filename] if on and not code.in_use else []
    return _changed(connection, mission, process, code.version, off, used, actor, reason)


def _code_of(process: LoadedProcess, version: Version) -> LoadedCode:
    for code in process.codes:
        if code.version == version:
            return code
    known = ", ".join(str(code.version) for code in process.codes) or "none"
    raise NotFoundError(f"process {process.name} has no code {version}; it has: {known}")


def _switch(connection: Connection, codes: Sequence[LoadedCode], *, on: bool) -> None:
    ids = [code.id for code in codes]
    connection.execute(update(Code).where(Code.id.in_(ids)).values(_ON if on else _OFF))


def _changed(
    connection: Connection,
    mission: LoadedMission,
    process: LoadedProcess,
    version: Version,
    off: Sequence[LoadedCode],
    used: Sequence[str],
    actor: Actor,
    reason: str,
) -> CodeChange:
    """Note a change of codes: the mission's revision, the event, and what is stale now."""
    connection.execute(
        update(Mission)
        .where(Mission.id == mission.id)
        .values(revision=Mission.revision + 1, updated_at=func.now())
    )
    why = f": {reason}" if reason else ""
    what = f"code {version} activated" if used else f"code {version} changed"
    connection.execute(
        insert(Event).values(
            kind=EventKind.CODE_ACTIVATED,
            actor=actor.name,
            reason=what + why,
            mission_id=mission.id,
            process_id=process.id,
            detail={"version": str(version), "off": [str(one.version) for one in off]},
        )
    )
    runs = process.timebase is Timebase.RUN
    stale = {process.name: (what, not runs)} if used else {}
    limit = mission.settings.campaign_limit
    work = open_stale_work(connection, mission.id, stale, actor, limit)
    return CodeChange(
        version, tuple(one.version for one in off), work, tuple(_doubts(connection, process))
    )


def _doubts(connection: Connection, process: LoadedProcess) -> list[str]:
    """Active codes of the process whose dates overlap: none of those dates can be made."""
    query = (
        select(Code)
        .where(Code.process_id == process.id, Code.active, Code.newest_version)
        .with_only_columns(
            Code.filename, Code.interface_version, Code.quality_version, Code.revision_version,
            Code.start_date, Code.stop_date,
        )
        .order_by(Code.start_date, Code.id)
    )  # fmt: skip
    rows = connection.execute(query).all()
    return [
        f"process {process.name} has two active codes from {max(one[4], other[4])} to "
        f"{min(one[5], other[5])}, {one[0]} {Version(*one[1:4])} and {other[0]} "
        f"{Version(*other[1:4])}: nothing is made for these dates until one is switched off"
        for number, one in enumerate(rows)
        for other in rows[number + 1 :]
        if max(one[4], other[4]) <= min(one[5], other[5])
    ]
