"""A mission of dbprocessing on Airflow: its inspector, its code and its config as they were."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from headwater.cli.dbprocessing.scripts import run_script
from on_airflow.site import Site, until

pytestmark = pytest.mark.airflow

L0 = "i1_l0_20200101_v{}.dat"


def _lay_out(shared_dir: Path, root: Path) -> Path:
    """The recorded mission `s01` with its own files, unchanged but for the folder's name."""
    recorded = json.loads((shared_dir / "spec/cases/dbprocessing-scenarios.json").read_text())
    scenario = next(one for one in recorded["scenarios"] if one["id"] == "s01_simple_chain")
    for name in ("incoming", "codes/errors", "inspectors"):
        (root / name).mkdir(parents=True)
    for name, content in recorded["assets"].items():
        path = root / ("inspectors" if name.endswith(".py") else "codes") / name
        path.write_text(content)
        path.chmod(0o755)
    config = root / "lab.conf"
    config.write_text(scenario["config"].replace("@ROOT@", str(root)))
    return config


def test_what_ran_under_dbprocessing_runs_on_airflow_unchanged(
    site: Site, shared_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_CATALOG_URL", site.stack.catalog_url())
    monkeypatch.setenv("HEADWATER_HOME", str(site.stack.home.root))
    config = _lay_out(shared_dir, tmp_path / "lab")
    assert run_script("addFromConfig.py", ["-m", "lab", str(config)]) == 0
    wanted = {"lab.incoming", "lab.make.mk_l1", "lab.make.mk_l2"}
    until(lambda: wanted <= {dag["dag_id"] for dag in site.rest(lambda rest: rest.dags())})
    for version in ("1.0.0", "1.0.1"):
        _drop(tmp_path / "lab" / "incoming", L0.format(version))
        until(lambda version=version: _versions(site).get("i1_l2") == version)
    assert _versions(site) == {"i1_l0": "1.0.1", "i1_l1": "1.0.1", "i1_l2": "1.0.1"}
    made = site.rows(
        "select distinct b.airflow_dag_id as dag from headwater.build b "
        "join headwater.mission m on m.id = b.mission_id where m.name = 'lab'"
    )
    assert {row.dag for row in made} == {"lab.make.mk_l1", "lab.make.mk_l2"}


def _drop(incoming: Path, name: str) -> None:
    part = incoming / f".{name}"
    part.write_text(f"{name}\n")
    os.rename(part, incoming / name)  # noqa: PTH104  one step, as a careful sender does


def _versions(site: Site) -> dict[str, str]:
    """Product -> version of the newest file of the mission."""
    return {
        row.product: row.version
        for row in site.rows(
            "select p.name as product, concat_ws('.', f.interface_version, f.quality_version, "
            "f.revision_version) as version from headwater.file f "
            "join headwater.product p on p.id = f.product_id "
            "join headwater.mission m on m.id = f.mission_id where m.name = 'lab' and f.newest"
        )
    }
