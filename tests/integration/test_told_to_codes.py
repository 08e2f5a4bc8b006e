"""What a code is told before it runs, and outputs that it names itself."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from processing_lab import Lab

from headwater.catalog.connection import Catalog
from headwater.core.errors import MissionFileError
from headwater.core.interval import day_start
from headwater.core.output_interval import Orbit
from headwater.core.states import BuildState
from headwater.missions.orbits import load_orbits

D1 = date(2020, 1, 1)

# Tells its arguments, its environment and its run file, then makes each output that it is told of.
TELL = """#!/usr/bin/env python3
import json, os, pathlib, sys
run = json.loads(pathlib.Path(os.environ["HEADWATER_RUN"]).read_text())
told = {"argv": sys.argv[1:], "run": run, "cwd": os.getcwd(),
        "env": {k: v for k, v in os.environ.items() if k.startswith("HEADWATER")}}
pathlib.Path("TOLD").write_text(json.dumps(told))
for output in run["outputs"]:
    pathlib.Path(output["path"]).write_text("made")
"""


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    lab = Lab(catalog, tmp_path / "lab", None)
    lab.code("tell.py", TELL.replace("TOLD", str(tmp_path / "told.json")))
    return lab


def told(lab: Lab) -> dict[str, Any]:
    return json.loads((lab.root.parent / "told.json").read_text())


def apply(lab: Lab, arguments: str = "", extra: str = "", **process: Any) -> None:
    part = {
        "timebase": "DAILY",
        "inputs": ["l0", {"product": "cal", "kind": "soft", "latest_valid": True}],
        "output": "l1",
        "code": {"filename": "tell.py", "arguments": arguments, "version": "1.2.3"},
        "extra_params": extra,
        **process,
    }
    if "outputs" in process:
        del part["output"]
    lab.change_yaml({"l0": 0, "cal": 0, "l1": 1, "picture": 1}, {"mk": part})


def work_of(lab: Lab) -> Path:
    return Path(told(lab)["cwd"])


def test_without_the_new_fields_a_command_line_is_as_in_dbprocessing(lab: Lab) -> None:
    apply(lab, "-v {CODEVERSION} {{x}}", "--day|{DATE}|a b")
    lab.put("l0", D1)
    assert lab.process().count(BuildState.BUILT) == 1
    assert told(lab)["argv"] == [
        "--day", "20200101", "a b", "-v", "1.2.3", "{x}",
        str(lab.root / "l0" / "l0_20200101_v1.0.0.dat"),
        str(work_of(lab) / "l1_20200101_v1.0.0.dat"),
    ]  # fmt: skip


def test_fields_give_version_times_and_paths_where_the_mission_wants_them(lab: Lab) -> None:
    apply(
        lab,
        "--cal={INPUT:cal} -v {VERSION} {START} {STOP}",
        "--out|{OUTPUT:l1}|--in|{INPUT:l0}",
        inputs=[{"product": "l0", "files_before": 1}, {"product": "cal", "kind": "soft"}],
    )
    lab.put_many("l0", [D1, date(2020, 1, 9)])
    assert lab.process(slots=1).count(BuildState.BUILT) == 2
    assert told(lab)["argv"] == [
        "--out", str(work_of(lab) / "l1_20200109_v1.0.0.dat"),
        "--in", str(lab.root / "l0" / "l0_20200101_v1.0.0.dat"),
        str(lab.root / "l0" / "l0_20200109_v1.0.0.dat"),
        "--cal=", "-v", "1.0.0", "2020-01-09T00:00:00Z", "2020-01-09T23:59:59.999999Z",
    ]  # fmt: skip
    lab.put("l0", date(2020, 1, 9), "1.1.0")
    lab.process()
    assert told(lab)["argv"][-3] == "1.1.0", "the version is allotted before the run"


def test_a_field_of_a_product_by_its_key_or_of_none_of_its_products(lab: Lab) -> None:
    with pytest.raises(MissionFileError, match=r"\{INPUT:l1\} needs an input of the process"):
        apply(lab, "{INPUT:l1}")
    with pytest.raises(MissionFileError, match="needs an output with a name"):
        apply(lab, "", "{OUTPUT:l1}", outputs=[{"product": "l1", "found_by": "inspector"}])


def test_an_orbit_is_told_by_its_number(lab: Lab) -> None:
    lab.change_yaml(
        {"l0": {"several_per_day": True},
         "orb": {"format": "orb_{Y}{m}{d}_o{ORBIT}_v{VERSION}.dat"}},
        {"mk": {"timebase": "ORBIT", "inputs": ["l0"], "output": "orb",
                "code": {"filename": "tell.py", "arguments": "{ORBIT} {START} {STOP}"}}},
    )  # fmt: skip
    orbit = Orbit(day_start(D1), day_start(D1) + timedelta(hours=2), 42)
    load_orbits(lab.catalog, lab.mission, [orbit], lab.actor, source="test")
    lab.put("l0", D1)
    assert lab.process().count(BuildState.BUILT) == 1
    assert told(lab)["argv"][:3] == ["00042", "2020-01-01T00:00:00Z", "2020-01-01T01:59:59.999999Z"]
    assert told(lab)["run"]["interval"]["orbit"] == 42


@pytest.mark.fault(71)
def test_the_environment_and_a_file_tell_a_code_its_run_and_nothing_secret(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_CATALOG_URL", "postgresql://me:secret@host/db")
    outputs = ["l1", {"product": "picture", "required": False}]
    apply(lab, outputs=outputs)
    lab.put("l0", D1)
    lab.put("cal", date(2019, 1, 1), stop=datetime.fromisoformat("2030-01-01T00:00:00+00:00"))
    assert lab.process().count(BuildState.BUILT) == 1
    work = work_of(lab)
    assert told(lab)["env"] == {
        "HEADWATER_VERSION": "1.0.0",
        "HEADWATER_DATE": "2020-01-01",
        "HEADWATER_START": "2020-01-01T00:00:00Z",
        "HEADWATER_STOP": "2020-01-01T23:59:59.999999Z",
        "HEADWATER_OUTPUT_DIR": str(work),
        "HEADWATER_RUN": str(work / ".headwater-run.json"),
    }
    run = told(lab)["run"]
    assert (run["mission"], run["process"], run["version"]) == ("lab", "mk", "1.0.0")
    assert run["interval"] == {
        "key": "2020-01-01",
        "date": "2020-01-01",
        "start": "2020-01-01T00:00:00Z",
        "stop": "2020-01-01T23:59:59.999999Z",
        "orbit": None,
        "keywords": "",
    }
    assert run["inputs"][1] == {
        "product": "cal",
        "path": str(lab.root / "cal" / "cal_20190101_v1.0.0.dat"),
        "version": "1.0.0",
        "start": "2019-01-01T00:00:00Z",
        "stop": "2030-01-01T00:00:00Z",
    }
    assert [(one["product"], one["required"]) for one in run["outputs"]] == [
        ("l1", True),
        ("picture", False),
    ]
    assert lab.leftovers() == []


# Outputs that a code names itself

OWN_NAMES = """
import datetime
import re

