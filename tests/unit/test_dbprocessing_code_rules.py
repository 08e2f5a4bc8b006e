"""Which codes of an old process are used for which dates."""

from __future__ import annotations

from datetime import date

import pytest

from headwater.core.errors import OldDatabaseError
from headwater.missions.dbprocessing_import.code_rules import CodeRules
from headwater.missions.dbprocessing_import.oddities import Oddities
from headwater.missions.dbprocessing_import.old_rows import OldCode
from headwater.missions.dbprocessing_import.values import as_bool, as_date, as_moment, as_text
from headwater.missions.problems import Problems


def code(number: int, version: str, start: int, stop: int, *, on: bool = True) -> OldCode:
    numbers = tuple(map(int, version.split(".")))
    return OldCode(number, 1, "a.sh", "", "", numbers, 1, date(start, 1, 1), date(stop, 12, 31),  # type: ignore[arg-type]
                   on, on, None, None, None, None)  # fmt: skip


def used(*rows: OldCode) -> tuple[dict[int, tuple[int, int]], Oddities]:
    """Old number -> first and last year of the codes that are used."""
    oddities = Oddities()
    kept = CodeRules("p", "old", oddities, Problems()).kept(rows)
    spans = {row.id: (c.start_date.year, c.stop_date.year) for row, c in kept if c.in_use}
    return spans, oddities


@pytest.mark.parametrize(
    ("low", "high", "left"),
    [
        ((2000, 2010), (2011, 2020), (2000, 2010)),
        ((2000, 2015), (2011, 2020), (2000, 2010)),
        ((2005, 2020), (2000, 2010), (2011, 2020)),
        ((2000, 2020), (2005, 2010), None),
        ((2005, 2010), (2000, 2020), None),
        ((2000, 2020), (2000, 2020), None),
    ],
)
def test_of_two_codes_in_use_the_higher_version_keeps_its_dates(
    low: tuple[int, int], high: tuple[int, int], left: tuple[int, int] | None
) -> None:
    spans, oddities = used(code(1, "1.0.0", *low), code(2, "1.1.0", *high))
    assert spans.pop(2) == high
    assert spans.get(1) == left
    assert bool(list(oddities)) == (left != low)


def test_of_three_each_gives_way_to_those_above_it() -> None:
    spans, _ = used(
        code(1, "1.2.0", 2000, 2030), code(2, "1.0.0", 1990, 2005), code(3, "1.1.0", 1995, 2010)
    )
    assert spans == {1: (2000, 2030), 3: (1995, 1999), 2: (1990, 1994)}


def test_of_equal_versions_the_later_row_wins_and_what_is_off_stays_off() -> None:
    spans, _ = used(code(1, "1.0.0", 2000, 2030), code(2, "1.0.0", 2000, 2030),
                    code(3, "2.0.0", 2000, 2030, on=False))  # fmt: skip
    assert list(spans) == [2]


def test_values_of_both_kinds_of_database_are_read() -> None:
    assert as_date("2020-01-02 00:00:00.000000") == as_date(date(2020, 1, 2)) == date(2020, 1, 2)
    assert [as_bool(value) for value in (0, 1, True, None, "f", "t")] == [
        False, True, True, None, False, True,
    ]  # fmt: skip
    assert str(as_moment("2020-01-02 03:04:05.000006")) == "2020-01-02 03:04:05.000006+00:00"
    assert as_text("a\0b\ud800") == "a?b?"
    with pytest.raises(OldDatabaseError, match="'soon' is not a time"):
        as_moment("soon")
