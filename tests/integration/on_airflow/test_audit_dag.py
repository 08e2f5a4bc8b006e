"""The audit of a mission as a run of Airflow: an event with its counts, and a red verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from on_airflow.site import Site, until

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

AUDIT = "synthetic.audit"
DAY = "2022-02-01"


def audited(site: Site, state: str, **params: object) -> dict[str, Any]:
    """A run by hand, once it has ended in `state`."""
    before = {run["dag_run_id"] for run in site.rest(lambda rest: rest.runs(AUDIT))}
    until(lambda: AUDIT in {dag["dag_id"] for dag in site.rest(lambda rest: rest.dags())})
    site.rest(lambda rest: rest.trigger(AUDIT, conf=params))

    def ended() -> dict[str, Any] | None:
        runs = site.rest(lambda rest: rest.runs(AUDIT))
        return next(
            (r for r in runs if r["dag_run_id"] not in before and r["state"] == state), None
        )

    return dict(until(ended, 180))


def last_event(site: Site) -> dict[str, Any]:
    """The counts of the latest audit that Airflow knows."""
    events = site.rest(lambda rest: rest.asset_events())
    mine = [event for event in events if event["name"] == "synthetic: audit"]
    return dict(max(mine, key=lambda event: str(event["timestamp"]))["extra"])


@pytest.mark.fault(35)
def test_a_lost_file_makes_the_audit_red_until_it_is_repaired(site: Site) -> None:
    site.drop(DAY)
    until(lambda: site.products(DAY, DAY).get("synth_l2") == 1)
    [row] = site.rows(
        "select m.rootdir, f.path from headwater.file f join headwater.mission m"
        " on m.id = f.mission_id join headwater.product p on p.id = f.product_id"
        " where p.name = 'synth_l1' and f.utc_file_date = cast(:day as date)",
        day=DAY,
    )
    Path(row.rootdir, row.path).unlink()

    run = audited(site, "failed", scrub_gigabytes=0)
    assert site.tasks(run) == {("audit", -1): "success", ("verdict", -1): "failed"}
    assert last_event(site)["counts"] == {"lost": 1}
    assert row.path in last_event(site)["sentence"]

    run = audited(site, "success", repair=True)
    assert site.tasks(run) == {("audit", -1): "success", ("verdict", -1): "success"}
    told = last_event(site)
    assert (told["wrong"], told["repaired"]) == (0, 1)
    assert told["read_files"] > 0
    until(lambda: site.products(DAY, DAY).get("synth_l1") == 2)