from dbprocessing import Version, inspector


class Inspector(inspector.inspector):
    code_name = "own_names.py"

    def inspect(self, kwargs):
        found = re.match("lab_" + kwargs["stem"] + r"_(\\d{8})_v(\\d{3})\\.cdf$", self.basename)
        if found is None:
            return None
        day = datetime.datetime.strptime(found.group(1), "%Y%m%d")
        self.diskfile.params["utc_file_date"] = day.date()
        self.diskfile.params["utc_start_time"] = day
        self.diskfile.params["utc_stop_time"] = day + datetime.timedelta(hours=23)
        number = int(found.group(2)) - 1
        self.diskfile.params["version"] = Version.Version(1, number // 100, number % 100)
        return "mine"
"""

# Names its outputs as a real tool does, in a tree of folders of its own, and leaves other files.
OWN = """#!/bin/sh
set -e
kinds="KINDS"
q=$(echo "$HEADWATER_VERSION" | cut -d. -f2); r=$(echo "$HEADWATER_VERSION" | cut -d. -f3)
v=$(printf 'v%03d' $((q * 100 + r + 1)))
d=$(echo "$HEADWATER_DATE" | tr -d -)
mkdir -p data/lab/2020/01
for kind in $kinds; do echo "$kind" >data/lab/2020/01/lab_${kind}_${d}_$v.cdf; done
echo log >data/lab/tool.log
"""


DATE_OF_RUN = 'd=$(echo "$HEADWATER_DATE" | tr -d -)'


def own_names(lab: Lab, kinds: str, script: str = OWN, **outputs: bool) -> None:
    """mk makes products that its code names itself: NAME=whether it is required."""
    (lab.root / "inspectors" / "own_names.py").write_text(OWN_NAMES)
    lab.code("own.sh", script.replace("KINDS", kinds))
    products: dict[str, Any] = {
        name: {"format": f"lab_{name}_{{Y}}{{m}}{{d}}_v{{VERSION}}.cdf",
               "inspector": {"filename": "own_names.py", "arguments": f"stem={name}"}}
        for name in outputs
    }  # fmt: skip
    lab.change_yaml(
        {"l0": 0, **products},
        {"mk": {"timebase": "DAILY", "inputs": ["l0"], "code": {"filename": "own.sh"},
                "outputs": [{"product": name, "required": required, "found_by": "inspector"}
                            for name, required in outputs.items()]}},
    )  # fmt: skip


def test_outputs_are_found_by_their_inspectors_in_the_folders_of_the_code(lab: Lab) -> None:
    own_names(lab, "norm burst", norm=True, burst=True, raw=False)
    lab.put("l0", D1)
    [result] = lab.process().results
    assert result.state is BuildState.BUILT, result.reason
    assert sorted(output.name for output in result.outputs) == [
        "lab_burst_20200101_v001.cdf",
        "lab_norm_20200101_v001.cdf",
    ]
    assert (lab.root / "norm" / "lab_norm_20200101_v001.cdf").read_text() == "norm\n"
    assert lab.parents("lab_burst_20200101_v001.cdf") == ["l0_20200101_v1.0.0.dat"]
    assert lab.process().results == [] and lab.leftovers() == []
    lab.put("l0", D1, "1.1.0")
    lab.process()
    assert lab.newest("norm") == {"2020-01-01": "1.1.0"}
    assert (lab.root / "norm" / "lab_norm_20200101_v101.cdf").exists()


@pytest.mark.fault(46, 47, 48)
@pytest.mark.parametrize(
    ("kinds", "change", "told"),
    [
        ("norm", ("", ""), "no file that it wrote is a burst; it wrote lab_norm_20200101_v001.cdf"),
        ("norm burst", (DATE_OF_RUN, "d=20200102"), "is of 2020-01-02, not 2020-01-01"),
        ("norm burst", ("+ 1", "+ 2"), "has version 1.0.1, not 1.0.0"),
        ("norm burst", ("echo log", "cp -r data more; echo log"), "2 files are its"),
        ("norm burst", ("echo log", "exit 3 #"), "exit code 3"),
    ],
)
def test_what_is_found_is_checked_and_else_kept_as_evidence(
    lab: Lab, kinds: str, change: tuple[str, str], told: str
) -> None:
    own_names(lab, kinds, OWN.replace(*change), norm=True, burst=True)
    lab.put("l0", D1)
    [result] = lab.process().results
    assert result.state is BuildState.FAILED
    assert told in result.reason
    assert lab.newest("norm") == lab.newest("burst") == {}
    kept = sorted(path.name for path in (lab.root / "errors").rglob("*") if path.is_file())
    assert any(name.startswith("lab_norm_2020010") for name in kept)
    assert any(name.endswith(".prob") for name in kept)
    assert lab.leftovers() == []


@pytest.mark.fault(47)
def test_a_link_is_no_output_that_is_found(lab: Lab) -> None:
    elsewhere = lab.root.parent / "elsewhere"
    link = f"""mv data/lab/2020/01/lab_norm* {elsewhere}
ln -s {elsewhere} data/lab/2020/01/lab_norm_${{d}}_$v.cdf
echo log"""
    script = OWN.replace("echo log", link)
    own_names(lab, "norm", script, norm=True)
    lab.put("l0", D1)
    [result] = lab.process().results
    assert result.reason.startswith("no file that it wrote is a norm")
