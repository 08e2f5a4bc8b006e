"""From a dropped file to its last product, on a real Airflow with its real scheduler."""

from __future__ import annotations

import pytest

from on_airflow.site import L1, L2, Site, ended, until

pytestmark = pytest.mark.airflow


def test_dropped_files_become_every_product_in_runs_that_show_their_dates(site: Site) -> None:
    site.drop("2026-01-01", 2)
    site.drop("2026-03-01", 1)
    wanted = dict.fromkeys(("synth_l0", "synth_l1", "synth_l2"), 3)
    until(lambda: wanted.items() <= site.products("2026-01-01", "2026-03-01").items())
    for key in ("2026-01-01/2026-01-02", "2026-03-01"):
        ended(site, L1, key, "success")
    for key in ("2026-01-01", "2026-01-02", "2026-03-01"):
        ended(site, L2, key, "success")
    events = site.rest(lambda rest: rest.asset_events())
    told = {(event["name"], event["partition_key"]) for event in events}
    assert ("synthetic/synth_l0", "2026-01-01/2026-01-02") in told
    assert ("synthetic/synth_l2", "2026-03-01") in told
    without = {"synthetic: incoming", "synthetic: audit"}
    assert {name for name, key in told if key is None} <= without
    runs = site.rows("select distinct airflow_dag_id from headwater.build where state = 'built'")
    assert {row[0] for row in runs} == {L1, L2}


def test_a_run_by_hand_that_has_nothing_to_do_is_skipped(site: Site) -> None:
    site.rest(lambda rest: rest.trigger(L1, conf={"first_date": "2027-01-01"}))

    def skipped() -> bool:
        runs = site.rest(lambda rest: rest.runs(L1, ["success"]))
        mine = [run for run in runs if run["conf"].get("first_date") == "2027-01-01"]
        return bool(mine) and site.tasks(mine[0])["plan", -1] == "skipped"

    until(skipped)


def test_a_key_and_dates_together_fail_with_a_sentence(site: Site) -> None:
    conf = {"first_date": "2027-02-01"}
    site.rest(lambda rest: rest.trigger(L1, conf=conf, partition_key="2027-02-01"))
    run = ended(site, L1, "2027-02-01", "failed")
    assert site.tasks(run)["plan", -1] == "failed"


def test_a_failed_code_is_red_and_retrying_its_task_makes_the_product(site: Site) -> None:
    site.say("fail", "20260501")
    site.drop("2026-05-01")
    run = ended(site, L1, "2026-05-01", "failed")
    tasks = site.tasks(run)
    assert (tasks["build", 0], tasks["outcome", -1]) == ("failed", "upstream_failed")
    query = "select state, reason from headwater.build where utc_date = '2026-05-01'"
    state, reason = site.rows(query)[0]
    assert state == "failed"
    assert "no calibration" in reason

    site.say("fail")
    body = {"dag_run_id": run["dag_run_id"], "task_ids": [["build", 0]], "dry_run": False,
            "include_downstream": True, "reset_dag_runs": True}  # fmt: skip
    site.send("POST", f"/api/v2/dags/{L1}/clearTaskInstances", body)
    until(lambda: site.products("2026-05-01", "2026-05-01").get("synth_l2") == 1)
    ended(site, L1, "2026-05-01", "success")


def test_what_fails_in_a_chunk_gets_its_own_task_and_the_rest_is_made(site: Site) -> None:
    site.say("fail", "20250710")
    site.drop("2025-07-01", 30)
    run = ended(site, L1, "2025-07-01/2025-07-30", "failed")
    tasks = site.tasks(run)
    builds = [state for (task, _), state in tasks.items() if task == "build"]
    assert builds == ["success", "success"]
    assert (tasks["redo", 0], tasks["outcome", -1]) == ("failed", "upstream_failed")
    until(lambda: site.products("2025-07-01", "2025-07-30").get("synth_l2") == 29)
    site.say("fail")


@pytest.mark.fault(60)
def test_what_came_while_a_dag_was_paused_is_made_once_it_is_not(site: Site) -> None:
    site.send("PATCH", f"/api/v2/dags/{L1}", {"is_paused": True})
    site.drop("2026-07-01")
    site.drop("2026-07-15")
    until(lambda: site.products("2026-07-01", "2026-07-31").get("synth_l0") == 2)
    assert site.runs(L1, "2026-07-01") == []
    site.send("PATCH", f"/api/v2/dags/{L1}", {"is_paused": False})
    # Airflow has forgotten the events; headwater.system finds the wake rows.
    until(lambda: site.products("2026-07-01", "2026-07-31").get("synth_l1") == 2)
    assert site.runs(L1, "2026-07-01")[0]["note"].startswith("2026-07-01: ")
