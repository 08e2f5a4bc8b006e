"""What only YAML can say of a process: shown, kept, exported, and the same after an upgrade."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml
from alembic import command
from sqlalchemy import text

from headwater.catalog import schema
from headwater.catalog.connection import Catalog
from headwater.catalog.models import SCHEMA
from headwater.core.actor import Actor
from headwater.core.errors import MissionFileError
from headwater.core.states import FoundBy, Timebase
from headwater.missions.apply import Applied, apply
from headwater.missions.export import export_mission
from headwater.missions.json_schema import mission_schema
from headwater.missions.loaded import load_mission
from headwater.missions.reading import read_mission_files

WHOLE = """
mission: {name: lab, settings: {orbit_product: table}}
satellite: {name: lab-a}
instrument: {name: i1}
products:
  zero: {name: l0, level: 0, format: "l0_{Y}{m}{d}_v{VERSION}.dat", inspector: {filename: i.py}}
  cal: {name: cal, level: 0, format: "cal_{Y}{m}{d}_v{VERSION}.dat", inspector: {filename: i.py}}
  table: {name: table, level: 0, format: "t_{Y}{m}{d}_v{VERSION}.csv", inspector: {filename: i.py}}
  orb: {name: orb, level: 1, format: "o_{Y}{m}{d}_{ORBIT}_v{VERSION}.dat",
        inspector: {filename: i.py}}
  norm: {name: norm, level: 1, format: "n_{Y}{m}{d}_v{VERSION}.dat", inspector: {filename: i.py}}
processes:
  mk_orb:
    name: mk_orb
    timebase: ORBIT
    wait_for_end: true
    output: orb
    inputs: [{product: zero, files_before: 2, files_after: 1}, {product: cal, latest_valid: true}]
    extra_params: "--in|{INPUT:zero}|--out|{OUTPUT:orb}"
    code: {filename: c.sh, arguments: "-v {VERSION} {ORBIT}"}
  mk_norm:
    name: mk_norm
    timebase: WEEKLY
    outputs: [{product: norm, required: false, found_by: inspector}]
    inputs: [zero]
    code: {filename: c.sh}
"""

CONF_ORBIT = """
[mission]
mission_name = lab
rootdir = data
incoming_dir = incoming
[satellite]
satellite_name = lab-a
[instrument]
instrument_name = i1
{products}
[process_mk]
process_name = mk
output_product = product_orb
output_timebase = ORBIT
extra_params =
required_input1 = ("product_l0", 1, 0)
{code}
"""
INSPECTOR = {
    "filename": "i.py", "relative_path": "", "description": "x", "version": "1.0.0",
    "output_interface": "1", "active": "True", "date_written": "2020-01-01",
    "newest_version": "True", "arguments": "",
}  # fmt: skip
CODE = {
    "filename": "c.sh", "relative_path": "", "start_date": "1970-01-01",
    "stop_date": "2049-12-31", "description": "x", "version": "1.0.0", "output_interface": "1",
    "active": "True", "date_written": "2020-01-01", "newest_version": "True", "arguments": "",
    "cpu": "1", "ram": "1",
}  # fmt: skip


def put(catalog: Catalog, folder: Path, content: str, name: str = "lab.yaml") -> Applied:
    file = folder / name
    file.write_text(content)
    (applied,) = apply(catalog, read_mission_files([file]), Actor("tester"))
    return applied


def test_all_of_it_is_kept_and_what_is_exported_changes_nothing(
    catalog: Catalog, tmp_path: Path
) -> None:
    put(catalog, tmp_path, WHOLE)
    mission = load_mission(catalog, "lab")
    orb = mission.process("mk_orb")
    assert (orb.timebase, orb.wait_for_end) == (Timebase.ORBIT, True)
    zero, cal = orb.inputs
    assert (zero.files_before, zero.files_after, zero.latest_valid) == (2, 1, False)
    assert cal.latest_valid
    assert orb.extra_params == "--in|{INPUT:l0}|--out|{OUTPUT:orb}", "products by their names"
    (norm,) = mission.process("mk_norm").outputs
    assert (norm.found_by, norm.required) == (FoundBy.INSPECTOR, False)
    assert mission.product("orb").several_per_day, "orbits may be several a day"
    assert mission.settings.orbit_product == "table"
    exported = export_mission(catalog, "lab")
    assert put(catalog, tmp_path, exported).changes == ()
    assert "several_per_day: true" in exported and "wait_for_end: true" in exported


def test_the_json_schema_knows_all_of_it() -> None:
    checker = jsonschema.Draft202012Validator(mission_schema())
    assert list(checker.iter_errors(yaml.safe_load(WHOLE))) == []
    for old, new in (
        ("wait_for_end: true", "wait_for_end: maybe"),
        ("files_before: 2", "files_before: -1"),
        ("found_by: inspector", "found_by: luck"),
        ("latest_valid: true", "latest: true"),
    ):
        assert list(checker.iter_errors(yaml.safe_load(WHOLE.replace(old, new)))), new


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("wait_for_end: true", "wait_for_end: false", "wait_for_end True -> False"),
        ("files_before: 2", "files_before: 3", "'files_before': 3"),
        ("latest_valid: true", "latest_valid: false", "'latest_valid': False"),
        ("found_by: inspector", "found_by: name", "'found_by': 'name'"),
        ("timebase: WEEKLY", "timebase: MONTHLY", "timebase 'WEEKLY' -> 'MONTHLY'"),
        ("{orbit_product: table}", "{}", "settings.orbit_product 'table' -> None"),
    ],
)
def test_a_change_of_it_is_shown_and_applied(
    catalog: Catalog, tmp_path: Path, old: str, new: str, change: str
) -> None:
    put(catalog, tmp_path, WHOLE)
    applied = put(catalog, tmp_path, WHOLE.replace(old, new))
    (shown,) = (str(one) for one in applied.changes)
    assert change in shown
    assert put(catalog, tmp_path, WHOLE.replace(old, new)).changes == ()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("latest_valid: true", "latest_valid: true, days_before: 1", "has no window"),
        ("orbit_product: table", "orbit_product: tabel", "no product 'tabel'; did you mean"),
        ("{INPUT:zero}", "{INPUT:norm}", "{INPUT:norm} needs an input of the process"),
        ("{OUTPUT:orb}", "{OUTPUT:cal}", "{OUTPUT:cal} needs an output with a name"),
        ("wait_for_end", "wait_for_the_end", "unknown key; did you mean 'wait_for_end'?"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(
    catalog: Catalog, tmp_path: Path, old: str, new: str, told: str
) -> None:
    with pytest.raises(MissionFileError) as caught:
        put(catalog, tmp_path, WHOLE.replace(old, new))
    assert told in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path}/lab.yaml, line ")


def test_a_product_of_an_earlier_file_must_allow_several_a_day(
    catalog: Catalog, tmp_path: Path
) -> None:
    put(catalog, tmp_path, WHOLE.partition("processes:")[0])
    alone = """mission: {name: lab}
