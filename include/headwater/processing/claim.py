"""Take builds, so that each is made by one owner only, from what is newest at that moment."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import claims
from headwater.catalog.queries.build_events import write_events
from headwater.catalog.queries.claims import ClaimRow
from headwater.core.actor import Actor
from headwater.core.errors import NotFoundError
from headwater.core.states import BuildState, EventKind
from headwater.core.version import Version
from headwater.missions.loaded import LoadedMission, LoadedProcess
from headwater.processing.plan import plan
from headwater.processing.plan_state import Action, ProposedBuild
from headwater.processing.planner import plan_dates
from headwater.processing.process_facts import plan_process
from headwater.processing.state_reading import read_state

LEASE_SECONDS = 60.0
"""How long a run may be silent before its build is given to somebody else."""

INPUT_FILES = text("""
select id, path, keywords, product_id, utc_start_time, utc_stop_time,
       interface_version, quality_version, revision_version
from headwater.file where id = any(:ids)
""")
"""What a run must know of its input files."""

PROCESS_OF_BUILDS = text("select id, process_id from headwater.build where id = any(:ids)")
"""Which process each build belongs to."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that the code reads; `path` is below the mission's rootdir, times are UTC."""

    id: int
    path: str
    keywords: str
    product_id: int
    start: datetime
    stop: datetime
    version: Version


@dataclass(frozen=True, slots=True)
class ClaimedBuild:
    """A build that is ours while its lease runs; times are UTC.

    `token` is the fencing token that every later write repeats. `version` is none for RUN.
    `inputs` are in the order of the command line.
    """

    build_id: int
    token: uuid.UUID
    process: LoadedProcess
    interval_key: str
    utc_date: date
    start: datetime
    stop: datetime
    keywords: str
    reason: str
    code_id: int
    version: Version | None
    inputs: tuple[InputFile, ...]
    attempts: int


@dataclass(frozen=True, slots=True)
class NotClaimed:
    """A build that is not ours to make, and why."""

    build_id: int
    state: BuildState | None
    reason: str


