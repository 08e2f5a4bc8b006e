"""Thousands of files in one second: bounded claims, few runs."""

from __future__ import annotations

import pytest
from aftermath import Drop, everything_once, given, no_false_green, promises_kept, runs_end
from on_airflow.site import INCOMING, L1, L2, Site, until

from headwater_airflow.batches import MOST_TASKS
from headwater_airflow.operators.incoming import ARRIVALS_A_TASK

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

FLOOD = 5000
FEW_RUNS = 40


@pytest.mark.fault(61)
def test_five_thousand_files_at_once_are_taken_in_bounded_pieces_and_few_runs(site: Site) -> None:
    site.say("pace")
    known = len(site.rest(lambda rest: rest.runs(INCOMING)))
    drop = Drop.of(site, "1990-01-01", FLOOD)
    until(lambda: drop.made("synth_l0") == FLOOD, 300)
    runs = site.rest(lambda rest: rest.runs(INCOMING))
    assert len(runs) - known < 10
    took = [run for run in runs if site.tasks(run)["arrived", -1] == "success"]
    claims = [claim["count"] for run in took for claim in given(site, run, "arrived", -1)]
    assert sum(claims) >= FLOOD
    assert max(claims) == ARRIVALS_A_TASK
    drop.complete(600)
    everything_once(drop)
    runs_end(drop)
    for dag_id in (L1, L2):
        runs = drop.runs(dag_id)
        assert len(runs) <= FEW_RUNS
        assert all(len(site.tasks(run)) <= MOST_TASKS + 10 for run in runs)
    no_false_green(drop)
    promises_kept(site)
