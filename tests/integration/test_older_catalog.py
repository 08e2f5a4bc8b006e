"""A catalog older than its archive: an audit takes back what the archive holds beyond it."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from processing_lab import Lab
from psycopg import sql
from sqlalchemy import text

from headwater.archive.promises import broken_promises
from headwater.catalog import schema
from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.flows.audit import AuditWishes, audit
from headwater.ingest.claim import claim_arrivals
from headwater.ingest.scan import Intake
from headwater.ingest.service import ingest_claim, ingest_pending
from headwater.local.dump import dump_catalog, restore_catalog
from headwater.missions.inspection.host import InspectorHost
from headwater.processing.purging import PurgeRules, purge

pytestmark = pytest.mark.fault(15)

D1, D2, D3 = date(2020, 1, 1), date(2020, 1, 2), date(2020, 1, 3)


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    """A day of l0 that arrived, and what is made from it."""
    lab = Lab(catalog, tmp_path / "lab")
    arrive(lab, "l0_20200101_v1.0.0.dat")
    lab.process()
    return lab


def arrive(lab: Lab, *names: str) -> None:
    for name in names:
        (lab.root / "incoming" / name).write_text(f"{name}\n")
    ingest_pending(lab.catalog, lab.mission, lab.actor, intake=Intake(0.0))


@pytest.fixture
def empty(catalog: Catalog) -> Iterator[Catalog]:
    """An empty database beside the catalog's own."""
    dsn = catalog.url.set(drivername="postgresql", database="postgres")
    name = f"restored_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(dsn.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        opened = Catalog(catalog.url.set(database=name))
        yield opened
        opened.close()
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def restored(lab: Lab, dump: Path, into: Catalog) -> Lab:
    """The same mission on the disk, with the catalog of the dump."""
    restore_catalog(into, dump)
    schema.check(into)
    return Lab(into, lab.root, sections=None)


