"""One stack for all tests of this folder; it ends with the last of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from headwater.catalog.connection import Catalog
from headwater.local.home import LocalHome
from headwater.local.stack import LocalStack
from headwater.missions.snapshot import read_snapshots, write_snapshot
from headwater_airflow.pools_and_files import ensure_pools, reparse_missions
from on_airflow.site import INCOMING, L1, L2, Site, until


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = LocalHome(tmp_path_factory.mktemp("stack"))
    with LocalStack(home) as stack:
        catalog = Catalog(stack.catalog_url())
        site = Site(stack, catalog, tmp_path_factory.mktemp("synthetic"))
        site.apply()
        write_snapshot(catalog, "synthetic", home.snapshots)
        with stack.rest() as rest:
            ensure_pools(rest, read_snapshots(home.snapshots))
            reparse_missions(rest)
            until(lambda: {INCOMING, L1, L2} <= {dag["dag_id"] for dag in rest.dags()})
        yield site
        catalog.close()
