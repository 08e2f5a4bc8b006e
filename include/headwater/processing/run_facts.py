"""What a code is told of its run: variables of its environment and a small file; nothing secret."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from headwater.core.output_interval import orbit_number
from headwater.missions.loaded import LoadedMission
from headwater.processing.claim import ClaimedBuild
from headwater.processing.command_line import CommandLine, iso_text

RUN_FILE = ".headwater-run.json"
"""Its name in the work directory."""


def run_environment(claimed: ClaimedBuild, work: Path) -> dict[str, str]:
    """The variables that tell a code what it is to make; a RUN process has no version."""
    return {
        "HEADWATER_VERSION": str(claimed.version or ""),
        "HEADWATER_DATE": claimed.utc_date.isoformat(),
        "HEADWATER_START": iso_text(claimed.start),
        "HEADWATER_STOP": iso_text(claimed.stop),
        "HEADWATER_OUTPUT_DIR": str(work),
        "HEADWATER_RUN": str(work / RUN_FILE),
    }


def write_run_file(
    mission: LoadedMission, claimed: ClaimedBuild, work: Path, command: CommandLine
) -> None:
    """Write the file that ``HEADWATER_RUN`` names: what the run reads and makes, as JSON.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    facts = run_facts(mission, claimed, work, command)
    (work / RUN_FILE).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def remove_run_file(work: Path) -> None:
    """Take that file away, so that an empty work directory can be used again."""
    with contextlib.suppress(OSError):
        (work / RUN_FILE).unlink()


def run_facts(
    mission: LoadedMission, claimed: ClaimedBuild, work: Path, command: CommandLine
) -> dict[str, Any]:
    """The content of that file; paths are absolute, times ISO 8601 in UTC."""
    return {
        "mission": mission.name,
        "process": claimed.process.name,
        "interval": {
            "key": claimed.interval_key,
            "date": claimed.utc_date.isoformat(),
            "start": iso_text(claimed.start),
            "stop": iso_text(claimed.stop),
            "orbit": orbit_number(claimed.interval_key),
            "keywords": claimed.keywords,
        },
        "version": str(claimed.version) if claimed.version else None,
        "inputs": [
            {
                "product": mission.products[file.product_id].name,
                "path": str(mission.rootdir / file.path),
                "version": str(file.version),
                "start": iso_text(file.start),
                "stop": iso_text(file.stop),
            }
            for file in claimed.inputs
        ],
        "outputs": [
            {
                "product": output.product,
                "path": str(work / output.name) if output.name else None,
                "required": output.required,
            }
            for output in command.outputs
        ],
    }
