"""Ingest: the arrivals of a claim, each to its disposition (DESIGN 2, 7; spec dbprocessing 4)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from headwater.archive.recovery import recover_intents
from headwater.archive.staging import Refusal, disk_refusal
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import arrivals
from headwater.core.actor import Actor
from headwater.core.errors import ArchiveError, ArchiveFullError, HeadwaterError
from headwater.ingest.claim import CHUNK, Claim, ClaimPlace, claim_arrivals
from headwater.ingest.claim_work import ClaimWork
from headwater.ingest.endings import Endings
from headwater.ingest.leftovers import retake_expired_claims, sweep_claimed
from headwater.ingest.quality import read_qa_dir
from headwater.ingest.report import IngestReport, Progress
from headwater.ingest.room import pause_for_room, resume_with_room
from headwater.ingest.scan import Intake
from headwater.missions.inspection.host import InspectorHost
from headwater.missions.loaded import LoadedMission


def ingest_claim(
    catalog: Catalog,
    mission: LoadedMission,
    token: str | uuid.UUID,
    actor: Actor,
    host: InspectorHost,
    report: Progress | None = None,
) -> IngestReport:
    """Bring every arrival of a claim to its disposition.

    Called again with the same token, it goes on where it was; the report names all arrivals of
    the claim that have ended, also those that an earlier call ended. One bad file never stops the
    others.

    Raises
    ------
    ArchiveFullError
        If there was no room on the disk for some of them: those stay claimed, the ingest of the
        mission is paused, and goes on with them when there is room. All others have ended.
    ArchiveError
        If the archive or its disk could not take some of them: those stay claimed, and may be
        retaken at once. All others have ended.
    InspectorError
        If the inspectors' helper process cannot be started; then likewise.
    CatalogUnavailableError
        If the catalog goes away; another call, or a retake once the lease is over, goes on.
    """
    claim = token if isinstance(token, uuid.UUID) else uuid.UUID(token)
    with ClaimPlace.opened(mission.incoming_dir, claim) as place:
        ends = Endings(catalog, mission, place, claim, actor, report or _quiet)
        ClaimWork(ends, host).run()
    with catalog.read() as connection:
        return IngestReport(arrivals.ended(connection, claim))


def ingest_pending(
    catalog: Catalog,
    mission: LoadedMission,
    actor: Actor,
    report: Progress | None = None,
    *,
    host: InspectorHost | None = None,
    intake: Intake | None = None,
) -> IngestReport:
    """One pass: recover, take over expired claims, claim what has settled, and ingest it all.

    `intake` says what has settled, if not the mission's settings.

    Raises
    ------
    ArchiveFullError
        As :func:`ingest_claim`, or :class:`~headwater.ingest.room.IngestPausedError`: at once.
    ArchiveError, InspectorError, CatalogUnavailableError
        As :func:`ingest_claim`, once all other claims are done.
    """
    claims = recover_and_claim(catalog, mission, actor, intake=intake)
    if host is not None:
        done = _ingest_all(catalog, mission, claims, actor, host, report)
    else:
        limit = mission.settings.inspector_time_limit_seconds
        specs = mission.inspector_specs()
        with InspectorHost(mission.facts(), specs, time_limit=limit) as own_host:
            done = _ingest_all(catalog, mission, claims, actor, own_host, report)
    return IngestReport(done.ended, read_qa_dir(catalog, mission, actor))


def recover_and_claim(
    catalog: Catalog,
    mission: LoadedMission,
    actor: Actor,
    *,
    limit: int | None = None,
    chunk: int | None = None,
    intake: Intake | None = None,
) -> list[Claim]:
    """Finish what a crash left, then claim: expired claims first, then what has settled.

    Raises
    ------
    IngestPausedError
        If the ingest is paused, and there is still no room on the disk.
    ArchiveError
        If the incoming folder cannot be used.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    recover_intents(catalog, mission.id, Path(mission.rootdir), actor)
    resume_with_room(catalog, mission, actor)
    size = CHUNK if chunk is None else chunk
    try:
        retaken = retake_expired_claims(catalog, mission, actor)
        sweep_claimed(catalog, mission)
        return retaken + claim_arrivals(
            catalog, mission, actor, limit=limit, chunk=size, intake=intake
        )
    except OSError as error:
        full = disk_refusal(error) is Refusal.FULL
        if isinstance(error, HeadwaterError) and not full:
            raise
        reason = f"the folder {mission.incoming_dir} cannot be used: {error.strerror or error}"
        if not full:
            raise ArchiveError(reason) from error
        pause_for_room(catalog, mission, reason, actor)
        raise ArchiveFullError(f"{reason}; the ingest of {mission.name} is paused") from error


def _ingest_all(
    catalog: Catalog,
    mission: LoadedMission,
    claims: Sequence[Claim],
    actor: Actor,
    host: InspectorHost,
    report: Progress | None,
) -> IngestReport:
    total = sum(claim.count for claim in claims)
    done = IngestReport()
    troubles: list[ArchiveError] = []
    for claim in claims:
        try:
            progress = _shifted(report or _quiet, len(done.ended), total)
            done += ingest_claim(catalog, mission, claim.token, actor, host, progress)
        except ArchiveFullError:
            raise  # the next claim finds no room either
        except ArchiveError as error:
            troubles.append(error)
    if troubles:
        raise ArchiveError("; ".join(sorted({str(error) for error in troubles})))
    return done


def _shifted(report: Progress, before: int, total: int) -> Callable[[int, int], None]:
    return lambda done, _: report(before + done, total)


def _quiet(_done: int, _total: int) -> None:
    """Report nothing."""
