"""The catalog's password is in no log, no row, no message, and where no code can read it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from processing_lab import CHAIN, Lab
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.core.errors import CatalogUnavailableError

pytestmark = pytest.mark.fault(71)

D1 = date(2020, 1, 1)
SECRET = "s3cret-of-the-catalog"
SNOOP = (
    f"#!{sys.executable}\n"
    + '''
"""Prints all that a code can see of itself, of its warden and of its keeper, and fails."""
import os
def parent(pid):
    return int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1])
pid = os.getpid()
for step in range(3):
    for name in ("environ", "cmdline"):
        try:
            print(step, name, open(f"/proc/{pid}/{name}", "rb").read())
        except OSError as error:
            print(step, name, error)
    try:
        for number in os.listdir(f"/proc/{pid}/fd"):
            print(step, number, os.readlink(f"/proc/{pid}/fd/{number}"))
    except OSError as error:
        print(step, error)
    pid = parent(pid)
for name, value in os.environ.items():
    print(name, value)
raise SystemExit(1)
'''
)
PASS = """
import logging, os, sys
logging.basicConfig(level=logging.DEBUG)
from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.core.errors import HeadwaterError
from headwater.ingest.service import ingest_pending
from headwater.missions.loaded import load_mission
from headwater.processing.service import process_pending
catalog = Catalog(os.environ["HEADWATER_CATALOG_URL"])
mission = load_mission(catalog, "lab")
print(ingest_pending(catalog, mission, Actor("tester")))
print(process_pending(catalog, mission, Actor("tester")))
logging.getLogger("test").debug("all of it was logged")
"""
GIVEN = {
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql://airflow:{SECRET}@db/airflow",
    "AIRFLOW_CONN_HEADWATER_CATALOG": f"postgresql://hw:{SECRET}@db/headwater",
    "AIRFLOW__CORE__FERNET_KEY": SECRET,
    "AIRFLOW__API_AUTH__JWT_SECRET": SECRET,
    "PGPASSWORD": SECRET,
    "MY_PASSWORD": SECRET,
    "SMTP_PASSWD": SECRET,
    "GITHUB_TOKEN": SECRET,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "SOME_ADDRESS": f"https://me:{SECRET}@host/",
}


def with_password(catalog: Catalog, **changes: object) -> tuple[str, str]:
    """The catalog's address, and the password in it: its own, since the server may ask for it."""
    password = str(catalog.url.password or SECRET)
    url = catalog.url.set(password=password, **changes)
    return url.render_as_string(hide_password=False), password


def everything_written(lab: Lab) -> str:
    """All rows of the catalog and all files of the mission, as one text."""
    with lab.catalog.read() as connection:
        tables = connection.execute(
            text("select table_name from information_schema.tables where table_schema='headwater'")
        ).scalars()
        rows = [
            str(row[0])
            for table in tables.all()
            for row in connection.execute(text(f'select t::text from headwater."{table}" t'))
        ]
    files = [path.read_text(errors="replace") for path in lab.root.rglob("*") if path.is_file()]
    return "\n".join([*rows, *files])


def test_a_password_is_in_no_log_row_or_file_and_no_code_sees_it(
    catalog: Catalog, tmp_path: Path
) -> None:
    lab = Lab(catalog, tmp_path / "lab", CHAIN)
    lab.settings(settle_seconds=0)
    lab.code("copy.sh", SNOOP)
    lab.put("l0", D1)
    (lab.root / "incoming/l0_20200102_v1.0.0.dat").write_text("x")
    (lab.root / "incoming/unknown.dat").write_text("x")
    url, password = with_password(catalog)
    environment = os.environ | GIVEN | {"HEADWATER_CATALOG_URL": url}
    done = subprocess.run(
        [sys.executable, "-c", PASS], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "all of it was logged" in done.stderr
    shown = done.stdout + done.stderr + everything_written(lab)
    logs = "".join(path.read_text() for path in (lab.root / "errors").glob("*.prob"))
    assert "0 cmdline" in logs
    assert "2 cmdline" in logs, "the code looked at its keeper too"
    assert SECRET not in shown
    assert password not in shown


@pytest.mark.parametrize("change", [{"port": 1}, {"database": "none_of_this_name"}])
def test_a_catalog_that_does_not_answer_is_named_without_its_password(
    catalog: Catalog, change: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    url, password = with_password(catalog, **change)
    away = Catalog(url)
    with pytest.raises(CatalogUnavailableError) as caught, away.read() as connection:
        connection.execute(text("select 1"))
    shown = [str(caught.value), repr(caught.value), repr(away.engine), caplog.text]
    assert password not in "".join(shown)


def test_a_command_that_meets_such_a_catalog_shows_no_password(catalog: Catalog) -> None:
    url, password = with_password(catalog, port=1)
    done = subprocess.run(
        [str(Path(sys.executable).with_name("headwater")), "status"],
        env=os.environ | {"HEADWATER_CATALOG_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert done.stderr
    assert password not in done.stdout + done.stderr
