"""Scripts about files on disk: lost ones, unknown ones, changed ones, links to the newest."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from processing_lab import Lab, product
from script_lab import D1, D3, Script

from headwater.core.states import EventKind


def number_of(lab: Lab, name: str) -> int:
    [row] = lab.rows("select id from headwater.file where name = :name", name=name)
    return int(row.id)


def events(lab: Lab, kind: EventKind) -> list[str]:
    rows = lab.rows("select reason from headwater.event where kind = :kind", kind=kind.value)
    return [row.reason for row in rows]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("dbOnlyFiles.py",), 2, "required: -m/--mission"),
        (("dbOnlyFiles.py", "-m", "moon"), 1, "no mission is named"),
        (("dbOnlyFiles.py", "-m", "lab", "--startID", "x"), 2, "invalid int value"),
        (("linkUningested.py", "-m", "lab", "-p", "l9"), 1, "no product 'l9'"),
        (("updateSHAsum.py", "-m", "lab", "no-such.dat"), 2, "there is no file no-such.dat"),
        (("makeLatestSymlinks.py", "none.conf"), 2, "cannot be read"),
    ],
)
def test_a_problem_is_one_sentence(
    script: Script, lab: Lab, words: tuple[str, ...], code: int, says: str
) -> None:
    assert script(*words).is_problem(code, says)


# dbOnlyFiles


L1 = "l1_20200101_v1.0.0.dat"


def test_files_that_are_not_on_disk_are_printed_and_nothing_changes(
    script: Script, lab: Lab
) -> None:
    (lab.root / "l1" / L1).unlink()
    number = number_of(lab, L1)
    assert script("dbOnlyFiles.py", "-m", "lab").lines == [f"{number} is missing"]
    by_path = script("dbOnlyFiles.py", "-m", "lab", "-p")
    assert by_path.lines == [f"{lab.root / 'l1' / L1} is missing"]
    assert script("dbOnlyFiles.py", "-m", "lab", "-s", D3).lines == []
    assert script("dbOnlyFiles.py", "-m", "lab", "--startID", number + 1).lines == []
    assert f"{number} is being checked" in script("dbOnlyFiles.py", "-m", "lab", "-v").lines
    assert events(lab, EventKind.FILE_LOST) == []


def test_a_lost_output_is_made_again_and_what_is_made_from_it(script: Script, lab: Lab) -> None:
    """Scenario s44, where dbprocessing rebuilds nothing."""
    (lab.root / "l1" / L1).unlink()
    assert script("dbOnlyFiles.py", "-m", "lab", "-f").code == 0
    assert events(lab, EventKind.FILE_LOST) == [f"l1/{L1} is not on disk"]
    lab.process()
    assert lab.newest("l1")["2020-01-01"] == "1.0.1"
    assert lab.newest("l2")["2020-01-01"] == "1.0.1"
    assert (lab.root / "l1" / "l1_20200101_v1.0.1.dat").exists()
    assert script("dbOnlyFiles.py", "-m", "lab", "-f").lines == [], "it is told once"


def test_a_lost_older_version_is_not_made_again(script: Script, lab: Lab) -> None:
    lab.put("l0", D1, "1.0.1")
    lab.process()
    (lab.root / "l1" / L1).unlink()
    assert script("dbOnlyFiles.py", "-m", "lab", "-n").lines == []
    script("dbOnlyFiles.py", "-m", "lab", "-f")
    assert lab.rows("select * from headwater.wake") == []


def test_an_archive_that_is_not_mounted_has_lost_nothing(script: Script, lab: Lab) -> None:
    lab.root.rename(lab.root.with_name("elsewhere"))
    said = script("dbOnlyFiles.py", "-m", "lab", "-f")
    assert (said.code, "is the archive mounted?" in said.err) == (1, True)
    assert events(lab, EventKind.FILE_LOST) == []


# linkUningested


def test_an_unknown_file_is_linked_and_filed_where_it_lies(script: Script, lab: Lab) -> None:
    """Scenario s42."""
    path = lab.root / "l0" / "l0_20200105_v1.0.0.dat"
    path.write_text("a")
    said = script("linkUningested.py", "-m", "lab", "-p", "l0")
    link = lab.root / "incoming" / path.name
    assert said.lines == [f"{link} -> {path}"]
    assert link.is_symlink()
    assert script("ProcessQueue.py", "-i", "-m", "lab").code == 0
    assert lab.newest("l0")["2020-01-05"] == "1.0.0"
    assert not link.is_symlink()
    assert path.read_text() == "a"
    assert script("linkUningested.py", "-m", "lab").lines == []


def test_only_files_of_the_product_in_its_folder_are_linked(script: Script, lab: Lab) -> None:
    lab.change([product("l0", 0), product("l1", 1), product("l2", 2)])
    for place in (
        "l0/l0_20200105_v1.0.0xdat",  # a dot is a dot
        "l0/l0_20200105_v1.0.0.dat.part",
        "l0/deeper/l0_20200105_v1.0.0.dat",
        "l1/l0_20200105_v1.0.0.dat",
        "errors/l0_20200105_v1.0.0.dat",
    ):
        (lab.root / place).parent.mkdir(exist_ok=True)
        (lab.root / place).write_text("x")
    for name, target in (("06", "nothing"), ("07", "l0_20200101_v1.0.0.dat")):
        link = lab.root / "l0" / f"l0_202001{name}_v1.0.0.dat"
        link.symlink_to(lab.root / "l0" / target)
    assert script("linkUningested.py", "-m", "lab").lines == []


def test_folders_with_fields_are_searched_and_dates_must_agree(script: Script, lab: Lab) -> None:
    by_year = product("years", 0).replace("relative_path = years", "relative_path = y/{Y}")
    lab.change([product("l0", 0), product("l1", 1), product("l2", 2), by_year])
    for year in ("2020", "2021"):
        (lab.root / "y" / year).mkdir(parents=True)
        (lab.root / "y" / year / "years_20200105_v1.0.0.dat").write_text("x")
    said = script("linkUningested.py", "-m", "lab", "-p", "years")
    assert [line.split(" -> ")[1] for line in said.lines] == [
        str(lab.root / "y" / "2020" / "years_20200105_v1.0.0.dat")
    ]


def test_a_name_that_lies_in_incoming_is_left_alone(script: Script, lab: Lab) -> None:
    (lab.root / "l0" / "l0_20200105_v1.0.0.dat").write_text("a")
    there = lab.root / "incoming" / "l0_20200105_v1.0.0.dat"
    there.write_text("arrives just now")
    assert script("linkUningested.py", "-m", "lab").lines == []
    assert there.read_text() == "arrives just now"


# updateSHAsum


def test_the_sums_of_a_changed_product_are_recorded(script: Script, lab: Lab) -> None:
    path = lab.root / "l1" / L1
    path.write_text("changed")
    said = script("updateSHAsum.py", "-m", "lab", path)
    assert said.code == 0
    [row] = lab.rows("select size, sha1, sha256 from headwater.file where name = :n", n=L1)
    assert row.size == 7
    assert f"is {row.sha1}" in said.lines[0]
    assert events(lab, EventKind.FILE_CHANGED)[0].endswith(f"is {row.sha256}")
    again = script("updateSHAsum.py", "-m", "lab", path)
    assert again.lines == [f"{L1} has the sums that are recorded: sha1 {row.sha1}"]


def test_changed_bytes_of_level_0_are_an_alarm_and_the_sums_stay(script: Script, lab: Lab) -> None:
    name = "l0_20200101_v1.0.0.dat"
    before = lab.rows("select size, sha1, sha256 from headwater.file where name = :n", n=name)
    path = lab.root / "l0" / name
    path.write_text("changed")
    said = script("updateSHAsum.py", "-m", "lab", path)
    assert said.code == 1
    assert "no process can make them again: bring the file back" in said.err
    assert lab.rows("select size, sha1, sha256 from headwater.file where name = :n", n=name) == (
        before
    )
    assert len(events(lab, EventKind.FILE_CHANGED)) == 1


def test_another_file_of_that_name_is_refused(script: Script, lab: Lab, tmp_path: Path) -> None:
    other = tmp_path / L1
    other.write_text("x")
    said = script("updateSHAsum.py", "-m", "lab", other)
    assert (said.code, "is not the file of the archive" in said.err) == (1, True)
    stranger = tmp_path / "stranger.dat"
    stranger.write_text("x")
    said = script("updateSHAsum.py", "-m", "lab", stranger)
    assert (said.code, "the catalog has no file 'stranger.dat'" in said.err) == (1, True)


# makeLatestSymlinks


CONFIG = """
[hk_{name}]
sourcedir = {source}
destdir = {target}
startdate = 2010-01-01
enddate = 2030-01-01
deltadays = 60
filter = hk_*.cdf, other_*
linkdirs = {folders}
outmode = 775
nodate = False
"""


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Source, target and config."""
    source, target, config = tmp_path / "source", tmp_path / "latest", tmp_path / "links.conf"
    source.mkdir()
    config.write_text(CONFIG.format(name="a", source=source, target=target, folders=False))
    return source, target, config


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text(name)


