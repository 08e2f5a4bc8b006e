"""The mission whose promises are broken."""

from __future__ import annotations

from pathlib import Path

import pytest
from processing_lab import Lab
from promises_lab import D1, D2

from headwater.catalog.connection import Catalog


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    """Two days of l0, and all that is made from them."""
    lab = Lab(catalog, tmp_path)
    lab.put_many("l0", [D1, D2])
    lab.process()
    return lab
