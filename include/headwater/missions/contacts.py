"""Tables of contacts in CSV, which say on which days a product is expected."""

from __future__ import annotations

import csv
from pathlib import Path

from headwater.core.expected import contact_text
from headwater.missions.expected_data import ExpectedDefinition
from headwater.missions.given_text import text_of
from headwater.missions.problems import Problems

COLUMNS = ("start", "stop")


def with_contacts(
    expected: ExpectedDefinition, folder: Path, problems: Problems, place: str
) -> ExpectedDefinition:
    """`expected` with the contacts that its file holds, in the place of the file's name.

    `folder` is that of the mission file; what is wrong goes into `problems`.
    """
    if expected.contacts is None:
        return expected
    path = folder / Path(expected.contacts).expanduser()
    before = len(problems.lines)
    text = text_of(path, problems)
    contacts = _contacts(text, str(path), problems) if text is not None else []
    if not contacts and len(problems.lines) == before:
        problems.add(str(path), "holds no contact")
    if len(problems.lines) > before:
        problems.add(place, f"the contacts in {path} cannot be used")
    return expected.model_copy(update={"contacts": None, "contact_times": contacts})


def _contacts(text: str, name: str, problems: Problems) -> list[str]:
    """The contacts of a CSV, sorted, each once.

    The first line names the columns; those beside start and stop are left out. Empty lines and
    lines that start with ``#`` are left out too.
    """
    lines = [
        (number, [word.strip() for word in next(csv.reader([line]))])
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.startswith("#")
    ]
    header = [word.lower() for word in lines[0][1]] if lines else []
    if not set(COLUMNS) <= set(header):
        problems.add(f"{name}, line 1", "expected the columns start and stop as its first line")
        return []
    found: set[str] = set()
    for number, row in lines[1:]:
        place = f"{name}, line {number}"
        if len(row) != len(header):
            problems.add(place, f"expected {len(header)} values, found {len(row)}")
            continue
        try:
            found.add(contact_text(*(row[header.index(column)] for column in COLUMNS)))
        except ValueError as error:
            problems.add(place, str(error))
    return sorted(found)
