"""``headwater audit``: what a person or a program is shown, and the exit code."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from processing_lab import Lab

from command_runner import Command
from headwater.catalog.connection import Catalog

D1 = date(2020, 1, 1)
L1 = "l1/l1_20200101_v1.0.0.dat"


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    lab = Lab(catalog, tmp_path / "lab")
    lab.put("l0", D1)
    lab.process()
    return lab


def test_a_healthy_archive_ends_with_0_and_one_sentence(headwater: Command, lab: Lab) -> None:
    said = headwater("audit")
    assert (said.code, said.lines) == (0, ["3 files looked at: nothing is wrong"])


def test_what_is_wrong_is_a_table_and_exit_code_1(headwater: Command, lab: Lab) -> None:
    (lab.root / L1).unlink()
    said = headwater("audit", "lab")
    assert said.code == 1
    assert said.lines[0].strip() == "Audit of lab"
    assert L1 in said.out
    assert said.lines[-1] == "2 files looked at: 1 wrong"


def test_what_is_repaired_is_no_problem_any_more(headwater: Command, lab: Lab) -> None:
    (lab.root / L1).unlink()
    assert headwater("audit", "--repair", "--dry-run").code == 1
    said = headwater("audit", "--repair")
    assert said.code == 0
    assert said.lines[-1] == "2 files looked at: nothing is wrong, 1 repaired"


def test_a_program_gets_json(headwater: Command, lab: Lab) -> None:
    (lab.root / L1).unlink()
    said = headwater("audit", "--json", "--scrub", "none")
    assert said.code == 1
    data: dict[str, object] = said.data  # type: ignore[assignment]  # an object, not a list
    assert data["counts"] == {"lost": 1}
    assert data["scrubbed"] == {"files": 3, "bytes": 46}
    assert data["findings"] == [
        {
            "kind": "lost",
            "subject": L1,
            "problem": "is not on disk",
            "state": "wrong",
            "action": "is marked lost, and made again where it was the newest",
        }
    ]


def test_a_scrub_says_how_much_it_has_read(headwater: Command, lab: Lab) -> None:
    said = headwater("audit", "--scrub", "100MB/s")
    assert said.lines == ["3 files looked at, 3 read (0.000 GB): nothing is wrong"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("audit", "--scrub", "fast"), "'fast' is no rate: expected one such as 50MB/s, or none"),
        (("audit", "--scrub", "0MB/s"), "'0MB/s' is no rate"),
        (("audit", "moon"), "there is no mission 'moon'"),
    ],
)
def test_wrong_words_are_one_sentence(
    headwater: Command, lab: Lab, words: tuple[str, ...], sentence: str
) -> None:
    assert headwater(*words).is_problem(1, sentence)


def test_an_archive_that_is_not_mounted_is_one_sentence(headwater: Command, lab: Lab) -> None:
    lab.root.rename(lab.root.with_name("away"))
    assert headwater("audit").is_problem(1, "is the archive mounted?")
