"""Mission files in dbprocessing's format (spec dbprocessing 2)."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from headwater.core.errors import MissionFileError
from headwater.core.states import InputKind, Timebase
from headwater.missions.definition import MissionDefinition
from headwater.missions.reading import read_mission_files

INSPECTOR = """inspector_filename = generic.py
inspector_relative_path =
inspector_description = looks at {PRODUCT}
inspector_version = 1.0.0
inspector_output_interface = 1
inspector_active = True
inspector_date_written = 2020-01-01
inspector_newest_version = 1
inspector_arguments = level={LEVEL} root={ROOTDIR}
"""
CODE = """code_filename = cat.sh
code_relative_path =
code_start_date = 1970-01-01
code_stop_date = 2049-12-31
code_description = lab
code_version = 1.2.0
code_output_interface = 1
code_active = yes
code_date_written = 2020-01-01
code_newest_version = Y
code_arguments = None
code_cpu = 2
code_ram = 1.5
"""
CONF = f"""# a comment
[mission]
mission_name = lab
rootdir = data
incoming_dir = incoming/{{MISSION}}
codedir = codes
errordir = errs

[satellite]
satellite_name = {{MISSION}}-a

[instrument]
instrument_name = {{SPACECRAFT}}_i1

[product_l0]
product_name = {{INSTRUMENT}}_l0
relative_path = L0
level = 0
format = {{INSTRUMENT}}_{{Y}}{{m}}{{d}}_v{{VERSION}}.dat
product_description = 100%% raw
{INSPECTOR}
[product_l1]
product_name = l1
relative_path = {{SATELLITE}}/{{MISSION}}/{{LEVEL}}/{{PRODUCT}}/{{Y}}
level = 1
format = {{PRODUCT}}_{{Y}}{{m}}{{d}}_v{{VERSION}}.dat
product_description =
{INSPECTOR}
[process_l1]
process_name = mk_l1
output_product = product_l1
output_timebase = DAILY
extra_params =
required_input1 = ("product_l0", 1, 2)
optional_input_x = aux_of_another_file
{CODE}
"""


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    return tmp_path / "lab.conf"


def read(conf: Path, text: str = CONF) -> MissionDefinition:
    conf.write_text(text)
    (definition,) = read_mission_files([conf])
    return definition


def refusal(conf: Path, text: str) -> str:
    conf.write_text(text)
    with pytest.raises(MissionFileError) as caught:
        read_mission_files([conf])
    return str(caught.value)


def test_names_are_filled_in_from_the_mission_down(conf: Path) -> None:
    definition = read(conf)
    assert definition.satellite.name == "lab-a"
    assert definition.instrument.name == "lab-a_i1"
    assert definition.products["product_l0"].name == "lab-a_i1_l0"
    assert definition.products["product_l0"].format == "lab-a_i1_{Y}{m}{d}_v{VERSION}.dat"


def test_fields_of_a_product_that_stopped_the_old_loader_are_filled_in(conf: Path) -> None:
    """s51."""
    product = read(conf).products["product_l1"]
    assert product.relative_path == "lab-a/lab/1.0/l1/{Y}"
    assert product.format == "l1_{Y}{m}{d}_v{VERSION}.dat"
    assert product.inspector.arguments == f"level=1.0 root={conf.parent}/data"
    assert product.inspector.description == "looks at l1"


def test_folders_start_at_the_file_and_have_the_old_defaults(conf: Path) -> None:
    """errordir counts (s17); inspectors lie with the codes where nothing is said."""
    mission = read(conf).mission
    root = conf.parent / "data"
    assert mission.rootdir == str(root)
    assert mission.incoming_dir == str(root / "incoming/lab")
    assert mission.errordir == str(root / "errs")
    assert mission.inspectordir == mission.codedir == str(root / "codes")
    without = read(conf, CONF.replace("errordir = errs\n", ""))
    assert without.mission.errordir == str(root / "codes/errors")


def test_an_absolute_path_of_a_product_may_lie_in_the_root(conf: Path) -> None:
    inside = read(conf, CONF.replace("relative_path = L0", "relative_path = {ROOTDIR}/a/L0"))
    assert inside.products["product_l0"].relative_path == "a/L0"
    said = refusal(conf, CONF.replace("relative_path = L0", "relative_path = /elsewhere"))
    assert "section [product_l0]" in said and "leads out of rootdir" in said


def test_values_have_their_documented_meaning(conf: Path) -> None:
    definition = read(conf)
    process = definition.processes["process_l1"]
    assert process.timebase is Timebase.DAILY
    assert process.extra_params is None
    hard, soft = process.inputs
    assert (hard.product, hard.kind) == ("lab-a_i1_l0", InputKind.HARD)
    assert (hard.days_before, hard.days_after) == (1, 2)
    assert (soft.product, soft.kind, soft.days_before) == (
        "aux_of_another_file",
        InputKind.SOFT,
        0,
    )
    (code,) = process.codes
    assert code.in_use and code.arguments is None and (code.cpu, code.ram) == (2, 1.5)
    assert code.stop_date == date(2049, 12, 31)
    product = definition.products["product_l0"]
    assert product.inspector.newest_version, "the documentation says that 1 is true"
    assert product.description == "100% raw"
    assert definition.products["product_l1"].description is None


def test_numbers_are_booleans_as_documented_and_letters_do_not_count(conf: Path) -> None:
    for text, meaning in {"1": True, "0": False, "": False, "TRUE": True, "n": False}.items():
        definition = read(conf, CONF.replace("code_active = yes", f"code_active = {text}"))
        assert definition.processes["process_l1"].codes[0].active is meaning, text


def test_keys_may_be_in_capitals_and_end_in_a_colon(conf: Path) -> None:
    text = CONF.replace("level = 1\n", "LEVEL: 1.5\n").replace("required_in", "Required_In")
    definition = read(conf, text)
    assert definition.products["product_l1"].level == 1.5
    assert [one.kind for one in definition.processes["process_l1"].inputs] == ["hard", "soft"]
    assert definition.warnings == ()


def test_a_month_or_day_of_one_digit_is_a_date_as_it_was(conf: Path) -> None:
    definition = read(
        conf, CONF.replace("code_start_date = 1970-01-01", "code_start_date=2020-2-9")
    )
    assert definition.processes["process_l1"].codes[0].start_date == date(2020, 2, 9)


def test_values_may_be_made_of_other_values(conf: Path) -> None:
    """Also the names that stand for {MISSION} elsewhere, and with a per cent sign in them."""
    text = CONF.replace("mission_name = lab", "mission_name = %(base)s%%1")
    definition = read(conf, "[DEFAULT]\nbase = lab\n" + text)
    assert definition.mission.name == "lab%1"
    assert definition.satellite.name == "lab%1-a"
    assert definition.warnings == (), "the key of [DEFAULT] is used"


def test_a_field_of_its_own_name_stays_and_is_refused(conf: Path) -> None:
    said = refusal(conf, CONF.replace("mission_name = lab", "mission_name = {MISSION}_x"))
    assert "section [mission]: the name '{MISSION}_x' holds a field that cannot be filled" in said


def warning_of(conf: Path, old: str, new: str) -> str:
    assert old in CONF
    (warning,) = read(conf, CONF.replace(old, new, 1)).warnings
    return warning.removeprefix(f"{conf}, ")


def test_a_key_that_the_format_does_not_have_is_left_out_with_a_warning(conf: Path) -> None:
    assert warning_of(conf, "codedir = codes", "codedir = codes\ncodedri = x") == (
        "section [mission], key codedri: unknown key, left out; did you mean 'codedir'?"
    )
    said = warning_of(conf, "level = 0", "level = 0\nrequired_input = product_l1")
    assert said.startswith("section [product_l0], key required_input: unknown key, left out; ")
    said = warning_of(conf, "output_timebase", "my_input = product_l0\noutput_timebase")
    assert said.startswith("section [process_l1], key my_input: unknown key, left out; ")


def test_a_key_of_the_default_section_that_nothing_uses_is_pointed_out(conf: Path) -> None:
    assert warning_of(conf, "# a comment", "[DEFAULT]\ncode_cpus = 1") == (
        "section [DEFAULT], key code_cpus: unknown key, left out; did you mean 'code_cpu'?"
    )


def test_a_comment_behind_a_value_is_part_of_it_and_pointed_out(conf: Path) -> None:
    assert warning_of(conf, "relative_path = L0", "relative_path = L0 ; raw") == (
        "section [product_l0], key relative_path: a comment is read only on a line of its own, so "
        "the value is all of 'L0 ; raw'"
    )


def test_the_word_optional_anywhere_in_the_key_makes_an_input_soft(conf: Path) -> None:
    assert warning_of(conf, "required_input1", "required_input_optional") == (
        "section [process_l1], key required_input_optional: read as an optional input, since its "
        "key has the word 'optional'"
    )
    assert read(conf, conf.read_text()).processes["process_l1"].inputs[0].kind is InputKind.SOFT


def test_a_run_process_goes_without_its_output_as_it_did(conf: Path) -> None:
    assert warning_of(conf, "= DAILY", "= RUN") == (
        "section [process_l1], key output_product: left out, since a RUN process has no output"
    )
    assert read(conf, conf.read_text()).processes["process_l1"].outputs == []
    for empty in ("", "None"):
        text = CONF.replace("output_product = product_l1", f"output_product = {empty}")
        assert read(conf, text.replace("= DAILY", "= RUN")).warnings == ()


def test_keys_of_the_default_section_reach_all_sections(conf: Path) -> None:
    text = "[DEFAULT]\ncode_cpu = 1\n" + CONF.replace("code_cpu = 2\n", "")
    definition = read(conf, text)
    assert definition.processes["process_l1"].codes[0].cpu == 1
    assert definition.warnings == ()


def test_all_problems_are_shown_together(conf: Path) -> None:
    text = CONF.replace("level = 0", "level = x").replace("code_ram = 1.5", "code_ram = much")
    text = text.replace("code_active = yes", "code_active = perhaps")
    said = refusal(conf, text)
    assert said.startswith("3 problems, nothing was applied:\n")
    assert all(key in said for key in ("key level", "key code_ram", "key code_active"))


def test_a_file_that_is_not_text_or_not_there_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "b.conf"
    binary.write_bytes(b"[mission]\nmission_name = \xff\n")
    with pytest.raises(MissionFileError, match=r"b\.conf: is not UTF-8 text: byte 25"):
        read_mission_files([binary])
    with pytest.raises(MissionFileError, match=r"no\.conf: cannot be read: No such file"):
        read_mission_files([tmp_path / "no.conf"])


def test_every_config_that_dbprocessing_was_tried_with_can_be_read(
    tmp_path: Path, shared_dir: Path
) -> None:
    cases = json.loads((shared_dir / "spec/cases/dbprocessing-scenarios.json").read_text())
    for case in cases["scenarios"]:
        texts = case["config"] if isinstance(case["config"], list) else [case["config"]]
        for text in texts:
            path = tmp_path / f"{case['id']}.conf"
            path.write_text(text.replace("@ROOT@", str(tmp_path)))
            (definition,) = read_mission_files([path])
            assert definition.products or definition.processes, case["id"]
            assert not definition.warnings, case["id"]
