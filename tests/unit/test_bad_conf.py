"""Each wrong config file gets one message: file, section, key, what is wrong, what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from bad_configs import BAD, GOOD, Bad
from headwater.core.errors import MissionFileError
from headwater.missions.checks import check
from headwater.missions.merging import merged
from headwater.missions.problems import Problems
from headwater.missions.reading import read_mission_files


def checked(path: Path, text: str) -> None:
    """Read a file, and check it as for an empty catalog."""
    path.write_text(text)
    problems = Problems()
    for wanted in merged(read_mission_files([path]), problems):
        check(wanted, None, (), problems)
    problems.refuse()


def test_the_file_without_a_fault_is_accepted(tmp_path: Path) -> None:
    checked(tmp_path / "lab.conf", GOOD)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_fault_is_named_with_its_place_and_what_was_expected(tmp_path: Path, bad: Bad) -> None:
    path = tmp_path / "lab.conf"
    with pytest.raises(MissionFileError) as caught:
        checked(path, bad.text)
    expected = bad.message.replace("@FILE@", str(path)).replace("@ROOT@", str(tmp_path))
    assert str(caught.value) == expected
