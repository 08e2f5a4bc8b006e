"""Tables of orbits: what is read, and what each bad line is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from headwater.core.errors import MissionFileError
from headwater.missions.orbits import gaps_and_overlaps, parse_orbits

HEAD = "orbit,start,stop\n"


def test_a_table_is_read_with_or_without_a_zone_and_put_in_order() -> None:
    found = parse_orbits(
        "\ufeff# from flight dynamics\n Orbit , start,stop\n\n"
        "2,2020-01-01T01:30:00Z,2020-01-01T03:00:00Z\n"
        "1,2020-01-01T00:00:00,2020-01-01T02:30:00+01:00\r\n",
        "o.csv",
    )
    assert [one.number for one in found] == [1, 2]
    assert found[0].stop == found[1].start == datetime(2020, 1, 1, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("x,2020-01-01,2020-01-02", "'x' is not the number of an orbit"),
        ("-1,2020-01-01,2020-01-02", "'-1' is not the number of an orbit"),
        ("9" * 30 + ",2020-01-01,2020-01-02", "is not the number of an orbit"),
        ("1,yesterday,2020-01-02", "'yesterday' is not a time such as"),
        ("1,2020-01-02,2020-01-01", "orbit 1 stops at 2020-01-01, not after its start"),
        ("1,2020-01-02,2020-01-02", "not after its start"),
        ("1,2020-01-02,2022-01-02", "orbit 1 lasts longer than 366 days"),
        ("1,2020-01-02", "expected 3 values, found 2"),
        ("5,2020-01-01,2020-01-02", "orbit 5 stands in it twice"),
    ],
)
def test_each_bad_line_is_named(line: str, told: str) -> None:
    good = "5,2020-01-01,2020-01-02\n"
    with pytest.raises(MissionFileError) as caught:
        parse_orbits(f"{HEAD}{good}{line}\n7,never,never\n", "o.csv")
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("2 problems")
    assert lines[1].startswith("o.csv, line 3: ") and told in lines[1]
    assert lines[2].startswith("o.csv, line 4: 'never' is not a time")


@pytest.mark.parametrize("text", ["", "\n", "1,2020-01-01,2020-01-02\n", "start,stop,orbit\n"])
def test_a_table_without_its_first_line_is_refused(text: str) -> None:
    with pytest.raises(MissionFileError, match=r"o\.csv: expected orbit,start,stop"):
        parse_orbits(text, "o.csv")


def test_gaps_and_overlaps_are_told_and_orbits_that_meet_are_not() -> None:
    found = parse_orbits(
        HEAD + "1,2020-01-01T00:00,2020-01-01T01:00\n2,2020-01-01T01:00,2020-01-01T02:00\n"
        "3,2020-01-01T02:10,2020-01-01T03:00\n4,2020-01-01T02:50,2020-01-01T04:00\n",
        "o.csv",
    )
    assert gaps_and_overlaps(found) == [
        "between orbits 2 and 3: a gap from 2020-01-01T02:00:00Z to 2020-01-01T02:10:00Z",
        "orbits 3 and 4 overlap from 2020-01-01T02:50:00Z to 2020-01-01T03:00:00Z",
    ]