def claim_build(
    catalog: Catalog,
    mission: LoadedMission,
    build_id: int,
    actor: Actor,
    *,
    lease_seconds: float = LEASE_SECONDS,
) -> ClaimedBuild | NotClaimed:
    """Claim one build.

    Raises
    ------
    NotFoundError
        If there is no such build in the mission.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    with catalog.read() as connection:
        found = connection.execute(PROCESS_OF_BUILDS, {"ids": [build_id]}).first()
    if found is None or found.process_id not in mission.processes:
        raise NotFoundError(
            f"mission {mission.name} has no build {build_id}: see 'headwater builds'"
        )
    process = mission.processes[found.process_id]
    return claim_builds(catalog, mission, process, [build_id], actor, lease_seconds)[0]


def claim_builds(
    catalog: Catalog,
    mission: LoadedMission,
    process: LoadedProcess,
    build_ids: Sequence[int],
    actor: Actor,
    lease_seconds: float = LEASE_SECONDS,
) -> list[ClaimedBuild | NotClaimed]:
    """Claim builds of one process, in the order of `build_ids`.

    The inputs, the code and the version are those of this moment. A build that is no longer to
    be made, or has to wait, is planned again instead.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer; then nothing was claimed that its lease will not free.
    """
    try:
        claimed, changed = _claim(catalog, mission, process, build_ids, actor, lease_seconds)
    except IntegrityError:
        if len(build_ids) > 1:
            each = (
                claim_builds(catalog, mission, process, [build_id], actor, lease_seconds)
                for build_id in build_ids
            )
            return [one for found in each for one in found]
        claimed, changed = {}, []
    if changed:
        plan_dates(catalog, mission, process, changed, actor)
    left = [build_id for build_id in build_ids if build_id not in claimed]
    refused = _why_not(catalog, left) if left else {}
    return [claimed.get(build_id) or refused[build_id] for build_id in build_ids]


def _claim(
    catalog: Catalog,
    mission: LoadedMission,
    process: LoadedProcess,
    build_ids: Sequence[int],
    actor: Actor,
    lease_seconds: float,
) -> tuple[dict[int, ClaimedBuild], list[date]]:
    """What was claimed, and the dates on which the plan now says something else."""
    with catalog.begin() as connection:
        locked = connection.execute(claims.LOCK_PENDING, {"ids": list(build_ids)}).all()
        if not locked:
            return {}, []
        dates = sorted({row.utc_date for row in locked})
        entries = plan(read_state(connection, mission, plan_process(mission, process), dates))
        mine = {row.id for row in locked}
        ours = [entry for entry in entries if entry.build_id in mine]
        make = [entry for entry in ours if entry.action is Action.MAKE]
        rows = [_claim_row(entry) for entry in make]
        attempts = claims.claim(connection, rows, actor, lease_seconds) if rows else {}
        started = {row.build_id: row.reason for row in rows if row.build_id in attempts}
        write_events(connection, EventKind.BUILD_STARTED, actor, started)
        files = input_paths(connection, [n for row in rows for n in row.input_file_ids])
    claimed = {
        row.build_id: _claimed(process, row, entry, attempts[row.build_id], files)
        for row, entry in zip(rows, make, strict=True)
        if row.build_id in attempts
    }
    return claimed, [row.utc_date for row in locked if row.id not in claimed]


def _claim_row(entry: ProposedBuild) -> ClaimRow:
    version = entry.version
    numbers = (version.interface, version.quality, version.revision) if version else (None,) * 3
    assert entry.build_id is not None  # noqa: S101  entries of locked rows only; for the checker
    return ClaimRow(
        entry.build_id,
        uuid.uuid4(),
        entry.reason,
        entry.fingerprint,
        entry.code_id,
        numbers,
        entry.start,
        entry.stop,
        entry.input_file_ids,
    )


def input_paths(connection: Connection, file_ids: Iterable[int]) -> dict[int, InputFile]:
    """Where input files lie, by number."""
    ids = sorted(set(file_ids))
    if not ids:
        return {}
    return {
        row.id: InputFile(
            row.id,
            row.path,
            row.keywords,
            row.product_id,
            row.utc_start_time,
            row.utc_stop_time,
            Version(row.interface_version, row.quality_version, row.revision_version),
        )
        for row in connection.execute(INPUT_FILES, {"ids": ids})
    }


def _claimed(
    process: LoadedProcess,
    row: ClaimRow,
    entry: ProposedBuild,
    attempts: int,
    files: dict[int, InputFile],
) -> ClaimedBuild:
    assert entry.code_id is not None  # noqa: S101  the plan makes nothing without a code
    return ClaimedBuild(
        row.build_id,
        row.token,
        process,
        entry.interval_key,
        entry.utc_date,
        entry.start,
        entry.stop,
        entry.keywords,
        entry.reason,
        entry.code_id,
        entry.version,
        tuple(files[file_id] for file_id in row.input_file_ids),
        attempts,
    )


def _why_not(catalog: Catalog, build_ids: Sequence[int]) -> dict[int, NotClaimed]:
    with catalog.read() as connection:
        rows = {row.id: row for row in connection.execute(claims.WHO_HAS, {"ids": list(build_ids)})}
    found = {}
    for build_id in build_ids:
        row = rows.get(build_id)
        if row is None:
            found[build_id] = NotClaimed(build_id, None, f"there is no build {build_id}")
            continue
        state = BuildState(row.state)
        reason = row.reason
        if state is BuildState.RUNNING:
            reason = f"is being made by {row.claimed_by}"
        elif state is BuildState.PENDING and row.paused is not None:
            reason = f"campaign {row.paused} is paused by {row.paused_by}: {row.pause_reason}"
        elif state is BuildState.PENDING and row.not_before is not None:
            reason = f"not before {row.not_before:%Y-%m-%d %H:%M:%S} UTC: {row.reason}"
        elif state is BuildState.PENDING:
            reason = "another claim of it is under way"
        found[build_id] = NotClaimed(build_id, state, reason)
    return found
