"""Airflow's real API application with our plug-in, without a scheduler: requests by lines of JSON.

``process.py DAGS``; each line of stdin is ``[method, path, body, user, role, by]``, or
``["task", dag, run, task, map index, state]`` to have a task instance in a state; the answer is a
line.
"""

from __future__ import annotations

import json
import sys
import uuid
from typing import Any


def main(dags: str) -> None:
    """Make Airflow's database, read the DAGs, answer until stdin ends."""
    from airflow.utils.db import initdb

    initdb()
    _read_dags(dags)
    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from starlette.testclient import TestClient

    with TestClient(create_app(apps="core"), base_url="http://testserver") as client:
        _say("ready")
        for line in sys.stdin:
            asked = json.loads(line)
            if asked[0] == "task":
                _say(_put_task(*asked[1:]))
                continue
            method, path, body, user, role, by = asked
            token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=user, role=role))
            cookie = by == "cookie"
            login = (
                {"Cookie": f"_token={token}"} if cookie else {"Authorization": f"Bearer {token}"}
            )
            answer = client.request(method, path, json=body, headers=login)
            _say([answer.status_code, answer.json() if answer.content else None])


def _say(what: Any) -> None:
    sys.__stdout__.write("@" + json.dumps(what) + "\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]


def _read_dags(folder: str) -> None:
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

    DagBundlesManager().sync_bundles_to_db()
    bag = DagBag(folder, bundle_name="dags-folder", bundle_path=folder)
    sync_bag_to_db(bag, "dags-folder", None)


def _put_task(dag_id: str, run_id: str, task_id: str, map_index: int, state: str | None) -> str:
    """Have a mapped task in a state; what is not expanded yet becomes the first, others copies."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    table = TaskInstance.__table__
    of_task = (table.c.dag_id == dag_id, table.c.run_id == run_id, table.c.task_id == task_id)
    with create_session() as session:
        found = {row.map_index: row for row in session.execute(table.select().where(*of_task))}
        if map_index not in found and -1 not in found:
            like = next(iter(found.values()))
            own = {**like._mapping, "id": uuid.uuid4(), "map_index": map_index}
            session.execute(table.insert().values(own))
        here = map_index if map_index in found else -1 if -1 in found else map_index
        change = table.update().where(*of_task, table.c.map_index == here)
        session.execute(change.values(map_index=map_index, state=state))
    return "done"


if __name__ == "__main__":
    main(sys.argv[1])
