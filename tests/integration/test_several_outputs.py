"""Runs with several outputs, and the three kinds of inputs, through real codes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from processing_lab import Lab
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.core.states import BuildState
from headwater.processing.explain import explain

D1, D2 = date(2020, 1, 1), date(2020, 1, 2)

# Writes each of its outputs, named by their products, for which the input has a line "make NAME".
SPLIT = """#!/bin/sh
in="$1"; shift
for out; do
  name=$(basename "$out" | cut -d_ -f1)
  grep -q "make $name" "$in" && cat "$in" >"$out"
done
exit 0
"""


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    """l0 -> norm (required) and burst (possible) in one run; each has a next level of its own."""
    lab = Lab(catalog, tmp_path / "lab", None)
    lab.code("split.sh", SPLIT)
    lab.change_yaml(
        {"l0": 0, "norm": 1, "burst": 1, "norm2": 2, "burst2": 2},
        {
            "split": {
                "timebase": "FILE",
                "inputs": ["l0"],
                "outputs": ["norm", {"product": "burst", "required": False}],
                "code": {"filename": "split.sh"},
            },
            "mk_norm2": {"timebase": "DAILY", "inputs": ["norm"], "output": "norm2"},
            "mk_burst2": {"timebase": "DAILY", "inputs": ["burst"], "output": "burst2"},
        },
    )
    return lab


def test_each_output_of_a_run_feeds_its_own_next_level(lab: Lab) -> None:
    lab.put("l0", D1, content="make norm\nmake burst\n")
    report = lab.process()
    assert [r.process for r in report.results] == ["split", "mk_burst2", "mk_norm2"]
    assert lab.newest("norm2") == lab.newest("burst2") == {"2020-01-01": "1.0.0"}
    assert lab.parents("burst2_20200101_v1.0.0.dat") == ["burst_20200101_v1.0.0.dat"]
    assert lab.parents("burst_20200101_v1.0.0.dat") == ["l0_20200101_v1.0.0.dat"]


def test_a_possible_output_that_is_absent_stops_nothing_and_is_not_asked_for_again(
    lab: Lab,
) -> None:
    lab.put("l0", D1, content="make norm\n")
    report = lab.process()
    assert [(r.process, r.state) for r in report.results] == [
        ("split", BuildState.BUILT),
        ("mk_norm2", BuildState.BUILT),
    ]
    assert lab.process().results == []
    why = explain(lab.catalog, lab.mission, "burst2", D1)
    assert not why.made and "needs burst of 2020-01-01: none" in why.headline
    lab.put("l0", D1, "1.0.1", content="make norm\nmake burst\n")
    lab.process()
    assert lab.newest("burst") == lab.newest("norm") == {"2020-01-01": "1.0.1"}
    assert lab.newest("burst2") == {"2020-01-01": "1.0.0"}


def test_a_possible_output_that_is_absent_later_keeps_its_last_version(lab: Lab) -> None:
    lab.put("l0", D1, content="make norm\nmake burst\n")
    lab.process()
    lab.put("l0", D1, "1.0.1", content="make norm\n")
    lab.process()
    assert (lab.newest("norm"), lab.newest("burst")) == (
        {"2020-01-01": "1.0.1"},
        {"2020-01-01": "1.0.0"},
    )
    assert lab.process().results == []


@pytest.mark.fault(46)
def test_without_a_required_output_the_run_failed_and_files_none_of_the_others(lab: Lab) -> None:
    lab.put("l0", D1, content="make burst\n")
    lab.put("l0", D2, content="make norm\n")
    report = lab.process()
    [failed] = [r for r in report.results if r.state is BuildState.FAILED]
    assert "did not write norm_20200101_v1.0.0.dat; it wrote burst_" in failed.reason
    assert lab.newest("burst") == {}
    assert lab.newest("norm2") == {"2020-01-02": "1.0.0"}, "other dates go on"
    kept = [path.name for path in (lab.root / "errors").rglob("burst*")]
    assert kept, "what it wrote is kept for a person"
    assert lab.leftovers() == []


def kinds(lab: Lab) -> None:
    lab.change_yaml(
        {"l0": 0, "soft": 0, "quiet": 0, "l1": 1},
        {
            "mk": {
                "timebase": "DAILY",
                "output": "l1",
                "inputs": [
                    "l0",
                    {"product": "soft", "kind": "soft"},
                    {"product": "quiet", "kind": "no_trigger"},
                ],
            }
        },
    )


@pytest.fixture
def kinds_lab(catalog: Catalog, tmp_path: Path) -> Lab:
    lab = Lab(catalog, tmp_path / "lab", None)
    kinds(lab)
    return lab


def test_a_hard_input_is_needed_and_the_others_are_not(kinds_lab: Lab) -> None:
    kinds_lab.put("soft", D1)
    kinds_lab.put("quiet", D1)
    assert kinds_lab.process().results == []
    assert (
        "needs l0 of 2020-01-01: none"
        in explain(kinds_lab.catalog, kinds_lab.mission, "l1", D1).headline
    )
    kinds_lab.put("l0", D1)
    kinds_lab.put("l0", D2)
    kinds_lab.process()
    assert kinds_lab.newest("l1") == {"2020-01-01": "1.0.0", "2020-01-02": "1.0.0"}
    assert len(kinds_lab.parents("l1_20200101_v1.0.0.dat")) == 3
    assert len(kinds_lab.parents("l1_20200102_v1.0.0.dat")) == 1


def test_a_soft_input_that_comes_makes_the_output_again_and_a_no_trigger_one_does_not(
    kinds_lab: Lab,
) -> None:
    kinds_lab.put("l0", D1)
    kinds_lab.process()
    kinds_lab.put("quiet", D1)
    assert kinds_lab.process().results == []
    kinds_lab.put("soft", D1)
    kinds_lab.process()
    assert kinds_lab.newest("l1") == {"2020-01-01": "1.1.0"}
    assert len(kinds_lab.parents("l1_20200101_v1.1.0.dat")) == 3


@pytest.mark.fault(43)
def test_exit_75_is_pending_again_not_before_a_time_and_made_then(kinds_lab: Lab) -> None:
    kinds_lab.settings(retry_delay_seconds=900)
    kinds_lab.code("copy.sh", "#!/bin/sh\necho the queue is full\nexit 75\n")
    kinds_lab.put("l0", D1)
    [result] = kinds_lab.process().results
    assert result.state is BuildState.PENDING
    assert result.reason.endswith("the queue is full")
    [row] = kinds_lab.rows(
        "select state, attempts, extract(epoch from not_before - now()) as left"
        " from headwater.build"
    )
    assert (row.state, row.attempts) == ("pending", 0)
    assert 800 < row.left <= 900
    assert kinds_lab.process().results == [], "not before its time"
    with kinds_lab.catalog.begin() as connection:
        connection.execute(text("update headwater.build set not_before = now()"))
    kinds_lab.code("copy.sh", '#!/bin/sh\ncat "$1" >"$2"\n')
    assert kinds_lab.process().count(BuildState.BUILT) == 1
