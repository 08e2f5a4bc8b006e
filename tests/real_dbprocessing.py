"""The real dbprocessing 0.1.0, in an environment of its own beside the checkout's.

It needs Python 3.10 and SQLAlchemy 1.4. It is installed once, into ``.dbprocessing``; where that
cannot be done, tests that use it are skipped with a sentence.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ENVIRONMENT = Path(__file__).resolve().parents[1] / ".dbprocessing"
PACKAGES = (
    "dbprocessing==0.1.0",
    "sqlalchemy==1.4.54",
    "python-dateutil",
    "networkx",
    "setuptools",
)


def _python_3_10() -> str | None:
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = sorted(pyenv.glob("versions/3.10.*/bin/python"))
    return str(found[-1]) if found else shutil.which("python3.10")


@functools.cache
def _made() -> str | None:
    """Why it cannot be had; none if it is there."""
    if (ENVIRONMENT / "ready").exists():
        return None
    python = _python_3_10()
    if python is None:
        return "dbprocessing 0.1.0 needs Python 3.10, which is not on this machine"
    steps = (
        [python, "-m", "venv", "--clear", str(ENVIRONMENT)],
        [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "-q", *PACKAGES],
    )
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
            return f"dbprocessing 0.1.0 cannot be installed: {last[0]}"
    (ENVIRONMENT / "ready").touch()
    return None


class RealDbprocessing:
    """Its scripts, run in a folder."""

    def __init__(self, folder: Path) -> None:
        reason = _made()
        if reason is not None:
            pytest.skip(reason)
        self.folder = folder
        (folder / "logs").mkdir(parents=True, exist_ok=True)

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of its scripts to its end."""
        done = subprocess.run(
            [str(ENVIRONMENT / "bin" / script), *arguments],
            cwd=self.folder,
            env={**os.environ, "DBPROCESSING_LOG_DIR": str(self.folder / "logs")},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done
