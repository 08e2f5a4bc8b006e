"""The table of faults, ``docs/reference/faults.md``, from the record of a run of ``make faults``.

``python -m tests.faults.report RECORD``; it ends with 1 if anything was lost, doubled, falsely
green or failed, or if a fault of the list was not injected.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faults.fault_list import FAULTS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "faults.md"

_GOOD = ("faults injected", "steps of histories")

HEAD = """# Faults

What `make faults` injects, and what comes of it. After each fault the program recovers, and then a
checker reads catalog and disk: [the promises](promises.md) must hold, nothing may be lost or there
twice, and nothing may be said to be done that is not. How it is tested is told in
[durability](../explanation/durability.md). The numbers are those of the survey of faults on which
the tests are based; *goes on* means that no person is needed, *stops* that this file or work stops
loudly and waits for one.

This page is written by `make faults`.

"""


@dataclass
class Row:
    """What was seen of one number."""

    injected: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: int = 0
    tests: set[str] = field(default_factory=set)


def read(record: Path) -> list[dict[str, Any]]:
    """The lines of a record; of a test that ran twice the last."""
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    return list({line["test"]: line for line in lines}.values())


def by_number(lines: list[dict[str, Any]]) -> dict[int, Row]:
    """What was seen, by number of the list."""
    rows: dict[int, Row] = defaultdict(Row)
    for line in lines:
        for number in line["numbers"]:
            row = rows[number]
            if line["outcome"] == "passed":
                # A history that shows several numbers does not say how often each came.
                row.injected += line["faults"] if len(line["numbers"]) == 1 else 1
                row.tests.add(line["test"].split("[")[0])
            elif line["outcome"] == "skipped":
                row.skipped += 1
            else:
                row.failed.append(line["test"])
    return rows


def totals(lines: list[dict[str, Any]]) -> dict[str, int]:
    """Sums over all tests, each counted once whatever its numbers."""
    ran = [line for line in lines if line["outcome"] != "skipped"]
    return {
        "faults injected": sum(line["faults"] for line in ran),
        "steps of histories": sum(line["steps"] for line in ran),
        "lost": sum(line["lost"] for line in ran),
        "duplicated": sum(line["duplicated"] for line in ran),
        "falsely green": sum(line["false_green"] for line in ran),
        "failed tests": sum(line["outcome"] == "failed" for line in ran),
    }


def matrix(lines: list[dict[str, Any]]) -> str:
    """The cells of the matrix: how often each kind of fault was injected into which work."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in lines:
        if "/matrix/" in line["test"] and line["outcome"] == "passed":
            what = ", ".join(line["what"])
            adoption = "adoption" in line["test"]
            counts[what]["adoptions" if adoption else "arrivals"] += line["faults"]
    rows = [
        f"| {what} | {found['arrivals']} | {found['adoptions']} |"
        for what, found in sorted(counts.items())
    ]
    return "\n".join(["| what happens | in an ingest | in an adoption |", "|---|---|---|", *rows])


def page(lines: list[dict[str, Any]]) -> str:
    """The page."""
    rows, sums = by_number(lines), totals(lines)
    said = ", ".join(f"{count} {name}" for name, count in sums.items())
    text = HEAD + f"**The last run: {said}.**\n\n## The list\n\n"
    text += "| no. | fault | must | what follows | injected |\n|---|---|---|---|---|\n"
    for number, fault in FAULTS.items():
        row = rows.get(number, Row())
        seen = str(row.injected) if row.injected else "not here" if row.skipped else "no"
        if row.failed:
            seen += f", **{len(row.failed)} failed**"
        text += f"| {number} | {fault.name} | {fault.must} | {fault.follows} | {seen} |\n"
    text += "\nOther numbers of the survey are of speed, or of what the science codes do.\n"
    text += (
        "\n## Every step of the protocol\n\nThe steps are the fault points of the "
        "[archive protocol](../explanation/archive-protocol.md); each row is summed over them.\n\n"
    )
    return text + matrix(lines) + "\n"


def main() -> int:
    lines = read(Path(sys.argv[1]))
    PAGE.write_text(page(lines))
    sums, rows = totals(lines), by_number(lines)
    print(", ".join(f"{count} {name}" for name, count in sums.items()))
    missing = [number for number in FAULTS if number not in rows]
    if missing:
        print(f"not injected: {', '.join(map(str, missing))}")
    unknown = sorted(set(rows) - set(FAULTS))
    if unknown:
        print(f"not in the list: {', '.join(map(str, unknown))}")
    bad = sum(count for name, count in sums.items() if name not in _GOOD)
    return int(bool(bad or unknown))


if __name__ == "__main__":
    sys.exit(main())
