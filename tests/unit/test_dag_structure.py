"""The generated DAGs: what they are, that they stay the same, and what a task process builds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from headwater.missions.snapshot import (
    MissionSnapshot,
    PoolSnapshot,
    ProcessSnapshot,
    ProductSnapshot,
)

ROOT = Path(__file__).resolve().parents[2]


def snapshot(processes: int = 2, slug: str = "demo") -> MissionSnapshot:
    """A chain: each process makes the next product from those before it."""
    return MissionSnapshot(
        mission=slug.upper(),
        slug=slug,
        revision=1,
        incoming_dir=f"/data/{slug}/incoming",
        settle_seconds=1,
        scan_seconds=1,
        clock_minutes=5,
        code_time_limit_seconds=10,
        audit_hour=3,
        pools=(PoolSnapshot(name=f"{slug}.cpu", slots=2),),
        products=tuple(
            ProductSnapshot(
                name=f"p{n}",
                level=float(n),
                asset=f"{slug}/p{n}",
                uri=f"headwater://{slug}/p{n}",
                description="",
            )
            for n in range(processes + 1)
        ),
        processes=tuple(
            ProcessSnapshot(
                name=f"make p{n}",
                slug=f"make_p{n}",
                timebase="DAILY",
                trigger_inputs=tuple(f"p{m}" for m in range(max(0, n - 2), n)),
                other_inputs=(),
                outputs=(f"p{n}",),
                description="",
            )
            for n in range(1, processes + 1)
        ),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    snapshots = tmp_path / "snapshots"
    snapshots.mkdir()
    for slug in ("demo", "other"):
        (snapshots / f"{slug}.json").write_bytes(snapshot(slug=slug).to_bytes())
    return snapshots


READ = """
import json, sys
from pathlib import Path
from airflow.dag_processing.dagbag import DagBag
from airflow.models.serialized_dag import SerializedDagModel
from airflow.serialization.serialized_objects import DagSerialization
folder = Path(sys.argv[1])
bag = DagBag(folder, bundle_name="t", bundle_path=folder)
found = {name: DagSerialization.to_dict(dag) for name, dag in sorted(bag.dags.items())}
print("FOUND" + json.dumps({
    "errors": bag.import_errors,
    "hashes": {name: SerializedDagModel.hash(data) for name, data in found.items()},
    "dags": {name: data["dag"] for name, data in found.items()},
    "retries": {f"{task.dag_id}/{task.task_id}": task.retries
                for dag in bag.dags.values() for task in dag.tasks},
}, default=str))
"""


def airflow(tmp_path: Path, script: str, *arguments: str, **environment: str) -> dict[str, Any]:
    """What a script says in a process of its own, with an Airflow home of its own."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")}
    ours |= {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(tmp_path / "no-plugins"),
        **environment,
    }
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], env=ours, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("FOUND"))
    return dict(json.loads(line.removeprefix("FOUND")))


def read_dags(tmp_path: Path, snapshots: Path, **environment: str) -> dict[str, Any]:
    where = {"HEADWATER_SNAPSHOTS": str(snapshots), **environment}
    return airflow(tmp_path, READ, str(ROOT / "dags"), **where)


