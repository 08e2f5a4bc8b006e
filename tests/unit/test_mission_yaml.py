"""Mission files in YAML, and their JSON schema."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from headwater.core.errors import MissionFileError
from headwater.core.states import InputKind
from headwater.missions.json_schema import mission_schema
from headwater.missions.reading import read_mission_files

SHORT = """
mission: {name: lab, settings: {settle_seconds: 0.2}}
satellite: {name: "{MISSION}-a"}
instrument: {name: i1}
products:
  l0: {name: "{INSTRUMENT}_l0", level: 0, format: "l0_{Y}.dat", inspector: {filename: i.py}}
  l1:
    name: l1
    level: 1
    relative_path: "{SATELLITE}/{LEVEL}/{Y}"
    format: "l1_{Y}.dat"
    inspector: {filename: i.py, version: 1.0.0}
processes:
  mk:
    name: mk
    timebase: daily
    output: l1
    inputs: [l0, {product: anc, kind: soft, days_before: 1}, {product: l1, kind: no_trigger}]
    code: {filename: c.sh}
"""


def refusal(path: Path, text: str) -> str:
    path.write_text(text)
    with pytest.raises(MissionFileError) as caught:
        read_mission_files([path])
    return str(caught.value)


def test_a_short_file_has_sensible_defaults(tmp_path: Path) -> None:
    path = tmp_path / "lab.yaml"
    path.write_text(SHORT)
    (definition,) = read_mission_files([path])
    assert definition.mission.rootdir == str(tmp_path)
    assert definition.mission.incoming_dir == str(tmp_path / "incoming")
    assert definition.mission.settings is not None
    assert definition.mission.settings.settle_seconds == 0.2
    assert definition.products["l1"].relative_path == "lab-a/1.0/{Y}"
    process = definition.processes["mk"]
    assert [one.product for one in process.inputs] == ["i1_l0", "anc", "l1"]
    assert [one.kind for one in process.inputs] == list(InputKind)
    assert [one.product for one in process.outputs] == ["l1"]
    assert [code.version for code in process.codes] == ["1.0.0"]
    assert process.code is None and process.output is None, "one form is left"


def test_one_file_may_hold_a_document_for_each_instrument(tmp_path: Path) -> None:
    path = tmp_path / "lab.yml"
    path.write_text(SHORT + "---" + SHORT.replace("i1", "i2").replace("name: mk", "name: mk2"))
    first, second = read_mission_files([path])
    assert (first.instrument.name, second.instrument.name) == ("i1", "i2")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("level: 0,", "levle: 0,", "line 6, products.l0.levle: unknown key; did you mean 'level'"),
        ("level: 0,", "", "line 6, products.l0.level: is missing, and must be given"),
        (
            "settle_s",
            "settel_s",
            "line 2, mission.settings.settel_seconds: unknown key; did you mean",
        ),
        ("version: 1.0.0", "version: 1.0", "products.l1.inspector.version: '1.0' is not a vers"),
        ("version: 1.0.0", "version: 0.1.0", "the interface starts at 1"),
        ("kind: soft", "kind: mild", "inputs[1].kind: 'mild' cannot be used, expected 'hard'"),
        ("days_before: 1", "day_before: 1", "did you mean 'days_before'?"),
        ("output: l1", "output: l1\n    outputs: [l0]", "expected either 'output' or 'outputs'"),
        ("    code: {filename: c.sh}", "", "line 14, processes.mk: a process needs a 'code'"),
        ("  l1:\n", "  l0:\n", "line 7, products.l0: the key occurs twice"),
        ("name: l1\n", "name: 7\n", "products.l1.name: 7 cannot be used, expected a valid str"),
        ('relative_path: "', 'relative_path: "../', "without '..' and control characters"),
        ("instrument: {name: i1}", "instrument: i1", "instrument: 'i1' cannot be used, expected"),
        ("instrument: {name: i1}", "", "instrument: is missing, and must be given"),
        ("products:", "products: [", "this is not YAML"),
        ("products:", "products: &p {x: *p}\nother:", "it is nested without end"),
        ("settle_seconds: 0.2", "settle_seconds: .inf", "expected a finite number"),
        ("settle_seconds: 0.2", "environment: {A=B: x}", "settings.environment.A=B: 'A=B' cannot"),
        ("version: 1.0.0", "date_written: 20200101", "date_written: 20200101 cannot be used, ex"),
        ("version: 1.0.0", "date_written: 0", "0 cannot be used, expected a date as YYYY-MM-DD"),
        ("version: 1.0.0", "date_written: 2020-02-30", "'2020-02-30' is no date: day is out"),
        ('format: "l1_{Y}.dat"', 'format: "l1\\n"', "'l1\\n' cannot be used, expected one line"),
        ("filename: c.sh}", 'filename: ""}', "code.filename: is empty, and must be given"),
        ("filename: i.py", 'filename: "i\\0.py"', "inspector.filename: 'i\\x00.py' holds a char"),
    ],
)
def test_an_error_names_file_line_and_key(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert old in SHORT
    path = tmp_path / "lab.yaml"
    said = refusal(path, SHORT.replace(old, new, 1))
    assert str(path) in said
    assert expected in said


@pytest.mark.parametrize("text", ["", "# nothing", "just words", "- a\n- b"])
def test_a_file_without_a_mission_is_refused(tmp_path: Path, text: str) -> None:
    assert "lab.yaml: " in refusal(tmp_path / "lab.yaml", text)


def test_the_problems_of_all_files_are_shown_together(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(SHORT.replace("level: 0", "level: low"))
    with pytest.raises(MissionFileError) as caught:
        read_mission_files([tmp_path / "a.yaml", tmp_path / "b.yaml"])
    assert "a.yaml, line 6" in str(caught.value)
    assert "b.yaml, line 6" in str(caught.value)


def test_the_schema_accepts_what_is_right_and_refuses_what_is_wrong() -> None:
    schema = mission_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator(schema)
    right = yaml.safe_load(SHORT.replace("daily", "DAILY"))
    assert list(checker.iter_errors(right)) == []
    for old, new in (("level: 0,", "levle: 0,"), ("kind: soft", "kind: mild")):
        wrong = yaml.safe_load(SHORT.replace("daily", "DAILY").replace(old, new))
        assert list(checker.iter_errors(wrong))
