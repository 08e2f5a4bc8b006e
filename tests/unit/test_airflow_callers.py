"""What each role of Airflow's SimpleAuthManager may do, by Airflow's own rules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from headwater.local.airflow_environment import _users

ASK = """
import json
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from headwater.web.access import Right
from headwater_airflow.callers import AirflowCaller
create_auth_manager()
found = {}
for role in ("viewer", "user", "op", "admin", ""):
    user = SimpleAuthManagerUser(username="ann", role=role or None)
    caller = AirflowCaller(user, "token")
    found[role] = [right.value for right in Right if caller.may(right, "demo")]
    assert caller.name == "ann"
print("FOUND" + json.dumps(found))
"""


def test_the_roles_of_airflow_have_the_rights_of_their_names(tmp_path: Path) -> None:
    ours = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")}
    ours |= {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=ours, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("FOUND"))
    assert json.loads(line.removeprefix("FOUND")) == {
        "viewer": ["look"],
        "user": ["look", "trigger"],
        "op": ["look", "trigger", "operate"],
        "admin": ["look", "trigger", "operate", "administer"],
        "": [],
    }


def test_accounts_of_the_environment_are_added_and_change_none_of_ours() -> None:
    assert _users("") == "admin:admin,headwater:admin"
    assert _users("vic:viewer, admin:viewer,,uma:user") == (
        "admin:admin,headwater:admin,vic:viewer,uma:user"
    )
