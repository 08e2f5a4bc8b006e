"""The promises as a program: each is broken by hand, and exactly that is told."""

from __future__ import annotations

import pytest
from processing_lab import CHAIN, Lab, process
from promises_lab import D1, D2, L0, broken, run
from sqlalchemy import text

from headwater.archive.promises import Broken, broken_promises
from headwater.catalog.connection import Catalog
from headwater.catalog.queries.promises import breaches
from headwater.core.errors import ArchiveError, NotFoundError
from headwater.processing.purging import PurgeRules, purge

# Nothing is broken


def test_a_healthy_mission_at_rest_breaks_no_promise(lab: Lab) -> None:
    assert broken(lab, at_rest=True) == []


def test_a_mission_with_newer_inputs_and_failures_breaks_no_promise(lab: Lab) -> None:
    lab.code("copy.sh", "#!/bin/sh\nexit 3\n")
    lab.put("l0", D1, "1.0.1")
    lab.process()
    assert [state for _, state, _ in lab.builds("mk_l1")] == ["built", "built", "failed"]
    assert broken(lab, at_rest=True) == []


def test_a_purge_breaks_no_promise_though_the_bytes_of_level_0_stay(lab: Lab) -> None:
    names = ["l0_20200101_v1.0.0.dat"]
    rules = PurgeRules(recursive=True, forget_level_0=True)
    purge(lab.catalog, lab.mission, names, lab.actor, "a test", rules)
    assert (lab.root / L0).is_file()
    assert broken(lab, at_rest=True) == []


def test_an_unknown_mission_is_refused(lab: Lab) -> None:
    with pytest.raises(NotFoundError, match="no mission 'moon'"):
        broken_promises(lab.catalog, "moon")


def test_an_archive_that_is_not_mounted_is_refused(lab: Lab) -> None:
    lab.root.rename(lab.root.with_name(lab.root.name + "-away"))
    with pytest.raises(ArchiveError, match="is the archive mounted"):
        broken_promises(lab.catalog, "lab")


def test_a_broken_promise_is_told_on_one_line() -> None:
    assert str(Broken(2, "l1/a.dat", "is not on disk")) == "promise 2: l1/a.dat is not on disk"


# Rows: one statement each


BY_ROWS: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
    (
        "two builds of an interval are built",
        (
            "drop index uq_build_built",
            "update build set interval_key = '2020-01-01', fingerprint = 'another'"
            " where interval_key = '2020-01-02'"
            " and process_id = (select id from process where name = 'mk_l1')",
        ),
        ("promise 1: mk_l1 of 2020-01-01 has 2 built and 0 open builds",),
    ),
    (
        "two files of one product, interval and version",
        (
            "alter table file drop constraint uq_file_version",
            "insert into file (mission_id, product_id, name, path, interval_key, utc_file_date,"
            " utc_start_time, utc_stop_time, interface_version, quality_version,"
            " revision_version, newest, level, file_create_date, exists_on_disk)"
            " select mission_id, product_id, 'twin', 'twin', interval_key, utc_file_date,"
            " utc_start_time, utc_stop_time, interface_version, quality_version,"
            " revision_version, false, level, file_create_date, false"
            " from file where name = 'l1_20200101_v1.0.0.dat'",
        ),
        (
            "promise 2: l1 of 2020-01-01 has several files of one version: "
            "l1_20200101_v1.0.0.dat, twin",
        ),
    ),
    (
        "two rows of one path",
        (
            "alter table file drop constraint uq_file_mission_id_path",
            "update file set path = 'l0/l0_20200101_v1.0.1.dat', exists_on_disk = false"
            " where name = 'l1_20200101_v1.0.0.dat'",
        ),
        ("promise 2: l0/l0_20200101_v1.0.1.dat is the place of 2 rows",),
    ),
    (
        "an interval without a newest file",
        ("update file set newest = false where name like 'l2_20200101%'",),
        ("promise 2: l2 of 2020-01-01 has 2 files and none is the newest",),
    ),
    (
        "two newest files of an interval",
        (
            "drop index uq_file_newest",
            "update file set newest = true where name = 'l2_20200101_v1.0.0.dat'",
        ),
        (
            "promise 2: l2 of 2020-01-01 has several newest files",
            "promise 5: l2_20200101_v1.0.0.dat is the newest, but",
            "promise 5: l2_20200101_v1.0.0.dat was made from l1_20200101_v1.0.0.dat",
        ),
    ),
    (
        "a newest file that is not the highest",
        (
            "update file set newest = false where name = 'l2_20200101_v1.0.1.dat'",
            "update file set newest = true where name = 'l2_20200101_v1.0.0.dat'",
        ),
        (
            "promise 5: l2_20200101_v1.0.0.dat is the newest, but l2_20200101_v1.0.1.dat has a "
            "higher version",
            "promise 5: l2_20200101_v1.0.0.dat was made from l1_20200101_v1.0.0.dat",
        ),
    ),
    (
        "a build that is built and never gave its output",
        (
            "update file set build_id = null where name = 'l2_20200102_v1.0.0.dat'",
            "delete from event where kind = 'file adopted' and build_id = (select id from build"
            " where interval_key = '2020-01-02' and process_id ="
            " (select id from process where name = 'mk_l2'))",
        ),
        (
            "promise 4: mk_l2 of 2020-01-02 is built, but its build 4 never gave a l2",
            "promise 4: mk_l2 of 2020-01-02 is built, but its l2 is gone",
        ),
    ),
    (
        "an output of a build that never was built",
        (
            "update build set state = 'failed', cancel_requested_at = now() where interval_key ="
            " '2020-01-02' and process_id = (select id from process where name = 'mk_l2')",
            "delete from event where kind = 'build built'",
        ),
        ("promise 4: l2_20200102_v1.0.0.dat is an output of build",),
    ),
    (
        "a newest file whose parent is not the newest",
        (
            "update file_link set source_file = (select id from file where name ="
            " 'l0_20200101_v1.0.0.dat') where resulting_file = (select id from file where name ="
            " 'l1_20200101_v1.0.1.dat')",
        ),
        ("promise 5: l1_20200101_v1.0.1.dat was made from l0_20200101_v1.0.0.dat, which is",),
    ),
    (
        "two builds of the same inputs and code",
        (
            "drop index uq_build_fingerprint",
            "drop index uq_build_built",
            "update build b set interval_key = '2020-01-01', fingerprint = (select fingerprint"
            " from build o where o.process_id = b.process_id and o.state = 'built'"
            " and o.interval_key = '2020-01-01') where interval_key = '2020-01-02'"
            " and process_id = (select id from process where name = 'mk_l2')",
        ),
        (
            "promise 1: mk_l2 of 2020-01-01 has 2 built and 0 open builds",
            "promise 6: mk_l2 of 2020-01-01 is made more than once",
        ),
    ),
    (
        "a build without a reason",
        ("update build set reason = ' ' where id = (select min(id) from build)",),
        ("promise 7: build",),
    ),
    (
        "a failed build that nothing tries again",
        (
            "update build set state = 'failed', reason = 'bad' where interval_key = '2020-01-02'"
            " and process_id = (select id from process where name = 'mk_l2')",
        ),
        ("promise 7: mk_l2 of 2020-01-02 has failed (bad), nobody ended it",),
    ),
    (
        "a failed build whose retry nothing wakes",
        (
            "update build set state = 'failed', reason = 'bad', not_before = now()"
            " where interval_key = '2020-01-02'"
            " and process_id = (select id from process where name = 'mk_l2')",
        ),
        ("promise 7: mk_l2 of 2020-01-02 is failed (bad), and nothing wakes it",),
    ),
    (
        "a purge that did not leave level 0",
        (
            "insert into tombstone (mission_id, file_id, product_id, name, path, utc_file_date,"
            " interval_key, keywords, interface_version, quality_version, revision_version, fate,"
            " actor, reason) select mission_id, 999, product_id, 'l0_old', 'l0/old',"
            " utc_file_date, interval_key, '', 1, 0, 0, 'removed', 'me', 'no'"
            " from file where name = 'l0_20200101_v1.0.0.dat'",
        ),
        ("promise 9: l0_old was of level 0, and its purge did not leave its bytes",),
    ),
]


