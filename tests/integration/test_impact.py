"""What would be made again is told before a change is made, level by level; nothing changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml
from command_lab import Said
from processing_lab import Lab

from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.core.errors import NotFoundError, SettingError
from headwater.missions.export import export_mission
from headwater.missions.releases import tag
from headwater.processing.impact import Impact, changed_input, impact

ANA = Actor("ana")
DAYS = [date(2020, 1, day) for day in (1, 2, 3)]
PRODUCTS = {"l0": 0, "cal": 0, "aux": 0, "l1": 1, "l2": 2, "map": 2, "week": 3}
PROCESSES = {
    "mk_l1": {
        "inputs": [
            {"product": "l0"},
            {"product": "cal", "kind": "soft"},
            {"product": "aux", "kind": "no_trigger"},
        ],
        "output": "l1", "timebase": "DAILY",
    },
    "mk_l2": {"inputs": [{"product": "l1"}], "output": "l2", "timebase": "DAILY"},
    "mk_map": {"inputs": [{"product": "l1"}], "output": "map", "timebase": "DAILY"},
    "mk_week": {
        "inputs": [{"product": "l2"}, {"product": "map"}], "output": "week", "timebase": "WEEKLY",
    },
}  # fmt: skip
Command = Callable[..., Said]


@pytest.fixture
def catalog(module_catalog: Catalog) -> Catalog:
    """One for all tests here: what they look at takes long to make, and they change nothing."""
    return module_catalog


@pytest.fixture(scope="module")
def lab(module_catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Two branches over one L1 that meet again in a week; a calibration and an aside for one day.

    The last day has been made twice.
    """
    found = Lab(module_catalog, tmp_path_factory.mktemp("lab"), None)
    found.change_yaml(PRODUCTS, PROCESSES)
    found.put("cal", DAYS[0])
    found.put("aux", DAYS[0])
    found.put_many("l0", DAYS)
    found.process()
    found.put("l0", DAYS[2], "1.1.0")
    found.process()
    return found


def shown(found: Impact) -> dict[str, tuple[float, int]]:
    return {line.product: (line.level, line.files) for line in found.lines}


def of(lab: Lab, name: str, *days: date) -> Impact:
    return impact(lab.catalog, lab.mission, changed_input(lab.catalog, lab.mission, name, *days))


def state(lab: Lab) -> list[object]:
    """Everything that a preview could have changed by mistake."""
    return [
        lab.rows(f"select * from headwater.{table} order by 1")
        for table in ("file", "build", "wake", "campaign", "campaign_date", "event", "code",
                      "mission", "process")
    ]  # fmt: skip


def test_a_product_s_files_reach_every_level_once_however_many_ways_lead_there(lab: Lab) -> None:
    assert shown(of(lab, "l0")) == {
        "l1": (1, 3), "l2": (2, 3), "map": (2, 3), "week": (3, 1),
    }  # fmt: skip
    assert shown(of(lab, "l0", DAYS[1], DAYS[1])) == {
        "l1": (1, 1), "l2": (2, 1), "map": (2, 1), "week": (3, 1),
    }  # fmt: skip
    assert shown(of(lab, "week")) == {}


def test_only_newest_outputs_count_also_where_they_were_made_from_an_older_version(
    lab: Lab,
) -> None:
    by_file = of(lab, "l0_20200103_v1.0.0.dat")
    assert shown(by_file) == shown(of(lab, "l0_20200103_v1.1.0.dat"))
    assert shown(by_file) == {"l1": (1, 1), "l2": (2, 1), "map": (2, 1), "week": (3, 1)}


def test_a_calibration_file_reaches_what_read_it_and_an_aside_that_triggers_nothing_does_not(
    lab: Lab,
) -> None:
    assert shown(of(lab, "cal_20200101_v1.0.0.dat"))["l1"] == (1, 1)
    assert "l1_20200101_v1.0.0.dat" in lab.parents("l2_20200101_v1.0.0.dat")
    assert "aux_20200101_v1.0.0.dat" in lab.parents("l1_20200101_v1.0.0.dat")
    assert shown(of(lab, "aux_20200101_v1.0.0.dat")) == {}


def test_released_files_bytes_and_time_from_past_runs_are_told(lab: Lab) -> None:
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql("update headwater.build set wall_seconds = 10")
    tag(lab.catalog, lab.mission, "DR1", ANA, "public", files=["l1_20200101_v1.0.0.dat"])
    found = of(lab, "l0")
    assert dict(found.releases) == {"DR1": 1}
    assert [line.released for line in found.lines] == [1, 0, 0, 0]
    newest = lab.rows("select sum(size) as size from headwater.file where newest and level > 0")
    assert found.bytes == newest[0].size
    assert found.seconds == 10 * 10 / 2  # ten runs on two slots


