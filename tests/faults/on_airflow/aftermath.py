"""What must hold after a fault: everything is made, once, and nothing green is a lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import psutil
from on_airflow.site import L1, L2, Site, until

from headwater.archive.promises import broken_promises

DAYS = 200
PRODUCTS = ("synth_l0", "synth_l1", "synth_l2")
_ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}


@dataclass(frozen=True)
class Drop:
    """Level 0 files of so many days, and what becomes of them."""

    site: Site
    first: str
    days: int = DAYS

    @classmethod
    def of(cls, site: Site, first: str, days: int = DAYS) -> Drop:
        """Drop the files."""
        site.drop(first, days)
        return cls(site, first, days)

    @property
    def last(self) -> str:
        return str(date.fromisoformat(self.first) + timedelta(self.days - 1))

    @property
    def dates(self) -> dict[str, str]:
        return {"first": self.first, "last": self.last}

    def made(self, product: str) -> int:
        """How many files of a product there are."""
        return self.site.products(**self.dates).get(product, 0)

    def halfway(self, product: str = "synth_l1") -> None:
        """Wait until a fifth of a product is made, so that its tasks are at work."""
        until(lambda: self.made(product) >= self.days // 5, 240)

    def complete(self, seconds: float = 240) -> None:
        """Wait until every product is made and every build has ended."""
        wanted = dict.fromkeys(PRODUCTS, self.days)
        until(lambda: self.site.products(**self.dates) == wanted and not self._open(), seconds)

    def one_run_halfway(self) -> dict[str, Any]:
        """The one level 1 run of a drop made while ``headwater.system`` is paused, at work."""
        self.halfway()
        (run,) = self.runs(L1)
        return run

    def _open(self) -> list[Any]:
        return self.site.rows(
            "select id from headwater.build where utc_date between :first and :last "
            "and state in ('pending', 'waiting', 'running')",
            **self.dates,
        )

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """The runs of a DAG for some of these dates."""
        runs = self.site.rest(lambda rest: rest.runs(dag_id))
        return [run for run in runs if self._has(run["partition_key"])]

    def _has(self, key: str | None) -> bool:
        first, _, last = (key or "").partition("/")
        return bool(first) and first <= self.last and (last or first) >= self.first


def everything_once(drop: Drop) -> None:
    """Each file exists once, at its first version; each build is built, by one build row."""
    files = drop.site.rows(
        "select p.name, count(*), count(distinct f.utc_file_date), bool_and(f.newest), "
        "string_agg(distinct concat_ws('.', f.interface_version, f.quality_version, "
        "f.revision_version), ' ') "
        "from headwater.file f join headwater.product p on p.id = f.product_id "
        "where f.utc_file_date between :first and :last group by 1 order by 1",
        **drop.dates,
    )
    wanted = (drop.days, drop.days, True, "1.0.0")
    assert [tuple(row) for row in files] == [(name, *wanted) for name in PRODUCTS]
    builds = drop.site.rows(
        "select p.name, b.state, count(*) from headwater.build b "
        "join headwater.process p on p.id = b.process_id "
        "where b.utc_date between :first and :last group by 1, 2 order by 1",
        **drop.dates,
    )
    assert [tuple(row) for row in builds] == [
        (process, "built", drop.days) for process in ("make_l1", "make_l2")
    ]
    assert list((drop.site.folder / "incoming").glob("synth*")) == []


def no_code_left(site: Site) -> None:
    """No code of the mission runs any more, and no keeper of one."""
    assert until(lambda: not list(_codes(site)), 30), "codes are left"


def _codes(site: Site) -> Iterator[psutil.Process]:
    for process in psutil.process_iter(["cmdline"]):
        if any(str(site.folder / "codes") in word for word in process.info["cmdline"] or ()):
            yield process


def no_false_green(drop: Drop) -> None:
    """Whatever a green task was to build is built, and it built some of it."""
    for dag_id in (L1, L2):
        for run in drop.runs(dag_id):
            tasks = drop.site.tasks(run)
            green = [index for (name, index), state in tasks.items()
                     if name == "build" and state == "success"]  # fmt: skip
            if green:
                chunks = given(drop.site, run, "plan", -1)
                for index in green:
                    _is_true(drop, run, chunks[index]["builds"], index)


def _is_true(drop: Drop, run: dict[str, Any], builds: list[int], index: int) -> None:
    said = given(drop.site, run, "build", index)
    states = drop.site.rows(
        "select state, count(*) from headwater.build where id = any(:ids) group by 1", ids=builds
    )
    assert {row[0] for row in states} == {"built"}, (run["dag_run_id"], index, states)
    mine = drop.site.rows(
        "select count(*) from headwater.build where airflow_run_id = :run and state = 'built' "
        "and airflow_task_id = 'build' and airflow_map_index = :index",
        run=run["dag_run_id"],
        index=index,
    )
    assert 0 < said["built"] <= mine[0][0], (run["dag_run_id"], index, said)


def given(site: Site, run: dict[str, Any], task: str, index: int) -> Any:
    """What a task has given to those after it."""
    path = (f"/api/v2/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances/{task}"
            f"/xcomEntries/return_value")  # fmt: skip
    return site.rest(lambda rest: rest._send("GET", path, params={"map_index": index}))["value"]


def promises_kept(site: Site) -> None:
    """The promises of the design hold in the catalog and on the disk."""
    assert broken_promises(site.catalog, "synthetic") == []


def all_well(drop: Drop, seconds: float = 240) -> None:
    """After the fault everything is made, once, nothing green lies, no code is left."""
    drop.complete(seconds)
    everything_once(drop)
    no_code_left(drop.site)
    no_false_green(drop)
    promises_kept(drop.site)


def runs_end(drop: Drop, seconds: float = 240) -> None:
    """Wait until no run and no task of these dates is open."""

    def all_ended() -> bool:
        runs = [run for dag_id in (L1, L2) for run in drop.runs(dag_id)]
        return all(run["state"] in ("success", "failed") for run in runs)

    until(all_ended, seconds)
