"""All benchmarks, one after the other, on a Postgres of their own that does fsync.

``make bench``. Figures say little by themselves: compare those of one run, and mind the load.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from headwater.local.postgres import LocalPostgres

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    "bench_dag_parse",
    "bench_ingest",
    "bench_durability",
    "bench_processing",
    "bench_large_catalog",
    "bench_audit",
    "bench_dbprocessing",
    "bench_airflow",
)


def main() -> int:
    chosen = sys.argv[1:] or PARTS
    with (
        tempfile.TemporaryDirectory(prefix="headwater-bench-") as folder,
        LocalPostgres(Path(folder) / "data") as server,
    ):
        environment = {**os.environ, "HEADWATER_TEST_POSTGRES": server.url("postgres")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        failed = 0
        for part in chosen:
            print(f"\n== {part.removeprefix('bench_')}", flush=True)
            failed |= subprocess.run(
                [sys.executable, "-m", f"tests.benchmarks.{part}"],
                cwd=ROOT,
                env=environment,
                check=False,
            ).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
