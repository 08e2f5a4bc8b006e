"""What a file with checks of quality may say, and what is refused."""

from __future__ import annotations

import pytest

from headwater.catalog.queries.quality import QaLine
from headwater.core.errors import QaFileError
from headwater.core.states import QaMark
from headwater.ingest.quality import parse_checks, read_checks


def test_lines_and_csv_say_the_same() -> None:
    lines = """
# checked by the team
a.dat  ok
b.dat ignore,  noise from 12:00 on, and later
/some/where/c.dat PROBLEM
"""
    rows = """file,qa,comment
a.dat,ok,
b.dat,Ignore,"noise from 12:00 on, and later"
c.dat,problem
"""
    expected = [
        QaLine("a.dat", QaMark.OK, None),
        QaLine("b.dat", QaMark.IGNORE, "noise from 12:00 on, and later"),
        QaLine("c.dat", QaMark.PROBLEM, None),
    ]
    assert parse_checks(lines, "x.qa") == expected
    assert parse_checks(rows, "x.csv") == expected


def test_names_with_blanks_and_comments_with_commas_are_read_from_csv() -> None:
    assert parse_checks('"a b.dat", problem, "gap, spikes", also noise', "x.csv") == [
        QaLine("a b.dat", QaMark.PROBLEM, "gap, spikes, also noise")
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it names no file"),
        ("# only a comment\n", "it names no file"),
        ("file,qa\n", "it names no file"),
        ("a.dat\n", "line 1: expected a file name, then ok, ignore or problem"),
        ("a.dat ok\nb.dat good\n", "line 2: expected a file name"),
        ("a.dat,,\n", "line 1: expected"),
        ("a.dat ok\na.dat problem\n", "line 2: a.dat was marked otherwise above"),
    ],
)
def test_a_file_that_cannot_be_read_whole_is_refused_with_its_line(text: str, says: str) -> None:
    with pytest.raises(QaFileError, match=says):
        parse_checks(text, "x.qa")


def test_what_is_no_small_text_file_is_refused(tmp_path) -> None:
    binary, large, link = (tmp_path / name for name in ("binary.qa", "large.qa", "link.qa"))
    binary.write_bytes(b"\xff\xfe\x00")
    large.write_text("a.dat ok\n" * 200_000)
    link.symlink_to(binary)
    for path, says in (
        (binary, "not UTF-8"),
        (large, "larger than"),
        (link, "not a regular file"),
        (tmp_path, "not a regular file"),
        (tmp_path / "none.qa", "cannot be read"),
    ):
        with pytest.raises(QaFileError, match=says):
            read_checks(path)


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path) -> None:
    path = tmp_path / "bom.qa"
    path.write_bytes(b"\xef\xbb\xbfa.dat ok\n")
    [line] = read_checks(path)[0]
    assert line.name == "a.dat"
