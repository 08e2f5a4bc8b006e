"""What a code may know from its environment: everything that is not secret."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from headwater.processing.keeper.environment import code_environment


@pytest.mark.fault(71)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HEADWATER_CATALOG_URL", "x"),
        ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "x"),
        ("AIRFLOW_HOME", "x"),
        ("_AIRFLOW_PROCESS_CONTEXT", "x"),
        ("__AIRFLOW_SUPERVISOR_FD", "3"),
        ("PGPASSWORD", "x"),
        ("PGHOST", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("aws_session_token", "x"),
        ("SMTP_PASSWORD", "x"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "x"),
        ("DATABASE_URL", "x"),
        ("CELERY_BROKER_URL", "redis://:hidden@host/0"),
        ("MY_SERVICE", "https://me:hidden@host/"),
    ],
)
def test_a_secret_is_not_inherited(name: str, value: str) -> None:
    assert name not in code_environment({name: value}, {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CDF_LIB", "/opt/cdf/lib"),
        ("LD_LIBRARY_PATH", "/opt/lib"),
        ("PGPLOT_DIR", "/opt/pgplot"),
        ("HOME", "/home/me"),
        ("LC_ALL", "C.UTF-8"),
        ("TZ", "UTC"),
        ("http_proxy", "http://proxy:3128"),
        ("MAIL", "me@example.org"),
    ],
)
def test_what_codes_rely_on_is_inherited(name: str, value: str) -> None:
    assert code_environment({name: value}, {})[name] == value


def test_what_the_mission_sets_wins_and_is_not_filtered() -> None:
    made = code_environment({"CDF_LIB": "old"}, {"CDF_LIB": "new", "MISSION_KEY": "1"})
    assert (made["CDF_LIB"], made["MISSION_KEY"]) == ("new", "1")


def test_the_interpreters_folder_comes_first_on_the_path_and_once() -> None:
    own = str(Path(sys.executable).parent)
    assert code_environment({"PATH": f"/usr/bin:{own}"}, {})["PATH"] == f"{own}:/usr/bin"
    assert code_environment({}, {})["PATH"].split(os.pathsep)[0] == own
    assert code_environment({}, {"PATH": "/only"})["PATH"] == "/only"
