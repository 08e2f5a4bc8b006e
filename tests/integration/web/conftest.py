"""The lab's mission with the API in front of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from processing_lab import Lab

from headwater.catalog.connection import Catalog
from web.api_lab import Api, api_on


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    return Lab(catalog, tmp_path)


@pytest.fixture
def api(lab: Lab) -> Api:
    return api_on(lambda: lab.catalog)
