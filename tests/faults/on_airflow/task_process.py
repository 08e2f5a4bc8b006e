"""The work of one build task in a process of its own: ``task_process.py MISSION [BUILD...]``.

A broker that delivers a task twice starts two of these; both say the same of themselves.
"""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

from headwater_airflow.operators.build import BuildOperator


def main(mission: str, builds: list[int]) -> None:
    """Make the builds as the operator does; print what it gives, or why it skipped itself."""
    task = BuildOperator(task_id="build", mission=mission, chunk=builds)
    instance = SimpleNamespace(
        dag_id="delivered", run_id="twice", task_id="build", map_index=0, try_number=1, task=task
    )
    try:
        said = task.work({"ti": instance, "outlet_events": {}})
    except Exception as error:
        said = {"built": 0, "reason": f"{type(error).__name__}: {error}"}
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], [int(number) for number in sys.argv[2:]])