def test_only_the_newest_version_of_each_date_is_linked(
    script: Script, folders: tuple[Path, Path, Path]
) -> None:
    source, target, config = folders
    fill(source, "hk_20200101_v1.9.0.cdf", "hk_20200101_v1.10.0.cdf", "hk_20200102_v1.0.0.cdf",
         "not_20200101_v1.0.0.cdf", "hk_20400101_v1.0.0.cdf", "hk_nodate.cdf")  # fmt: skip
    said = script("makeLatestSymlinks.py", config, "--verbose")
    assert said.code == 0
    assert said.lines[:2] == ["Processing [hk_a]", "hk_*.cdf"]
    assert names_in(target) == ["hk_20200101_v1.10.0.cdf", "hk_20200102_v1.0.0.cdf"]
    assert (target / "hk_20200102_v1.0.0.cdf").readlink() == source / "hk_20200102_v1.0.0.cdf"


def test_links_that_are_no_longer_the_newest_go_and_files_stay(
    script: Script, folders: tuple[Path, Path, Path]
) -> None:
    source, target, config = folders
    fill(source, "hk_20200101_v1.0.0.cdf")
    script("makeLatestSymlinks.py", config)
    fill(source, "hk_20200101_v1.0.1.cdf")
    fill(target, "hk_mine.cdf")
    (target / "unrelated").symlink_to(source)
    said = script("makeLatestSymlinks.py", config)
    assert names_in(target) == ["hk_20200101_v1.0.1.cdf", "hk_mine.cdf", "unrelated"]
    assert "hk_mine.cdf is no link: it is left alone" in said.err


