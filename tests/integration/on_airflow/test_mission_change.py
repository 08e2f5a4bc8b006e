"""A mission that is changed in the catalog: Airflow follows by itself."""

from __future__ import annotations

import time

import pytest

from headwater_airflow.factories.system import PERIOD
from on_airflow.site import Site, until

pytestmark = pytest.mark.airflow

L3 = "synthetic.make.make_l3"
PARSE_SECONDS = 30


def test_a_new_process_has_its_dag_within_a_minute_though_nobody_tells_airflow(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert L3 not in {dag["dag_id"] for dag in site.rest(lambda rest: rest.dags())}
    site.apply(levels=3)
    applied_at = time.monotonic()
    until(
        lambda: L3 in {dag["dag_id"] for dag in site.rest(lambda rest: rest.dags())},
        PERIOD.total_seconds() + PARSE_SECONDS,
    )
    with capsys.disabled():
        print(f"\nthe new DAG was there {time.monotonic() - applied_at:.1f} s after apply")
    site.drop("2023-05-01")
    until(lambda: site.products("2023-05-01", "2023-05-01").get("synth_l3") == 1)
