"""CPU seconds to build and serialise generated DAGs, as Airflow's DAG processor does.

A task process builds its own DAG only; the last column is what that costs it.
"""

from __future__ import annotations

import resource
import time

from airflow.serialization.serialized_objects import DagSerialization
from tests.unit.test_dag_structure import snapshot

from headwater.missions.snapshot import MissionSnapshot
from headwater_airflow.factories.missions import all_dags

COUNTS = (10, 100, 500)


def cpu_seconds_of(count: int) -> tuple[float, float]:
    """CPU seconds for all DAGs of a mission of `count` DAGs, and for one of them alone."""
    text = snapshot(count - 1).to_bytes()
    start = time.process_time()
    missions = [MissionSnapshot.model_validate_json(text)]
    for dag in all_dags(missions):
        DagSerialization.to_dict(dag)
    everything = time.process_time() - start
    start = time.process_time()
    missions = [MissionSnapshot.model_validate_json(text)]
    list(all_dags(missions, f"demo.make.make_p{count // 2}"))
    return everything, time.process_time() - start


def run() -> list[dict[str, float]]:
    """The rows of the table."""
    cpu_seconds_of(2)  # imports count once
    rows = []
    for count in COUNTS:
        everything, one = cpu_seconds_of(count)
        rows.append(
            {
                "dags": count,
                "cpu_seconds": round(everything, 2),
                "one_dag_ms": round(one * 1000, 1),
                "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            }
        )
    return rows


def main() -> None:
    """Print the table."""
    print(f"{'generated DAGs':>14} {'parse CPU s':>12} {'one alone ms':>13} {'peak MiB':>9}")
    for row in run():
        print(
            f"{row['dags']:>14} {row['cpu_seconds']:>12.2f} {row['one_dag_ms']:>13.1f} "
            f"{row['peak_mib']:>9}"
        )


if __name__ == "__main__":
    main()
