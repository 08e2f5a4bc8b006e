"""What a code did beside its work directory, as far as it can be seen when the code has ended.

A code runs as the same user as Headwater, so that nothing keeps it from writing elsewhere. What
it does to its own inputs, at its outputs' places and beside its work directory is seen at once;
what it does to other files of the archive is for the audit.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from headwater.archive.quarantine import quarantine
from headwater.archive.staging import Stamp
from headwater.core.errors import ArchiveError, NameFormatError
from headwater.core.name_format import directory
from headwater.missions.loaded import LoadedMission
from headwater.processing.claim import ClaimedBuild
from headwater.processing.outcome import Run
from headwater.processing.work_directory import work_folder

_LOG = logging.getLogger(__name__)


def input_stamps(mission: LoadedMission, claimed: ClaimedBuild) -> Mapping[str, Stamp]:
    """Path below rootdir -> stamp of each input that is there, before the code is started."""
    stamps = {}
    for file in claimed.inputs:
        with contextlib.suppress(OSError):
            stamps[file.path] = Stamp.of((mission.rootdir / file.path).lstat())
    return stamps


def done_beside(mission: LoadedMission, run: Run) -> str:
    """A sentence on what a run did to its inputs or at its outputs' places; usually empty.

    An input that has gone is not its deed alone: a purge may have removed it.
    """
    changed = []
    for path, before in run.input_stamps.items():
        with contextlib.suppress(OSError):
            if Stamp.of((mission.rootdir / path).lstat()) != before:
                changed.append(path)
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        return (
            f"its input {changed[0]}{more} changed while it ran; codes may only read in the "
            "archive: compare its checksum"
        )
    return _misplaced(mission, run)


def _misplaced(mission: LoadedMission, run: Run) -> str:
    """An output that is not in the work directory, but where Headwater would have put it."""
    claimed = run.claimed
    if claimed.version is None:
        return ""
    for output in run.command.outputs:
        here = output.name is None or os.path.lexists(run.work / output.name)
        if here or not output.required:
            continue
        with contextlib.suppress(NameFormatError):
            folder = directory(
                mission.products[output.product_id].relative_path,
                utc_file_date=claimed.utc_date,
                utc_start_time=claimed.start,
                version=claimed.version,
            )
            place = os.path.normpath(f"{folder}/{output.name}")
            if os.path.lexists(mission.rootdir / place):
                return (
                    f"a file lies at {place} already; a code writes to the path that it is "
                    "given, not into the archive"
                )
    return ""


def put_strays_aside(mission: LoadedMission, codes: Sequence[str]) -> list[Path]:
    """Move what lies beside the work directories into the error folder; where it lies then.

    `codes` are those that have just ended: one of them may have written it.
    """
    moved = []
    for path in _strays(work_folder(mission)):
        reason = "a code wrote it beside its work directory"
        detail = {"mission": mission.name, "ended just before": sorted(set(codes))}
        with contextlib.suppress(FileNotFoundError, ArchiveError):
            moved.append(quarantine(path, mission.errordir, reason, detail, key=_key(path)))
            _LOG.warning("%s: %s; it is kept as %s", path.name, reason, moved[-1])
    return moved


def _strays(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            found = [one.path for one in entries if not one.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return [Path(path) for path in sorted(found)]


def _key(path: Path) -> str:
    with contextlib.suppress(OSError):
        return f"stray {path.name} {Stamp.of(path.lstat())}"
    return f"stray {path.name}"