def test_a_second_run_changes_nothing_and_an_empty_source_removes_its_links(
    script: Script, folders: tuple[Path, Path, Path]
) -> None:
    source, target, config = folders
    fill(source, "hk_20200101_v1.0.0.cdf")
    script("makeLatestSymlinks.py", config)
    assert "linking" not in script("makeLatestSymlinks.py", config, "--verbose").out
    (source / "hk_20200101_v1.0.0.cdf").unlink()
    said = script("makeLatestSymlinks.py", config)
    assert names_in(target) == []
    assert "   No files found for [hk_a]" in said.lines


def test_folders_are_linked_where_the_config_says_so(
    script: Script, folders: tuple[Path, Path, Path]
) -> None:
    source, target, config = folders
    (source / "hk_20200101_v1.0.0.cdf").mkdir()
    script("makeLatestSymlinks.py", config)
    assert not target.exists()
    config.write_text(CONFIG.format(name="a", source=source, target=target, folders=True))
    script("makeLatestSymlinks.py", config)
    assert (target / "hk_20200101_v1.0.0.cdf").is_dir()


def test_recent_dates_are_kept_back_unless_dates_do_not_count(
    script: Script, folders: tuple[Path, Path, Path]
) -> None:
    source, target, config = folders
    today = f"hk_{datetime.now(UTC):%Y%m%d}_v1.0.0.cdf"
    fill(source, today, "hk_201505_v1.0.0.cdf")
    script("makeLatestSymlinks.py", config)
    assert names_in(target) == ["hk_201505_v1.0.0.cdf"]
    config.write_text(config.read_text().replace("nodate = False", "nodate = True"))
    script("makeLatestSymlinks.py", config)
    assert today in names_in(target)


def test_sections_are_listed_and_chosen_by_their_names(
    script: Script, folders: tuple[Path, Path, Path]
) -> None:
    source, target, config = folders
    more = CONFIG.format(name="b", source=source, target=target, folders=False)
    config.write_text(config.read_text() + more)
    assert script("makeLatestSymlinks.py", config, "-l").lines == ["hk_a", "hk_b"]
    assert script("makeLatestSymlinks.py", config, "-l", "-f", "hk,_b").lines == ["hk_b"]
    assert not target.exists()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("deltadays = 60", "", "[hk_a] lacks deltadays"),
        ("deltadays = 60", "deltadays = few", "[hk_a] deltadays: 'few' is not a number"),
        ("outmode = 775", "outmode = 9", "[hk_a] outmode: '9' is not a number"),
        ("enddate = 2030-01-01", "enddate = end", "[hk_a] enddate: 'end' is not a date"),
        ("filter = hk", "filter = /etc/hk", "is no pattern for names in sourcedir"),
        ("[hk_a]", "hk_a", "cannot be read"),
    ],
)
def test_a_wrong_config_is_named_by_section_and_key(
    script: Script, folders: tuple[Path, Path, Path], old: str, new: str, says: str
) -> None:
    config = folders[2]
    assert old in config.read_text()
    config.write_text(config.read_text().replace(old, new))
    said = script("makeLatestSymlinks.py", config)
    assert said.code == 1
    assert says in said.err
    assert "Traceback" not in said.err
