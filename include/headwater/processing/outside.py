"""Run a process for some dates without filing what it makes, as DBRunner.py does.

Nothing of it is known to the catalog: the outputs lie in a folder of the caller's.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from headwater.catalog.connection import Catalog
from headwater.core.errors import HeadwaterError
from headwater.core.interval import DateSpan
from headwater.core.version import Bump, Version
from headwater.missions.loaded import LoadedMission, LoadedProcess
from headwater.processing.claim import ClaimedBuild, InputFile, input_paths
from headwater.processing.command_line import code_of, command_line
from headwater.processing.keeper.client import CodeCommand, CodeEnded, Keeper
from headwater.processing.keeper.environment import code_environment
from headwater.processing.plan_state import ProposedBuild
from headwater.processing.planner import preview


def run_outside(
    catalog: Catalog,
    mission: LoadedMission,
    process: LoadedProcess,
    span: DateSpan,
    folder: Path,
    *,
    update: bool = False,
    forced: Bump | None = None,
    slots: int = 1,
) -> list[tuple[str, CodeEnded]]:
    """Run `process` for the dates of `span`; each command line, and how it ended.

    Without `update` or `forced` every date is run as if nothing had been made before, with the
    first version there is (spec dbprocessing 5.7). With `update` only what is out of date, with
    `forced` everything, each with the version that it would get.

    Raises
    ------
    HeadwaterError
        If an output cannot be named, or the codes cannot be started.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    always = None if update else (forced or Bump.REVISION)
    plan = preview(catalog, mission, process, span=span, forced=always)
    chosen = [entry for entry in plan.entries if entry.code_id is not None]
    with catalog.read() as connection:
        paths = input_paths(connection, [n for entry in chosen for n in entry.input_file_ids])
    commands = []
    for entry in chosen:
        claimed = _as_claimed(process, entry, paths)
        if not update and forced is None:
            first = Version(code_of(claimed).output_interface, 0, 0)
            claimed = replace(claimed, version=first if claimed.version else None)
        made = command_line(mission, claimed, folder)
        name = made.outputs[0].name if made.outputs else f"RUN_{process.slug}_{claimed.utc_date}"
        commands.append(
            CodeCommand(
                uuid.uuid4().hex,
                made.argv,
                str(folder),
                str(folder / f"{name}.prob"),
                mission.settings.code_time_limit_seconds,
                code_environment(os.environ, mission.settings.environment),
            )
        )
    return _run(commands, slots)


def _as_claimed(
    process: LoadedProcess, entry: ProposedBuild, paths: dict[int, InputFile]
) -> ClaimedBuild:
    if entry.code_id is None:
        raise HeadwaterError(f"{process.name} has no code for {entry.utc_date}")
    return ClaimedBuild(
        0,
        uuid.uuid4(),
        process,
        entry.interval_key,
        entry.utc_date,
        entry.start,
        entry.stop,
        entry.keywords,
        entry.reason,
        entry.code_id,
        entry.version,
        tuple(paths[number] for number in entry.input_file_ids),
        1,
    )


def _run(commands: Sequence[CodeCommand], slots: int) -> list[tuple[str, CodeEnded]]:
    waiting = list(reversed(commands))
    texts = {command.key: " ".join(command.argv) for command in commands}
    ends: list[tuple[str, CodeEnded]] = []
    with Keeper() as keeper:
        while waiting or keeper.running:
            while waiting and len(keeper.running) < slots:
                keeper.start(waiting.pop())
            ends += [(texts[one.key], one) for one in keeper.ended(1.0)]
    return ends
