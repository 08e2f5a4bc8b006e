"""How much room there is where a mission keeps its files."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from headwater.missions.loaded import LoadedMission


@dataclass(frozen=True, slots=True)
class DiskRoom:
    """A file system, named by the first of the folders that lies on it; sizes are bytes."""

    folder: Path
    free_bytes: int
    total_bytes: int


def disk_room(mission: LoadedMission) -> list[DiskRoom]:
    """The file systems of the archive, of incoming and of the error folder, each once.

    What is free is free for an ordinary user. A folder that is not there, as seen from this
    machine, is left out.
    """
    found: dict[int, DiskRoom] = {}
    for folder in (mission.rootdir, mission.incoming_dir, mission.errordir):
        try:
            device = folder.stat().st_dev
            if device not in found:
                usage = shutil.disk_usage(folder)
                found[device] = DiskRoom(folder, usage.free, usage.total)
        except OSError:
            continue
    return list(found.values())