@pytest.mark.parametrize("name", ["l9", "l1_20300101_v1.0.0.dat"])
def test_what_is_neither_a_product_nor_a_file_is_refused(lab: Lab, name: str) -> None:
    with pytest.raises(NotFoundError, match="neither a product nor a file"):
        changed_input(lab.catalog, lab.mission, name)


def test_dates_of_one_file_and_dates_in_the_wrong_order_are_refused(lab: Lab) -> None:
    with pytest.raises(SettingError, match="is one file: dates are for a product"):
        changed_input(lab.catalog, lab.mission, "cal_20200101_v1.0.0.dat", DAYS[0], DAYS[1])
    with pytest.raises(SettingError, match="exchange them"):
        changed_input(lab.catalog, lab.mission, "l0", DAYS[1], DAYS[0])


def test_the_command_prints_a_table_by_level_or_json(lab: Lab, headwater: Command) -> None:
    said = headwater("impact", "l0", "2020-01-02")
    assert said.code == 0
    assert "4 outputs, " in said.out
    data = json.loads(headwater("impact", "l0", "2020-01-01", "2020-01-03", "--json").out)
    assert (data["files"], [line["level"] for line in data["levels"]]) == (10, [1, 2, 2, 3])
    nothing = headwater("impact", "week")
    assert "nothing was made from week: nothing would be made again" in nothing.out
    assert headwater("impact", "l9").is_problem(1, "neither a product nor a file 'l9'")


@pytest.mark.parametrize("verb", ["add", "activate"])
def test_a_code_is_previewed_and_nothing_changes(lab: Lab, headwater: Command, verb: str) -> None:
    add = ("code", "add", "mk_l2", "copy.sh", "--version", "2.0.0", "--deactivate", "1.0.0")
    words = (*add, "--dry-run")
    if verb == "activate":
        headwater("code", "add", "mk_l2", "copy.sh", "--version", "1.5.0", "--no-active")
        words = ("code", "activate", "mk_l2", "1.5.0", "--deactivate", "1.0.0", "--dry-run")
    before = state(lab)
    said = headwater(*words)
    assert (said.code, said.err) == (0, "")
    assert "4 outputs, " in said.out
    assert "3 dates would be looked at again, at once; nothing was changed" in said.out
    data = json.loads(headwater(*words, "--json").out)
    assert [(one["product"], one["files"]) for one in data["impact"]["levels"]] == [
        ("l2", 3), ("week", 1),
    ]  # fmt: skip
    assert data["needs_approval"] is False
    assert state(lab) == before


def test_only_outputs_of_the_dates_for_which_a_code_is_count(lab: Lab, headwater: Command) -> None:
    data = json.loads(headwater(
        "code", "add", "mk_l2", "copy.sh", "--version", "2.0.0", "--deactivate", "1.0.0",
        "--first", "2020-01-02", "--last", "2020-01-02", "--dry-run", "--json",
    ).out)  # fmt: skip
    assert [(one["product"], one["files"], one["first"]) for one in data["impact"]["levels"]] == [
        ("l2", 1, "2020-01-02"), ("week", 1, "2019-12-30"),
    ]  # fmt: skip


def test_a_preview_of_a_code_says_what_is_wrong_with_it_as_adding_it_would(
    lab: Lab, headwater: Command
) -> None:
    there = headwater("code", "add", "mk_l2", "copy.sh", "--version", "1.0.0", "--dry-run")
    assert there.is_problem(1, "has a code 1.0.0 already")
    two = headwater("code", "add", "mk_l2", "copy.sh", "--version", "2.0.0", "--dry-run")
    assert "has two active codes" in two.err


def test_a_changed_mission_file_is_previewed_with_a_new_process_too(
    lab: Lab, headwater: Command, tmp_path: Path
) -> None:
    document = yaml.safe_load(export_mission(lab.catalog, "lab"))
    maker = next(one for one in document["processes"].values() if one["name"] == "mk_l1")
    maker["timebase"] = "FILE"
    product = next(one for one in document["products"].values() if one["name"] == "map")
    document["products"]["new"] = {**product, "name": "new", "relative_path": "new",
                                   "format": "new_{Y}{m}{d}_v{VERSION}.dat"}  # fmt: skip
    document["processes"]["mk_new"] = {
        "name": "mk_new", "timebase": "DAILY", "inputs": [{"product": "l0"}], "output": "new",
        "code": {"filename": "copy.sh"},
    }  # fmt: skip
    file = tmp_path / "changed.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    before = state(lab)
    diff = headwater("mission", "diff", str(file))
    assert diff.code == 1
    assert "10 outputs, " in diff.out
    assert "mk_new: 3 dates from 2020-01-01 to 2020-01-03 have no output yet" in diff.out
    dry = headwater("mission", "apply", str(file), "--dry-run")
    assert "10 outputs, " in dry.out
    (data,) = headwater("mission", "apply", str(file), "--dry-run", "--json").data
    assert data["impact"]["files"] == 10  # type: ignore[index]
    assert state(lab) == before
