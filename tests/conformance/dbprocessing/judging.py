"""Same, better or different: a final state beside the recorded one.

A `reference` scenario must be the same, unless the recording itself says what would be better.
Any other may differ where a rule says why, and only if the state is sound by itself
(`soundness`). The rules are Headwater's differences (DESIGN 6); a scenario is judged by what it
holds, never by its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.conformance.dbprocessing.scenario import FileState, FinalState, Scenario


class Rule(StrEnum):
    """Why a state is better than the recorded one."""

    GROW = "the version is that of the newest output grown, so versions only grow"
    SETS = "inputs are compared as a set, so what a change touches is made again"
    ONCE = "a product waits for inputs that are about to be made, so one event makes it once"
    KEPT = "work is not lost by a failure, a crash, a dry run or a mistake elsewhere"
    CODE = "a code that is activated makes its outputs stale"
    LOST = "an output that is lost is made again"
    LINK = "a link that does not lead to its file's place is refused: nothing would lie there"
    TIMEBASE = "a timebase that dbprocessing only names is made"
    STRAY = "only what a run that ended well has made is filed, with its parents and its code"
    ONE = "of two files of one product, interval, keywords and version one is filed"
    REFUSED = "what cannot be done is refused or reported for its process alone"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``same``, ``better`` with its rules, or ``differs`` with the differences."""

    word: str
    rules: tuple[Rule, ...] = ()
    differences: tuple[str, ...] = ()


def judge(
    scenario: Scenario,
    found: FinalState,
    wanted: FinalState | None,
    problems: Sequence[str],
    quarantined: frozenset[str],
) -> Verdict:
    """Judge the state `found`.

    Parameters
    ----------
    wanted
        The state that was written down for it, if one was.
    problems
        What is unsound in it, or went wrong on the way.
    quarantined
        The names of arrivals that were put aside with a reason.
    """
    expected = scenario.expected
    if expected is None:
        return Verdict("differs", differences=("the scenario records no final state",))
    differences = tuple(differing(expected, found))
    if problems:
        return Verdict("differs", differences=(*problems, *differences))
    if not differences:
        return Verdict("same")
    if scenario.kind == "reference" and scenario.better is None:
        return Verdict("differs", differences=differences)
    if wanted is not None:
        left = tuple(f"wanted: {line}" for line in differing(wanted, found))
        if left:
            return Verdict("differs", differences=left)
    rules = tuple(dict.fromkeys(_rules(scenario, expected, found, quarantined)))
    unexplained = tuple(_unexplained(scenario, expected, found, quarantined))
    if unexplained or not rules:
        return Verdict("differs", differences=unexplained or differences)
    return Verdict("better", rules)


def differing(expected: FinalState, found: FinalState) -> Iterator[str]:
    """Each difference between two states, a line each."""
    for name in sorted(expected.files.keys() | found.files.keys()):
        old, new = expected.files.get(name), found.files.get(name)
        if new is None:
            yield f"{name} is not there"
        elif old is None:
            yield f"{name} is there"
        else:
            for key in ("product", "date", "version", "newest", "exists", "keywords"):
                if getattr(old, key) != getattr(new, key):
                    yield f"{name}: {key} is {getattr(new, key)}, not {getattr(old, key)}"
    for kind, before, after in (
        ("link", expected.links, found.links),
        ("code link", expected.codes, found.codes),
    ):
        for pair in sorted(before - after):
            yield f"{kind} {pair[0]} - {pair[1]} is not there"
        for pair in sorted(after - before):
            yield f"{kind} {pair[0]} - {pair[1]} is there"


def _rules(
    scenario: Scenario, expected: FinalState, found: FinalState, quarantined: frozenset[str]
) -> Iterator[Rule]:
    before, after = expected.newest(), found.newest()
    links = {step["name"] for step in scenario.steps if step["op"] == "symlink"}
    came = _arrived(scenario)
    for name, file in expected.files.items():
        if name in found.files:
            continue
        if name in came or expected.code(name) is not None:
            yield from _why_missing(expected, found, file, quarantined, links)
        else:
            yield Rule.STRAY
    for name, file in found.files.items():
        if name not in expected.files:
            yield _why_more(scenario, expected, found, before.get(file.place), file)
    for place in before.keys() & after.keys():
        old, new = before[place], after[place]
        if not old.exists and new.exists:
            yield Rule.LOST
        if old.name != new.name or found.parents(new.name) == expected.parents(old.name):
            continue
        if expected.parents(old.name) & quarantined:
            yield Rule.ONE
        else:
            yield Rule.ONCE if len(found.files) < len(expected.files) else Rule.SETS


def _arrived(scenario: Scenario) -> set[str]:
    """The names that the steps laid into incoming or elsewhere."""
    names = {"put": "file", "symlink": "name"}
    return {step[names[step["op"]]] for step in scenario.steps if step["op"] in names}


def _why_missing(
    expected: FinalState,
    found: FinalState,
    file: FileState,
    quarantined: frozenset[str],
    links: set[str],
) -> Iterator[Rule]:
    now = found.newest().get(file.place)
    if expected.code(file.name) is None:
        if file.name in quarantined:
            yield Rule.LINK if file.name in links else Rule.ONE
    elif expected.parents(file.name) - found.files.keys():
        return  # its input is not there, and why is said of that
    elif now is None:
        yield Rule.REFUSED
    elif _is_below_an_earlier_one(expected, file):
        yield Rule.GROW
    else:
        yield Rule.ONCE


def _is_below_an_earlier_one(expected: FinalState, file: FileState) -> bool:
    """Whether dbprocessing made this version after a higher one (spec 5.4, the walk's flaw)."""
    names = list(expected.files)
    earlier = names[: names.index(file.name)]
    return any(
        expected.files[name].place == file.place and expected.files[name].numbers > file.numbers
        for name in earlier
    )


def _why_more(
    scenario: Scenario,
    expected: FinalState,
    found: FinalState,
    old: FileState | None,
    file: FileState,
) -> Rule:
    if found.code(file.name) is None:
        return Rule.KEPT
    if old is None:
        return Rule.TIMEBASE if _names_a_timebase(scenario) else Rule.KEPT
    if not old.exists:
        return Rule.LOST
    if found.code(file.name) != expected.code(old.name):
        return Rule.CODE
    known = _parents_of_all(expected, file.place)
    return Rule.GROW if _parents_of_all(found, file.place) <= known else Rule.SETS


def _names_a_timebase(scenario: Scenario) -> bool:
    lines = "\n".join(scenario.configs).splitlines()
    values = {line.partition("=")[2].strip() for line in lines if "output_timebase" in line}
    return bool(values & {"WEEKLY", "MONTHLY", "YEARLY", "ORBIT"})


def _parents_of_all(state: FinalState, place: tuple[str, str, str]) -> set[frozenset[str]]:
    return {state.parents(file.name) for file in state.files.values() if file.place == place}


def _unexplained(
    scenario: Scenario, expected: FinalState, found: FinalState, quarantined: frozenset[str]
) -> Iterator[str]:
    """Files that arrived in the recording and are neither filed here nor put aside."""
    for name in sorted(_arrived(scenario) & expected.files.keys() - found.files.keys()):
        if name not in quarantined:
            yield f"{name} arrived and is neither filed nor put aside with a reason"
