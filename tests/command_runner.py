"""The `headwater` command as a fixture: on a fresh catalog, with no local stack."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from command_lab import Said, run_command

from headwater.catalog.connection import Catalog

Command = Callable[..., Said]


@pytest.fixture
def headwater(
    catalog: Catalog,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Command:
    """Run a command in this process, on a fresh catalog and with no local stack."""
    url = catalog.url.render_as_string(hide_password=False)
    monkeypatch.setenv("HEADWATER_CATALOG_URL", url)
    monkeypatch.setenv("HEADWATER_HOME", str(tmp_path / "no-stack"))

    def call(*words: str) -> Said:
        return run_command(words, monkeypatch, capfd)

    return call
