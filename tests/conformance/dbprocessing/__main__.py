"""Play recorded scenarios of dbprocessing against Headwater.

``python -m tests.conformance.dbprocessing FILE.json [--only ID]... [--json OUT]``

One line a scenario: same, better (with the rule that makes it so), or differs (with the
difference); exit code 1 if any differs. A Postgres of its own is started, or the one that
``HEADWATER_TEST_POSTGRES`` names is used.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.conformance.dbprocessing.running import Outcome, run_scenarios, write_wanted
from tests.conformance.dbprocessing.scenario import ScenarioError, as_recorded, read_scenarios


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.conformance.dbprocessing", description=__doc__.splitlines()[0]
    )
    parser.add_argument("file", type=Path, help="a file of recorded scenarios")
    parser.add_argument("--only", action="append", metavar="ID", help="only this scenario")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write all that was found")
    parser.add_argument("-v", "--verbose", action="store_true", help="show each call")
    parser.add_argument(
        "--accept", action="store_true",
        help="write down the states that are better, once a person has looked at them",
    )  # fmt: skip
    options = parser.parse_args()
    try:
        scenarios = read_scenarios(options.file)
        if options.only:
            unknown = set(options.only) - {one.id for one in scenarios}
            if unknown:
                parser.error(f"{options.file} has no scenario {', '.join(sorted(unknown))}")
            scenarios = [one for one in scenarios if one.id in options.only]
        outcomes = []
        for outcome in run_scenarios(scenarios):
            outcomes.append(outcome)
            _show(outcome, verbose=options.verbose)
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return 2
    if options.accept:
        write_wanted(outcomes)
    if options.json:
        options.json.write_text(json.dumps([_as_dict(one) for one in outcomes], indent=1))
    counts = {
        word: sum(one.verdict.word == word for one in outcomes)
        for word in ("same", "better", "differs")
    }
    print(", ".join(f"{number} {word}" for word, number in counts.items()))
    return int(counts["differs"] > 0)


def _show(outcome: Outcome, *, verbose: bool) -> None:
    verdict = outcome.verdict
    detail = "; ".join(verdict.rules or verdict.differences)
    print(f"{outcome.scenario.id}: {verdict.word}{': ' if detail else ''}{detail}", flush=True)
    if verbose:
        for called in outcome.played.calls:
            print(f"  $ headwater {' '.join(called.arguments)}  -> {called.exit_code}")
            for line in (called.stdout + called.stderr).splitlines():
                print(f"    {line}")
        for note in outcome.played.notes:
            print(f"  note: {note}")


def _as_dict(outcome: Outcome) -> dict[str, object]:
    return {
        "id": outcome.scenario.id,
        "class": outcome.scenario.kind,
        "verdict": outcome.verdict.word,
        "rules": list(outcome.verdict.rules),
        "differences": list(outcome.verdict.differences),
        "notes": outcome.played.notes,
        "state": as_recorded(outcome.state),
    }


if __name__ == "__main__":
    sys.exit(main())
