"""When data is expected: said in a mission file, kept, told back, and what follows from it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from mission_lab import LAB, Put, shown
from processing_lab import Lab

from command_runner import Command
from headwater.catalog.connection import Catalog
from headwater.core.errors import MissionFileError
from headwater.missions.export import export_mission
from headwater.missions.export_conf import export_conf
from headwater.missions.loaded import load_mission, mission_names
from headwater.processing.coverage import coverage
from headwater.processing.explain import explain
from headwater.processing.grid import grid

FIRST = date(2020, 1, 6)  # a Monday
DAYS = [FIRST + timedelta(days=number) for number in range(14)]
CONTACTS = """\
# from the ground station's schedule
station,Start,stop
A,2020-01-06T23:50:00Z,2020-01-07T00:10:00Z
B,2020-01-09T01:00:00+02:00,2020-01-09T02:00:00+02:00

A,2020-01-11T10:00:00,2020-01-12T00:00:00
"""


def with_l0(expected: str) -> str:
    """The mission file with that `expected` for its level 0."""
    return LAB.replace("l0: {name: l0,", f"l0: {{name: l0, expected: {expected},")


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    return Lab(catalog, tmp_path / "lab", None)


def letters(lab: Lab, first: date = FIRST, last: date = DAYS[6]) -> dict[str, str]:
    found = grid(lab.catalog, lab.mission, None, first, last)
    return {row.name: row.states for row in found.products}


CHAIN = {
    "mk_l1": {"timebase": "FILE", "output": "l1", "inputs": ["l0"]},
    "mk_l2": {"timebase": "DAILY", "output": "l2", "inputs": ["l1"]},
}


@pytest.mark.parametrize(
    ("said", "kept", "told"),
    [
        ("always", "always", "always"),
        ("never", "never", "never"),
        ("Weekdays", "weekdays monday, tuesday, wednesday, thursday, friday",
         {"when": "weekdays",
          "weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday"]}),
        ("{weekdays: [Sun, wed], first: 2020-01-01}",
         "weekdays wednesday, sunday, from 2020-01-01",
         {"when": "weekdays", "weekdays": ["wednesday", "sunday"], "first": "2020-01-01"}),
        ("{first: 2020-01-01, last: 2024-12-31}", "always, from 2020-01-01, to 2024-12-31",
         {"first": "2020-01-01", "last": "2024-12-31"}),
        ("{contacts: contacts.csv}", "3 contacts from 2020-01-06 to 2020-01-11 (table 68a248a3)",
         {"when": "contacts", "contact_times": [
             "2020-01-06T23:50:00Z/2020-01-07T00:10:00Z",
             "2020-01-08T23:00:00Z/2020-01-09T00:00:00Z",
             "2020-01-11T10:00:00Z/2020-01-12T00:00:00Z"]}),
    ],
)  # fmt: skip
def test_what_a_file_says_is_kept_shown_and_exported_to_the_letter(
    catalog: Catalog,
    put: Put,
    tmp_path: Path,
    headwater: Command,
    said: str,
    kept: str,
    told: object,
) -> None:
    (tmp_path / "contacts.csv").write_text(CONTACTS)
    put(with_l0(said))
    assert str(load_mission(catalog, "lab").product("l0").expected) == kept
    exported = export_mission(catalog, "lab")
    assert yaml.load(exported, yaml.BaseLoader)["products"]["l0"]["expected"] == told
    assert put(exported, name="exported.yaml").changes == ()
    with pytest.raises(MissionFileError, match=r"cannot say that product 'l0' is expected: "):
        export_conf(catalog, "lab")
    [l0, l1, _] = headwater("mission", "show", "--json").data["products"]
    assert (l0["expected"], l1["expected"]) == (kept, None)
    assert shown(put(LAB).changes) == [f"product l0: expected {kept!r} -> None"]


def test_a_changed_table_of_contacts_is_a_change_though_its_ends_are_the_same(
    put: Put, tmp_path: Path
) -> None:
    (tmp_path / "contacts.csv").write_text(CONTACTS)
    put(with_l0("{contacts: contacts.csv}"))
    (tmp_path / "contacts.csv").write_text(CONTACTS.replace("T01:00", "T01:30"))
    [change] = put(with_l0("{contacts: contacts.csv}")).changes
    assert change.old != change.new and str(change.new).startswith("3 contacts from 2020-01-06")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("sometimes", "expected.when: 'sometimes' cannot be used, expected 'always', 'weekdays',"),
        ("{day: monday}", "expected.day: unknown key; known are"),
        ("{weekdays: [noday]}", "expected.weekdays[0]: 'noday' is no day of the week, expected"),
        ("{weekdays: monday}", "expected.weekdays: 'monday' cannot be used, expected a valid list"),
        ("{when: always, weekdays: [monday]}", "weekdays says nothing where when is 'always'"),
        ("{when: never, first: 2020-01-01}", "first says nothing where when is 'never'"),
        ("{when: contacts}", "expected contacts: the CSV file with the columns start and stop"),
        ("{first: 2020-01-02, last: 2020-01-01}", "first 2020-01-02 is after last 2020-01-01"),
        ("{first: soon}", "expected.first: 'soon' cannot be used, expected a date as YYYY-MM-DD"),
        ("{contacts: none.csv}", "none.csv: cannot be read: No such file or directory"),
        ("{contacts: none.csv}", "l0.expected: the contacts in"),
        ("{contact_times: [2020-01-01]}", "contact_times[0]: '' is not a time such as"),
        ("{contact_times: [7]}", "contact_times[0]: 7 is no contact, expected START/STOP"),
        ("{contacts: a.csv, contact_times: ['2020-01-01/2020-01-02']}",
         "expected either contacts or contact_times, not both"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_its_key(
    catalog: Catalog, put: Put, said: str, expected: str
) -> None:
    with pytest.raises(MissionFileError) as caught:
        put(with_l0(said))
    assert expected in str(caught.value) and "products.l0.expected" in str(caught.value)
    assert mission_names(catalog) == []


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("", "contacts.csv, line 1: expected the columns start and stop as its first line"),
        ("from,to\n", "line 1: expected the columns start and stop as its first line"),
        ("start,stop\n", "contacts.csv: holds no contact"),
        ("start,stop\nnow,later\n", "line 2: 'now' is not a time such as 2020-01-31T12:00:00Z"),
        ("start,stop\n\n2020-01-01\n", "line 3: expected 2 values, found 1"),
        ("start,stop\n2020-01-02,2020-01-01\n", "line 2: the contact stops at 2020-01-01, before"),
        ("start,stop\n2020-01-02,2022-01-01\n", "lasts longer than 366 days"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_with_its_line(
    catalog: Catalog, put: Put, tmp_path: Path, table: str, expected: str
) -> None:
    (tmp_path / "contacts.csv").write_text(table)
    with pytest.raises(MissionFileError) as caught:
        put(with_l0("{contacts: contacts.csv}"))
    assert expected in str(caught.value)
    assert mission_names(catalog) == []


def test_what_is_made_is_expected_where_its_input_is(lab: Lab) -> None:
    lab.change_yaml({"l0": {"expected": {"weekdays": ["mon", "wed", "fri"]}}, "l1": 1, "l2": 2},
                    CHAIN)  # fmt: skip
    lab.put("l0", FIRST)
    lab.put("l0", DAYS[1])
    lab.process()
    assert letters(lab) == {name: "ccmnmnn" for name in ("l0", "l1", "l2")}, "Tuesday came as well"
    days = coverage(lab.catalog, lab.mission, "l2", DAYS[2], DAYS[3])
    assert [day.is_gap for day in days] == [True, False]
    assert days[1].reason == "no l0 is expected: it is expected on Monday, Wednesday, Friday only"


def test_days_without_a_contact_are_no_gaps_from_the_first_to_the_last_of_the_table(
    lab: Lab, tmp_path: Path
) -> None:
    (lab.root / "contacts.csv").write_text(CONTACTS)
    lab.change_yaml({"l0": {"expected": {"contacts": "contacts.csv"}}, "l1": 1, "l2": 2}, CHAIN)
    lab.put("l0", DAYS[1])
    lab.process()
    said = "mcmnnmn"  # 6, 7, 8 (up to its midnight) and 11 January
    assert letters(lab) == {name: said for name in ("l0", "l1", "l2")}
    why = explain(lab.catalog, lab.mission, "l1", DAYS[3])
    assert why.headline == (
        "there is no l1 of 2020-01-09: process mk_l1 needs l0 of 2020-01-09: none; there is no l0 "
        "of 2020-01-09: no process makes it and none has arrived; none is expected, since no l0 "
        "is expected: no contact touches that day"
    )
    assert "expected" not in explain(lab.catalog, lab.mission, "l1", FIRST).headline


def test_a_product_may_say_for_itself_and_the_phase_of_a_mission_bounds_it(lab: Lab) -> None:
    lab.change_yaml(
        {"l0": {"expected": {"first": str(DAYS[1]), "last": str(DAYS[3])}},
         "l1": {"level": 1, "expected": "never"}, "l2": 2},
        CHAIN,
    )  # fmt: skip
    assert letters(lab) == {"l0": "nmmmnnn", "l1": "nnnnnnn", "l2": "nnnnnnn"}
    [before, *_] = coverage(lab.catalog, lab.mission, "l0", FIRST, DAYS[4])
    assert before.reason == "it is expected from 2020-01-07 on"
    assert [day.reason for day in coverage(lab.catalog, lab.mission, "l2", FIRST, FIRST)] == [
        "no l1 is expected: the mission says that it is never expected"
    ]


def test_work_that_failed_is_told_also_where_nothing_was_expected(lab: Lab) -> None:
    lab.change_yaml({"l0": 0, "l1": {"level": 1, "expected": "never"}, "l2": 2}, CHAIN)
    lab.code("copy.sh", "#!/bin/sh\nexit 3\n")
    lab.put("l0", FIRST)
    lab.process()
    assert letters(lab, FIRST, FIRST)["l1"] == "f"
    headline = explain(lab.catalog, lab.mission, "l1", FIRST).headline
    assert "exit code 3" in headline and "none is expected" not in headline


def test_what_does_not_come_by_the_day_is_not_expected_by_itself(lab: Lab) -> None:
    """A calibration is read while it is valid, and an output may be one that is not always made."""
    calibration = {"product": "cal", "latest_valid": True}
    lab.change_yaml(
        {"l0": 0, "cal": 0, "l1": 1, "rare": 1},
        {"mk": {"timebase": "DAILY", "inputs": ["l0", calibration],
                "outputs": ["l1", {"product": "rare", "required": False}]}},
    )  # fmt: skip
    lab.put("l0", FIRST)
    lab.put("cal", FIRST)
    said = letters(lab, FIRST, DAYS[2])
    assert said == {"cal": "cnn", "l0": "cmm", "l1": "wmm", "rare": "wnn"}


def test_an_output_is_expected_where_each_required_input_is_in_its_window(lab: Lab) -> None:
    lab.change_yaml(
        {"a": {"expected": {"when": "weekdays", "weekdays": ["mon", "tue"], "first": str(FIRST)}},
         "b": {"expected": {"weekdays": ["tue", "thu"], "first": str(FIRST)}},
         "soft": {"expected": {"first": str(FIRST)}}, "both": 1, "near": 1, "week": 2, "some": 1},
        {
            "mk_both": {"timebase": "DAILY", "output": "both",
                        "inputs": ["a", "b", {"product": "soft", "kind": "soft"}]},
            "mk_near": {"timebase": "DAILY", "output": "near",
                        "inputs": ["a", {"product": "b", "days_after": 1}]},
            "mk_week": {"timebase": "WEEKLY", "output": "week", "inputs": ["both"]},
            "mk_some": {"timebase": "DAILY", "output": "some",
                        "inputs": [{"product": "b", "kind": "soft"},
                                   {"product": "soft", "kind": "no_trigger"}]},
        },
    )  # fmt: skip
    assert letters(lab, DAYS[0] - timedelta(days=1), DAYS[6]) == {
        "a": "nmmnnnnn",
        "b": "nnmnmnnn",
        "soft": "nmmmmmmm",
        "both": "nnmnnnnn",
        "near": "nmmnnnnn",
        "some": "nnmnmnnn",
        "week": "nmmmmmmm",
    }
    [day] = coverage(lab.catalog, lab.mission, "both", DAYS[3], DAYS[3])
    assert day.reason == "no a is expected: it is expected on Monday, Tuesday only"
