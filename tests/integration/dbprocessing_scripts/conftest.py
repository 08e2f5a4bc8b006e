"""What the tests of the scripts share: one small mission, and a way to run a script on it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_lab import Said, run_command
from processing_lab import Lab
from script_lab import D1, D3, Script

from headwater.catalog.connection import Catalog


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    """Files of two days with a gap between them, and all that is made from them."""
    lab = Lab(catalog, tmp_path / "mission")
    lab.put_many("l0", [D1, D3])
    lab.process()
    return lab


@pytest.fixture
def log_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the scripts write their log, which a process opens once."""
    monkeypatch.setenv("DBPROCESSING_LOG_DIR", str(tmp_path / "logs"))
    yield tmp_path / "logs"
    log = logging.getLogger("headwater.dbprocessing")
    log.handlers.clear()
    log.propagate = True  # else pytest gives it a handler of its own


@pytest.fixture
def script(
    catalog: Catalog,
    tmp_path: Path,
    log_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Script:
    """Run a script as a person does, in a folder of its own; its name comes first."""
    monkeypatch.setenv("HEADWATER_CATALOG_URL", catalog.url.render_as_string(hide_password=False))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def call(*words: object) -> Said:
        arguments = ("dbprocessing", *(str(word) for word in words))
        return run_command(arguments, monkeypatch, capfd)

    return call
