"""What integration tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from mission_lab import ME, Put

from command_runner import headwater
from headwater.catalog.connection import Catalog
from headwater.missions.apply import Applied, apply
from headwater.missions.reading import read_mission_files

__all__ = ["headwater"]


@pytest.fixture
def put(catalog: Catalog, tmp_path: Path) -> Put:
    """Apply a mission file of the given content, alone."""

    def put(content: str, dry_run: bool = False, name: str = "lab.yaml") -> Applied:
        path = tmp_path / name
        path.write_text(content)
        (applied,) = apply(catalog, read_mission_files([path]), ME, dry_run)
        return applied

    return put
