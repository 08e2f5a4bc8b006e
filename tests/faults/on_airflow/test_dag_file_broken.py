"""A DAG file that cannot be read after a deploy: the last good DAGs stay, nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from aftermath import Drop, all_well, runs_end
from on_airflow.site import INCOMING, L1, L2, Site, until

from headwater_airflow.pools_and_files import reparse_missions

pytestmark = [pytest.mark.airflow, pytest.mark.slow]


@pytest.mark.fault(58)
def test_tasks_at_work_go_on_and_what_came_meanwhile_is_made_once_the_file_is_mended(
    site: Site, dags: Path
) -> None:
    """Airflow shows no DAG of such a file, but forgets none."""
    file = dags / "headwater_missions.py"
    good = file.read_text()
    drop = Drop.of(site, "2039-01-01")
    drop.halfway()
    file.write_text(good + "\nfor _dag in (:\n")
    try:
        site.rest(reparse_missions)
        until(lambda: site.rest(lambda rest: rest.import_errors()), 90)
        until(lambda: drop.made("synth_l1") == drop.days, 120)
        late = Drop.of(site, "2039-12-01", 3)
    finally:
        file.write_text(good)
    site.rest(reparse_missions)
    until(lambda: {INCOMING, L1, L2} <= {dag["dag_id"] for dag in site.rest(lambda r: r.dags())})
    assert site.rest(lambda rest: rest.import_errors()) == []
    all_well(drop)
    all_well(late)
    runs_end(drop)


@pytest.mark.fault(58)
def test_a_damaged_snapshot_is_written_anew_and_nothing_is_lost(site: Site) -> None:
    snapshot = site.stack.home.snapshots / "synthetic.json"
    good = snapshot.read_bytes()
    drop = Drop.of(site, "2040-01-01")
    drop.halfway()
    snapshot.write_bytes(good[: len(good) // 2])
    site.rest(reparse_missions)
    until(lambda: snapshot.read_bytes() == good, 120)
    all_well(drop)
    runs_end(drop)