satellite: {name: lab-a}
instrument: {name: i1}
processes:
  mk: {name: mk, timebase: ORBIT, output: norm, inputs: [l0], code: {filename: c.sh}}
"""
    with pytest.raises(MissionFileError, match="'norm' is made an orbit, several a day"):
        put(catalog, tmp_path, alone)


def test_an_orbit_format_without_its_number_is_pointed_out(
    catalog: Catalog, tmp_path: Path
) -> None:
    applied = put(catalog, tmp_path, WHOLE.replace("_{ORBIT}_", "_"))
    assert any("format has no {ORBIT}" in warning for warning in applied.warnings)
    assert not any("ORBIT" in one for one in put(catalog, tmp_path, WHOLE).warnings)


def test_a_conf_is_the_simple_case(catalog: Catalog, tmp_path: Path) -> None:
    products = "\n".join(
        "\n".join(
            [f"[product_{name}]", f"product_name = {name}", "relative_path = x", "level = 0",
             f"format = {name}_{{Y}}{{m}}{{d}}_v{{VERSION}}.dat", "product_description = x",
             *(f"inspector_{key} = {value}" for key, value in INSPECTOR.items())]
        )
        for name in ("l0", "orb")
    )  # fmt: skip
    code = "\n".join(f"code_{key} = {value}" for key, value in CODE.items())
    put(catalog, tmp_path, CONF_ORBIT.format(products=products, code=code), "lab.conf")
    mission = load_mission(catalog, "lab")
    process = mission.process("mk")
    (read,) = process.inputs
    assert (process.timebase, process.wait_for_end) == (Timebase.ORBIT, False)
    assert (read.days_before, read.files_before, read.latest_valid) == (1, 0, False)
    assert process.outputs[0].found_by is FoundBy.NAME
    assert mission.product("orb").several_per_day


def test_a_catalog_of_the_first_schema_keeps_its_missions_with_the_defaults(
    catalog: Catalog,
) -> None:
    with catalog.begin() as connection:
        connection.execute(text(f"drop schema {SCHEMA} cascade"))
        connection.execute(text(f"create schema {SCHEMA}"))
        command.upgrade(schema._config(connection), "0001")
        for statement in (
            "mission (name, rootdir, incoming_dir, codedir, inspectordir, errordir)"
            " values ('old', '/r', '/r/i', '/r', '/r', '/r/e')",
            "satellite (mission_id, name) values (1, 's')",
            "instrument (satellite_id, name) values (1, 'i')",
            "product (mission_id, instrument_id, name, relative_path, level, format)"
            " values (1, 1, 'l0', '', 0, 'a'), (1, 1, 'l1', '', 1, 'b')",
            "inspector (product_id, filename, interface_version, quality_version,"
            " revision_version, date_written)"
            " values (1, 'i.py', 1, 0, 0, '2020-01-01'), (2, 'i.py', 1, 0, 0, '2020-01-01')",
            "process (mission_id, name, slug, timebase) values (1, 'mk', 'mk', 'DAILY')",
            "process_input (process_id, product_id, position, kind) values (1, 1, 0, 'hard')",
            "process_output (process_id, product_id, position) values (1, 2, 0)",
        ):
            connection.execute(text(f"insert into {SCHEMA}.{statement}"))
    before, after = schema.upgrade(catalog)
    assert (before, after) == ("0001", schema.known_revision())
    mission = load_mission(catalog, "old")
    process = mission.process("mk")
    (read,), (made,) = process.inputs, process.outputs
    assert (process.wait_for_end, read.files_before, read.files_after) == (False, 0, 0)
    assert (read.latest_valid, made.found_by) == (False, FoundBy.NAME)
    assert mission.settings.orbit_product is None
