"""The judge of recorded runs: honest on what it has never seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.dbprocessing.judging import Rule, Verdict, judge
from tests.conformance.dbprocessing.scenario import (
    FinalState,
    Scenario,
    ScenarioError,
    final_state,
    read_scenarios,
)

L0 = ("l0_20200101_v1.0.0.dat", "l0", "1.0.0", True)


def state(
    *files: tuple[str, str, str, bool], made: dict[str, tuple[str, ...]] | None = None
) -> dict[str, Any]:
    """A recorded state; `made` tells the parents of each file that was made."""
    made = made or {}
    return {
        "files": [
            {"filename": name, "product": product, "utc_file_date": "2020-01-01",
             "version": version, "newest": newest, "exists_on_disk": True,
             "process_keywords": None}
            for name, product, version, newest in files
        ],
        "filefilelink": [[source, name] for name, sources in made.items() for source in sources],
        "filecodelink": [[name, "cat.sh v1.0.0"] for name in made],
    }  # fmt: skip


def l1(version: str, newest: bool = True) -> tuple[str, str, str, bool]:
    return f"l1_20200101_v{version}.dat", "l1", version, newest


ONE = state(L0, l1("1.0.0"), made={"l1_20200101_v1.0.0.dat": (L0[0],)})
PUT = {"op": "put", "file": L0[0], "content": "x"}


def scenario(kind: str, expected: dict[str, Any], **more: Any) -> Scenario:
    return Scenario(
        "any", "", kind, more.get("better"), ["[mission]\nmission_name = lab"],
        more.get("steps", [PUT]), {}, True, final_state(expected), None, "digest",
    )  # fmt: skip


def judged(
    case: Scenario,
    found: dict[str, Any],
    *,
    wanted: dict[str, Any] | None = None,
    problems: tuple[str, ...] = (),
    quarantined: tuple[str, ...] = (),
) -> Verdict:
    reached = final_state(found)
    assert isinstance(reached, FinalState)
    return judge(case, reached, final_state(wanted), problems, frozenset(quarantined))


@pytest.mark.parametrize("kind", ["reference", "quirk", "bug"])
def test_the_recorded_state_is_the_same(kind: str) -> None:
    assert judged(scenario(kind, ONE), ONE) == Verdict("same")


def test_a_reference_must_be_the_same_unless_the_recording_says_what_is_better() -> None:
    grown = state(
        L0, l1("1.0.0", newest=False), l1("1.0.1"),
        made={"l1_20200101_v1.0.0.dat": (L0[0],), "l1_20200101_v1.0.1.dat": ("aux.dat", L0[0])},
    )  # fmt: skip
    assert judged(scenario("reference", ONE), grown).word == "differs"
    assert judged(scenario("reference", ONE, better="rebuild"), grown).rules == (Rule.SETS,)


def test_an_unsound_state_is_never_better() -> None:
    more = state(L0, l1("1.0.0"), l1("1.0.1"), made={"l1_20200101_v1.0.0.dat": (L0[0],)})
    verdict = judged(scenario("bug", ONE), more, problems=("two files are newest",))
    assert verdict.word == "differs"
    assert verdict.differences[0] == "two files are newest"


def test_an_unsound_state_is_not_even_the_same() -> None:
    assert judged(scenario("reference", ONE), ONE, problems=("a traceback",)).word == "differs"


def test_an_arrival_that_is_gone_without_a_reason_is_a_difference() -> None:
    nothing = state()
    lost = judged(scenario("bug", ONE), nothing)
    assert (lost.word, lost.differences) == (
        "differs",
        (f"{L0[0]} arrived and is neither filed nor put aside with a reason",),
    )
    assert judged(scenario("bug", ONE), nothing, quarantined=(L0[0],)).word == "better"


def test_what_was_written_down_for_a_scenario_is_held_to_the_letter() -> None:
    grown = state(
        L0, l1("1.0.0", newest=False), l1("1.1.0"),
        made={"l1_20200101_v1.0.0.dat": (L0[0],), "l1_20200101_v1.1.0.dat": (L0[0],)},
    )  # fmt: skip
    case = scenario("bug", state(L0))
    assert judged(case, grown, wanted=grown).word == "better"
    other = judged(case, grown, wanted=ONE)
    assert other.word == "differs"
    assert "wanted: l1_20200101_v1.1.0.dat is there" in other.differences


def test_a_stray_output_of_a_dry_run_is_not_missed() -> None:
    stray = state(L0, l1("1.0.0"))  # filed by dbprocessing without parents and code
    assert judged(scenario("bug", stray), state(L0)).rules == (Rule.STRAY,)


def test_scenarios_are_known_by_what_they_hold_and_not_by_their_names(tmp_path: Path) -> None:
    one = {"id": "s1", "cls": "bug", "config": "[mission]", "steps": [PUT], "expect_final": ONE}
    renamed = {**one, "id": "another", "title": "x"}
    changed = {**one, "steps": [{**PUT, "content": "y"}]}
    path = tmp_path / "cases.json"
    path.write_text(json.dumps({"assets": {}, "scenarios": [one, renamed, changed]}))
    first, second, third = (case.digest for case in read_scenarios(path))
    assert first == second != third


@pytest.mark.parametrize("content", ["", "[]", '{"scenarios": [{"id": 1}]}', '{"scenarios": 3}'])
def test_a_file_of_another_form_is_one_sentence(tmp_path: Path, content: str) -> None:
    path = tmp_path / "cases.json"
    path.write_text(content)
    with pytest.raises(ScenarioError, match="is not a file of scenarios"):
        read_scenarios(path)
