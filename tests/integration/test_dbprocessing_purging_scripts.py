"""purgeFileFromDB, deleteAllDBFiles and fast_data: what they take, and what they never take."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from processing_lab import CHAIN, Lab, process
from sqlalchemy import text

from command_runner import Command
from headwater.catalog.connection import Catalog

DAY = date(2020, 1, 1)
L0, L1, L2 = (f"{product}_20200101_v1.0.0.dat" for product in ("l0", "l1", "l2"))


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    lab = Lab(catalog, tmp_path)
    lab.put("l0", DAY)
    lab.process()
    return lab


def names(lab: Lab, where: str = "true") -> list[str]:
    rows = lab.rows(f"select name from headwater.file where {where} order by level, name")
    return [str(row.name) for row in rows]


def test_purged_products_are_made_again_when_their_source_is_reprocessed(
    lab: Lab, headwater: Command
) -> None:
    """Scenario s45: the first versions are made again, nothing of the old ones in the way."""
    said = headwater("dbprocessing", "purgeFileFromDB.py", "-m", "lab", "-r", "-v", L1)
    assert (said.code, said.out) == (0, f"{L1} purged\n{L2} purged\n")
    assert names(lab) == [L0]
    assert (lab.root / "errors" / "purged" / L1).is_file()
    headwater("dbprocessing", "reprocessByProduct.py", "-m", "lab", "l0")
    said = headwater("dbprocessing", "ProcessQueue.py", "-p", "-n", "1", "-m", "lab")
    assert said.code == 0
    assert names(lab) == [L0, L1, L2]


def test_purge_without_r_of_what_others_were_made_from_is_refused(
    lab: Lab, headwater: Command
) -> None:
    said = headwater("dbprocessing", "purgeFileFromDB.py", "-m", "lab", L1)
    assert said.code == 1
    assert f"{L2} was made from what you name" in said.err
    assert names(lab) == [L0, L1, L2]


def test_a_row_of_level_0_can_be_purged_but_its_bytes_stay_in_place(
    lab: Lab, headwater: Command
) -> None:
    assert headwater("dbprocessing", "purgeFileFromDB.py", "-m", "lab", "-r", L0).code == 0
    assert names(lab) == []
    assert (lab.root / "l0" / L0).is_file()


def test_all_rows_go_only_with_yes_and_no_byte_is_lost(lab: Lab, headwater: Command) -> None:
    said = headwater("dbprocessing", "deleteAllDBFiles.py", "-m", "lab")
    assert (said.code, said.out) == (1, "3 files would be deleted: give --yes to do it\n")
    assert len(names(lab)) == 3
    said = headwater("dbprocessing", "deleteAllDBFiles.py", "-m", "lab", "--yes")
    assert (said.code, said.out) == (0, "deleted 3 files\n")
    assert names(lab) == []
    kept = [lab.root / "l0" / L0, *(lab.root / "errors" / "purged" / n for n in (L1, L2))]
    assert all(path.is_file() for path in kept)
    assert len(lab.rows("select * from headwater.tombstone where closed_at is null")) == 3


@pytest.fixture
def history(lab: Lab) -> Lab:
    """Two newer versions of the first day, and a second day."""
    lab.put("l0", date(2020, 1, 2))
    for version in ("1.1.0", "1.2.0"):
        lab.put("l0", DAY, version)
        lab.process()
    return lab


def fast_data(headwater: Command, *words: str) -> int:
    said = headwater("dbprocessing", "fast_data.py", "-m", "lab", *words)
    return said.code


def test_superseded_files_are_reaped_and_their_rows_stay(history: Lab, headwater: Command) -> None:
    assert fast_data(headwater, "--cutoff", "2019-12-31", "--reap-files") == 0
    gone = names(history, "not exists_on_disk")
    assert gone == [f"l{n}_20200101_v1.{m}.0.dat" for n in (1, 2) for m in (0, 1)]
    assert not any((history.root / name[:2] / name).exists() for name in gone)
    on_disk = names(history, "exists_on_disk")
    assert all((history.root / name[:2] / name).is_file() for name in on_disk)
    assert len([name for name in on_disk if name.startswith("l0")]) == 4
    assert len(history.rows("select * from headwater.event where kind = 'file reaped'")) == 4


def test_reaped_files_may_be_archived_with_their_folders(
    history: Lab, headwater: Command, tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    words = ("--cutoff", "2019-12-31", "--reap-files", "-a", str(archive))
    assert fast_data(headwater, *words) == 0
    moved = sorted(str(path.relative_to(archive)) for path in archive.rglob("*.dat"))
    assert moved == [f"l{n}/l{n}_20200101_v1.{m}.0.dat" for n in (1, 2) for m in (0, 1)]


def test_what_is_not_newer_than_the_cutoff_is_left(history: Lab, headwater: Command) -> None:
    assert fast_data(headwater, "--cutoff", "2020-01-01", "--reap-files") == 0
    assert names(history, "not exists_on_disk") == []


def test_what_was_also_made_from_level_0_before_the_cutoff_is_left(
    lab: Lab, headwater: Command
) -> None:
    yesterday = 'required_input1 = ("product_l1", 1, 0)'
    lab.change((*CHAIN[:4], process("mk_l2", "l2", yesterday)))
    for version in ("1.0.0", "1.1.0"):
        lab.put("l0", date(2020, 1, 2), version)
        lab.process()
    assert fast_data(headwater, "--cutoff", "2020-01-01", "--reap-files") == 0
    assert names(lab, "not exists_on_disk") == ["l1_20200102_v1.0.0.dat"]


def test_a_released_file_and_what_it_was_made_from_are_left(
    history: Lab, headwater: Command
) -> None:
    with history.catalog.begin() as connection:
        connection.execute(
            text(
                "insert into headwater.release (file_id, release_num) select id, 'r1'"
                " from headwater.file where name = :name"
            ),
            {"name": "l2_20200101_v1.1.0.dat"},
        )
    assert fast_data(headwater, "--cutoff", "2019-12-31", "--reap-files") == 0
    assert names(history, "not exists_on_disk") == [L1, L2]


def test_records_go_when_the_files_have_gone(history: Lab, headwater: Command) -> None:
    assert fast_data(headwater, "--cutoff", "2019-12-31", "--reap-records") == 0
    assert len(names(history)) == 4 + 4 + 4
    fast_data(headwater, "--cutoff", "2019-12-31", "--reap-files")
    assert fast_data(headwater, "--cutoff", "2019-12-31", "--reap-records") == 0
    assert names(history, "level > 0") == [
        f"l{n}_{day}.dat" for n in (1, 2) for day in ("20200101_v1.2.0", "20200102_v1.0.0")
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--cutoff", "soon"), "is not a date YYYY-MM-DD"),
        (("--reap-files",), "required: --cutoff"),
        (("--cutoff", "2020-01-01", "--reap-files", "--reap-records"), "in one call"),
        (("--cutoff", "2020-01-01", "-a", "x"), "without --reap-files"),
    ],
)
def test_wrong_use_of_fast_data_is_refused(
    lab: Lab, headwater: Command, words: tuple[str, ...], says: str
) -> None:
    said = headwater("dbprocessing", "fast_data.py", "-m", "lab", *words)
    assert said.code == 2
    assert says in said.err
    assert names(lab, "exists_on_disk") == [L0, L1, L2]


def test_the_native_purge_says_what_it_does(lab: Lab, headwater: Command) -> None:
    assert headwater("purge", L2).code == 2
    dry = headwater("purge", L1, "-r", "--reason", "wrong", "--dry-run", "--json").data
    assert len(dry["purged"]) == 2
    assert names(lab) == [L0, L1, L2]
    refused = headwater("purge", L0, "-r", "--reason", "wrong")
    assert (refused.code, "level 0" in refused.err) == (1, True)
    done = headwater("purge", f"/somewhere/{L1}", "-r", "--reason", "wrong")
    assert (done.code, "2 builds are held" in done.out) == (0, True)
    assert names(lab) == [L0]
