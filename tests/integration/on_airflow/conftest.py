"""One stack for all tests of this folder; it ends with the last of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from on_airflow.site import Site, opened


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with opened(tmp_path_factory.mktemp("stack"), tmp_path_factory.mktemp("synthetic")) as site:
        yield site