@pytest.fixture(scope="module")
def two_versions(module_catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A mission whose files of the first day have two versions."""
    lab = Lab(module_catalog, tmp_path_factory.mktemp("two-versions"))
    lab.put_many("l0", [D1, D2])
    lab.process()
    lab.put("l0", D1, "1.0.1")
    lab.process()
    return lab


@pytest.mark.parametrize(
    ("statements", "expected"),
    [one[1:] for one in BY_ROWS],
    ids=[one[0] for one in BY_ROWS],
)
def test_rows_that_break_a_promise_are_told(
    two_versions: Lab, statements: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    with two_versions.catalog.engine.connect() as connection:  # what is changed is rolled back
        connection.execute(text("set local search_path to headwater"))
        for statement in statements:
            connection.execute(text(statement))
        found = [
            f"promise {one.promise}: {one.subject} {one.problem}"
            for one in breaches(connection, two_versions.mission.id)
        ]
    assert len(found) == len(expected), found
    assert all(one.startswith(start) for one, start in zip(found, expected, strict=True)), found


def test_an_output_whose_row_is_lost_breaks_promise_4_until_it_is_looked_at(lab: Lab) -> None:
    (lab.root / "l2/l2_20200102_v1.0.0.dat").unlink()
    run(lab.catalog, "update file set exists_on_disk = false where name like 'l2_20200102%'")
    assert broken(lab) == ["promise 4: mk_l2 of 2020-01-02 is built, but its l2 is gone"]
    run(
        lab.catalog,
        "insert into wake (process_id, utc_date, reason) select id, '2020-01-02', 'lost'"
        " from process where name = 'mk_l2'",
    )
    assert broken(lab) == []


def test_a_file_of_an_old_code_breaks_promise_5_unless_its_date_is_looked_at(lab: Lab) -> None:
    run(
        lab.catalog,
        "update code set active = false where id = (select min(id) from code)",
        "insert into code (process_id, filename, interface_version, quality_version,"
        " revision_version, output_interface, start_date, stop_date, date_written)"
        " select process_id, 'new.sh', 1, 1, 0, 1, start_date, stop_date, date_written"
        " from code where id = (select min(id) from code)",
    )
    found = broken(lab)
    assert len(found) == 2
    assert all("made by copy.sh" in one and "new.sh" in one for one in found)
    assert {one[:10] for one in found} == {"promise 5:"}


def test_what_a_new_code_makes_keeps_promise_5(lab: Lab) -> None:
    lab.code("better.sh", (lab.root / "codes" / "copy.sh").read_text())
    newer = process(
        "mk_l1", "l1", "required_input1 = product_l0", timebase="FILE", code="better.sh",
        version="1.1.0",
    )  # fmt: skip
    lab.change((*CHAIN[:3], newer, CHAIN[4]))
    assert broken(lab) == []
    lab.process()
    assert broken(lab, at_rest=True) == []
