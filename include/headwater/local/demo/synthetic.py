"""A generated mission of as many days as wanted, for tests and load: nothing in it is measured.

One level 0 file a day; level 1 is made per file, each further level per day, each from the level
below. A file is one line that says what it is, and bytes that follow from its name alone.
"""

from __future__ import annotations

import hashlib
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import yaml

from headwater.core.errors import SettingError
from headwater.core.version import Version

MISSION = "synthetic"
START = date(2020, 1, 1)

_CODES = {"copy": "copy.sh", "cpu": "cpu.py"}


def write_synthetic_mission(
    folder: Path,
    days: int,
    start: date = START,
    levels: int = 2,
    code: Literal["copy", "cpu"] = "copy",
) -> Path:
    """Write a generated mission into `folder` and return the path of its mission file.

    Parameters
    ----------
    folder
        Made if need be; becomes the mission's root folder.
    days
        So many days of level 0, from `start`, are put into its incoming area; 0 for none.
    start
        The first day, UTC.
    levels
        Levels above 0, at least 1.
    code
        ``copy`` copies its inputs (POSIX shell, a millisecond); ``cpu`` also uses 0.2 s of CPU.

    Raises
    ------
    SettingError
        `days`, `levels` or `code` cannot be used.
    """
    if days < 0 or levels < 1 or code not in _CODES:
        raise SettingError(
            f"A generated mission needs days >= 0, levels >= 1 and a code of "
            f"{', '.join(_CODES)}, not days={days}, levels={levels}, code={code!r}."
        )
    here = Path(__file__).parent / "generated"
    shutil.copytree(here, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (folder / "codes").iterdir():
        path.chmod(0o755)  # an installed wheel does not keep the mode
    for name in ("incoming", "errors"):
        (folder / name).mkdir(exist_ok=True)
    mission = folder / "mission.yaml"
    text = yaml.safe_dump(_mission(levels, _CODES[code]), sort_keys=False, width=100)
    mission.write_text(text, encoding="utf-8")
    drop_synthetic_l0(folder, days, start=start)
    return mission


def drop_synthetic_l0(
    folder: Path,
    days: int,
    version: str = "1.0.0",
    size_bytes: int = 1024,
    start: date = START,
) -> list[Path]:
    """Put level 0 files of `days` days from `start` into incoming, and return their paths.

    Each holds `size_bytes` bytes (never less than its first line), is written under a hidden name
    and renamed. The same day, version and size give the same bytes.

    Raises
    ------
    VersionError
        `version` is not ``interface.quality.revision``.
    """
    checked = Version.parse(version)
    dropped = []
    for day in (start + timedelta(n) for n in range(days)):
        name = f"synth_l0_{day:%Y%m%d}_v{checked}.dat"
        line = f"synthetic level 0 of {day}, version {checked}\n".encode()
        bytes_left = max(0, size_bytes - len(line))
        hidden, final = folder / "incoming" / f".{name}", folder / "incoming" / name
        hidden.write_bytes(line + hashlib.shake_128(line).digest(bytes_left))
        hidden.replace(final)
        dropped.append(final)
    return dropped


def _mission(levels: int, code: str) -> dict[str, Any]:
    """Return the content of the mission file."""
    return {
        "mission": {
            "name": MISSION,
            "rootdir": ".",
            "incoming_dir": "incoming",
            "codedir": "codes",
            "inspectordir": "inspectors",
            "errordir": "errors",
            "settings": {"settle_seconds": 1.0, "code_time_limit_seconds": 60},
        },
        "satellite": {"name": "synth"},
        "instrument": {"name": "none"},
        "products": {f"l{level}": _product(level) for level in range(levels + 1)},
        "processes": {f"make_l{level}": _process(level, code) for level in range(1, levels + 1)},
    }


def _product(level: int) -> dict[str, Any]:
    return {
        "name": f"synth_l{level}",
        "level": level,
        "relative_path": f"L{level}/{{Y}}",
        "format": f"synth_l{level}_{{Y}}{{m}}{{d}}_v{{VERSION}}.dat",
        "description": f"Generated file of level {level}, one a day",
        "inspector": {
            "filename": "synthetic.py",
            "version": "1.0.0",
            "arguments": f"level={level}",
            "description": "the name says it all",
        },
    }


def _process(level: int, code: str) -> dict[str, Any]:
    return {
        "name": f"make_l{level}",
        "timebase": "FILE" if level == 1 else "DAILY",
        "output": f"l{level}",
        "inputs": [f"l{level - 1}"],
        "code": {
            "filename": code,
            "version": "1.0.0",
            "output_interface": 1,
            "description": "copies its inputs",
        },
    }