def tasks_of(dag: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = (task.get("__var", task) for task in dag["tasks"])
    return {task["task_id"]: task for task in found}


def plain(value: Any) -> Any:
    """A serialised value without the marks of its types."""
    if isinstance(value, dict):
        kept = value.get("__var", value)
        return {k: plain(v) for k, v in kept.items()} if isinstance(kept, dict) else plain(kept)
    return [plain(each) for each in value] if isinstance(value, list) else value


def test_each_mission_has_its_dags_and_they_come_out_the_same_in_another_process(
    tmp_path: Path, folder: Path
) -> None:
    first = read_dags(tmp_path, folder, PYTHONHASHSEED="1")
    second = read_dags(tmp_path, folder, PYTHONHASHSEED="2")
    assert first["errors"] == {}
    assert set(first["dags"]) == {
        "headwater.system",
        *(f"{slug}.{dag}" for slug in ("demo", "other") for dag in
          ("audit", "campaign", "incoming", "make.make_p1", "make.make_p2")),
    }  # fmt: skip
    assert first["hashes"] == second["hashes"]


def test_a_process_is_woken_by_any_input_with_the_date_as_key(tmp_path: Path, folder: Path) -> None:
    dag = read_dags(tmp_path, folder)["dags"]["demo.make.make_p2"]
    schedule = json.dumps(dag["timetable"])
    assert "PartitionedAssetTimetable" in schedule
    assert "asset_any" in schedule
    assert "asset_all" not in schedule
    assert "headwater://demo/p0" in schedule
    assert "headwater://demo/p1" in schedule
    assert sorted(dag["tags"]) == ["DEMO", "L2", "headwater"]


def test_the_tasks_of_a_process_work_in_its_pool_and_the_leaf_shows_failures(
    tmp_path: Path, folder: Path
) -> None:
    tasks = tasks_of(read_dags(tmp_path, folder)["dags"]["demo.make.make_p1"])
    assert set(tasks) == {"plan", "build", "failures", "redo", "outcome"}
    for name in ("build", "redo"):
        assert tasks[name]["partial_kwargs"]["pool"] == "demo.cpu"
        assert "headwater://demo/p1" in json.dumps(tasks[name]["partial_kwargs"]["outlets"])
    leaves = [name for name, task in tasks.items() if not task.get("downstream_task_ids")]
    assert leaves == ["outcome"]


def test_a_mission_is_audited_each_night_at_its_hour_and_the_verdict_is_the_leaf(
    tmp_path: Path, folder: Path
) -> None:
    by_hand = snapshot(slug="other").model_copy(update={"audit_hour": None})
    (folder / "other.json").write_bytes(by_hand.to_bytes())
    dags = read_dags(tmp_path, folder)["dags"]
    nightly = dags["demo.audit"]
    assert "0 3 * * *" in json.dumps(nightly["timetable"])
    assert nightly["max_active_runs"] == 1
    tasks = tasks_of(nightly)
    assert "headwater://audit/demo" in json.dumps(tasks["audit"]["outlets"])
    assert [name for name, task in tasks.items() if not task.get("downstream_task_ids")] == [
        "verdict"
    ]
    assert "NullTimetable" in json.dumps(dags["other.audit"]["timetable"])


def test_a_campaign_is_asked_for_by_a_form_and_approved_before_it_runs(
    tmp_path: Path, folder: Path
) -> None:
    dag = read_dags(tmp_path, folder)["dags"]["demo.campaign"]
    tasks = tasks_of(dag)
    order = {name: sorted(task.get("downstream_task_ids", [])) for name, task in tasks.items()}
    assert order == {
        "plan": ["approval", "run"], "approval": ["run"], "run": ["report", "wait"],
        "wait": ["report"], "report": ["verdict"], "verdict": [],
    }  # fmt: skip
    assert "headwater://campaign/demo" in json.dumps(tasks["report"]["outlets"])
    assert "NullTimetable" in json.dumps(dag["timetable"])
    form = {name: plain(param)["schema"] for name, param in dag["params"]}
    assert form["products"]["items"]["enum"] == form["products"]["examples"] == ["p1", "p2"]
    assert form["force"]["enum"] == ["none", "interface", "quality", "revision"]
    assert form["reason"] | {"title": "", "description": "", "section": ""} == {
        "type": "string", "minLength": 1, "title": "", "description": "", "section": "",
    }  # fmt: skip
    assert form["first_date"]["format"] == form["last_date"]["format"] == "date"
    assert {"throttle", "campaign"} <= form.keys()


def test_a_bad_snapshot_takes_no_other_dags_away(tmp_path: Path, folder: Path) -> None:
    (folder / "other.json").write_text("{")
    found = read_dags(tmp_path, folder)
    assert found["errors"] == {}
    assert "demo.incoming" in found["dags"]
    assert "other.incoming" not in found["dags"]


def test_a_task_process_builds_its_own_dag_only() -> None:
    from headwater_airflow.factories.missions import all_dags

    missions = [snapshot(5), snapshot(5, "other")]
    for name in (
        "demo.make.make_p3",
        "other.incoming",
        "other.audit",
        "other.campaign",
        "headwater.system",
    ):
        assert [dag.dag_id for dag in all_dags(missions, name)] == [name]
    assert list(all_dags(missions, "demo.gone")) == []


PLUGINS = """
import json
from airflow import plugins_manager
plugins, errors = plugins_manager._get_plugins()
print("FOUND" + json.dumps({
    "names": [plugin.name for plugin in plugins], "errors": {str(k): v for k, v in errors.items()},
    "modules": [type(plugin).__module__ for plugin in plugins],
}))
"""


@pytest.mark.parametrize("layout", ["installed alone", "mounted beside the installed"])
def test_the_plugin_is_registered_once(tmp_path: Path, layout: str) -> None:
    mounted = ROOT / "plugins" if layout.startswith("mounted") else tmp_path / "empty"
    (tmp_path / "empty").mkdir()
    found = airflow(tmp_path, PLUGINS, AIRFLOW__CORE__PLUGINS_FOLDER=str(mounted))
    assert found["names"].count("headwater") == 1
    assert found["errors"] == {}
    index = found["names"].index("headwater")
    assert found["modules"][index].startswith(("headwater_airflow.plugin", "abc", "builtins"))


LIST_PLUGINS = """
import json, sys
from airflow import plugins_manager
apps, _ = plugins_manager.get_fastapi_plugins()
print("FOUND" + json.dumps({
    "apps": [[app["name"], app["url_prefix"], type(app["app"]).__name__] for app in apps],
    "loaded": [name for name in sys.modules if name.startswith("headwater.")],
}))
"""


def test_a_process_that_lists_the_plugin_loads_nothing_of_the_web_app(tmp_path: Path) -> None:
    found = airflow(tmp_path, LIST_PLUGINS)
    assert found["apps"] == [["Headwater", "/headwater", "LazyApp"]]
    assert found["loaded"] == []


def test_airflow_tries_every_task_that_does_work_again_mapped_ones_too(
    tmp_path: Path, folder: Path
) -> None:
    """What a mapped operator sets for itself is not seen before it runs."""
    retries = read_dags(tmp_path, folder)["retries"]
    never = {name for name, most in retries.items() if most == 0}
    assert never == {"headwater.system/look"} | {
        name for name in retries if name.endswith("/outcome")
    }
