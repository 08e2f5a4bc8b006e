"""Executables under the scripts' old names, so that command lines of old go on working."""

from __future__ import annotations

import sys
from pathlib import Path

from headwater.cli.dbprocessing.scripts import SCRIPTS
from headwater.core.errors import SettingError

_MARK = "# A launcher of Headwater."
_TEXT = """#!{python}
{mark}
import sys

from headwater.cli.main import run

sys.argv[:1] = ["headwater", "dbprocessing", "{script}"]
run()
"""


def install_launchers(folder: Path) -> list[Path]:
    """Write a launcher for each script into `folder`, and return their paths.

    Launchers that are there already are written anew; any other file of such a name is left.

    Raises
    ------
    SettingError
        If the folder cannot be written, or holds a file of another origin under such a name.
    """
    paths = [folder / script for script in SCRIPTS]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = [
            path.name
            for path in paths
            if path.exists() and _MARK not in path.read_text(errors="replace")
        ]
        if foreign:
            raise SettingError(
                f"{folder} holds {', '.join(foreign)} of another origin: remove them, or choose "
                "another folder"
            )
        for path in paths:
            path.write_text(_TEXT.format(python=sys.executable, mark=_MARK, script=path.name))
            path.chmod(0o755)
    except OSError as error:
        raise SettingError(f"the launchers cannot be written: {error}") from error
    return paths