def sums(lab: Lab) -> dict[str, str]:
    """Path -> sha256 of all that lies in the products' folders."""
    return {
        path.relative_to(lab.root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for product in ("l0", "l1", "l2")
        for path in sorted((lab.root / product).glob("*"))
    }


def repair(lab: Lab) -> list[tuple[str, str, str]]:
    report = audit(lab.catalog, "lab", lab.actor, AuditWishes(repair=True))
    return [(one.kind, one.subject, one.state.value) for one in report.kept]


def test_what_came_and_was_made_after_the_backup_is_taken_back(
    lab: Lab, empty: Catalog, tmp_path: Path
) -> None:
    dump = tmp_path / "old.dump"
    dump_catalog(lab.catalog, dump)
    arrive(lab, "l0_20200102_v1.0.0.dat", "l0_20200101_v1.0.1.dat")
    lab.process()
    before = sums(lab)
    beyond = sorted(path for path in before if "20200102" in path or "v1.0.1" in path)
    assert len(beyond) == 6

    old = restored(lab, dump, empty)
    assert len(broken_promises(old.catalog, "lab")) == 6
    found = repair(old)
    assert [one for one in found if one[0] == "dark"] == [
        ("dark", path, "repaired") for path in beyond
    ]
    assert old.newest("l0") == {"2020-01-01": "1.0.1", "2020-01-02": "1.0.0"}
    old.process()

    after = sums(old)
    assert {path: after[path] for path in before} == before, "nothing was overwritten"
    assert broken_promises(old.catalog, "lab", at_rest=True) == []
    assert repair(old) == []
    assert old.newest("l1") == old.newest("l2") == {"2020-01-01": "1.1.0", "2020-01-02": "1.1.0"}
    assert {reason for _, state, reason in old.builds("mk_l1") if state == "built"} == {
        "nothing tells what l1_20200101_v1.0.1.dat was made from",
        "nothing tells what l1_20200102_v1.0.0.dat was made from",
    }


def test_a_restore_of_the_latest_state_leaves_nothing_to_repair(
    lab: Lab, empty: Catalog, tmp_path: Path
) -> None:
    dump = tmp_path / "new.dump"
    dump_catalog(lab.catalog, dump)
    old = restored(lab, dump, empty)
    assert repair(old) == []
    assert broken_promises(old.catalog, "lab", at_rest=True) == []


def test_work_that_was_under_way_at_the_backup_ends(
    lab: Lab, empty: Catalog, tmp_path: Path
) -> None:
    """A claim, a promise and a running build of the old state, all of which have ended since."""
    (lab.root / "incoming" / "l0_20200102_v1.0.0.dat").write_text("second\n")
    ghost = Actor("ghost")
    [claim] = claim_arrivals(lab.catalog, lab.mission, ghost, intake=Intake(0.0))
    _promise_and_run(lab)
    dump = tmp_path / "busy.dump"
    dump_catalog(lab.catalog, dump)
    with InspectorHost(lab.mission.facts(), lab.mission.inspector_specs(), time_limit=20) as host:
        ingest_claim(lab.catalog, lab.mission, claim.token, ghost, host)
    (lab.root / "l1" / "l1_20200109_v1.0.0.dat").write_text("filed after the backup\n")
    before = sums(lab)

    old = restored(lab, dump, empty)
    _leases_are_over(old)
    repair(old)
    old.process()
    after = sums(old)
    assert {path: after[path] for path in before} == before, "nothing was overwritten"
    assert set(old.newest("l0")) == {"2020-01-01", "2020-01-02"}
    assert old.newest("l1")["2020-01-09"] == "1.0.0"
    [first, *_] = old.rows(
        "select disposition from headwater.arrival where name = 'l0_20200102_v1.0.0.dat'"
        " order by id"
    )
    assert first.disposition == "ignored"
    assert repair(old) == []
    assert broken_promises(old.catalog, "lab", at_rest=True) == []


def _promise_and_run(lab: Lab) -> None:
    """The rows of somebody who is filing an output of a build that runs."""
    with lab.catalog.begin() as connection:
        connection.execute(
            text(
                "insert into headwater.intent (mission_id, token, state, source_path, part_path,"
                " final_path, lease_until) select id, gen_random_uuid(), 'open', :source, :part,"
                " 'l1/l1_20200109_v1.0.0.dat', now() from headwater.mission"
            ),
            {
                "source": os.fsencode(lab.root / ".work" / "gone" / "1.0"),
                "part": os.fsencode(lab.root / "l1" / f".{'a' * 32}-0.part"),
            },
        )
        connection.execute(
            text(
                "update headwater.build set state = 'running', token = gen_random_uuid(),"
                " lease_until = now(), attempts = 1, claimed_by = 'ghost' where id ="
                " (select max(id) from headwater.build)"
            )
        )


def _leases_are_over(lab: Lab) -> None:
    with lab.catalog.begin() as connection:
        for table in ("arrival", "intent"):
            connection.execute(
                text(f"update headwater.{table} set lease_until = now() - interval '1 hour'")
            )


def test_arrivals_quarantined_or_claimed_after_the_backup_are_not_lost(
    lab: Lab, empty: Catalog, tmp_path: Path
) -> None:
    dump = tmp_path / "old.dump"
    dump_catalog(lab.catalog, dump)
    arrive(lab, "nonsense.txt")
    (lab.root / "incoming" / "l0_20200103_v1.0.0.dat").write_text("third\n")
    claim_arrivals(lab.catalog, lab.mission, Actor("ghost"), intake=Intake(0.0))

    old = restored(lab, dump, empty)
    repair(old)
    assert (lab.root / "errors" / "nonsense.txt").exists(), "it stays for a person to look at"
    assert (lab.root / "incoming" / "l0_20200103_v1.0.0.dat").exists(), "it arrives once more"
    arrive(old)
    assert old.newest("l0")["2020-01-03"] == "1.0.0"
    assert broken_promises(old.catalog, "lab", at_rest=False) == []


def test_files_purged_after_the_backup_are_made_again(
    lab: Lab, empty: Catalog, tmp_path: Path
) -> None:
    """Their tombstones are gone with the catalog; what is back says so, and can be purged again."""
    dump = tmp_path / "old.dump"
    dump_catalog(lab.catalog, dump)
    purge(lab.catalog, lab.mission, ["l2_20200101_v1.0.0.dat"], lab.actor, "a test", PurgeRules())
    old = restored(lab, dump, empty)
    assert repair(old) == [("lost", "l2/l2_20200101_v1.0.0.dat", "repaired")]
    old.process()
    assert old.newest("l2") == {"2020-01-01": "1.0.1"}
    assert broken_promises(old.catalog, "lab", at_rest=True) == []


def test_numbers_given_after_the_backup_are_not_given_again(
    lab: Lab, empty: Catalog, tmp_path: Path
) -> None:
    """Else a quarantined file is taken for one that is quarantined now, and overwritten."""
    dump = tmp_path / "old.dump"
    dump_catalog(lab.catalog, dump)
    (lab.root / "incoming" / "nonsense.txt").write_text("first")
    ingest_pending(lab.catalog, lab.mission, lab.actor, intake=Intake(0.0))
    given = lab.rows("select max(id) as arrival from headwater.arrival")[0].arrival
    old = restored(lab, dump, empty)
    (old.root / "incoming" / "nonsense.txt").write_text("second")
    ingest_pending(old.catalog, old.mission, old.actor, intake=Intake(0.0))
    kept = sorted((old.root / "errors").glob("nonsense.txt*"))
    assert [p.read_text() for p in kept if p.suffix != ".json"] == ["first", "second"]
    assert old.rows("select max(id) as arrival from headwater.arrival")[0].arrival > given


def test_a_removal_that_was_promised_does_not_remove_what_came_to_its_place(
    lab: Lab, empty: Catalog, tmp_path: Path
) -> None:
    with lab.catalog.begin() as connection:
        connection.execute(
            text(
                "insert into headwater.intent (mission_id, token, state, source_path, part_path,"
                " final_path, lease_until) select id, gen_random_uuid(), 'removing', '', '',"
                " 'l1/l1_20200109_v1.0.0.dat', now() - interval '1 hour' from headwater.mission"
            )
        )
    dump = tmp_path / "old.dump"
    dump_catalog(lab.catalog, dump)
    (lab.root / "l1" / "l1_20200109_v1.0.0.dat").write_text("filed after the backup\n")
    old = restored(lab, dump, empty)
    repair(old)
    assert old.newest("l1")["2020-01-09"] == "1.0.0"
    assert (old.root / "l1" / "l1_20200109_v1.0.0.dat").exists()
