"""The one look of ``headwater.system``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from headwater_airflow.operators.base import HeadwaterOperator, actor_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from headwater.catalog.connection import Catalog
    from headwater.core.actor import Actor
    from headwater.missions.loaded import LoadedMission


class SystemOperator(HeadwaterOperator):
    """Recovers, refreshes and wakes, in this order, all in one task.

    One task costs a third of a second of CPU whatever it does, so there is only one. A step that
    goes wrong does not stop the others; the task fails at the end and names each. It ends
    skipped if there was nothing to do.
    """

    def work(self, context: Context) -> list[str]:
        """One look; gives what was done, a sentence each.

        Raises
        ------
        AirflowException
            If any step went wrong.
        AirflowSkipException
            If there was nothing to do.
        """
        from headwater_airflow.catalog_access import open_catalog

        with open_catalog() as catalog:
            look = Look(catalog, actor_of(context), self.log.warning)
            done = look.all_steps()
        for line in done:
            self.log.info("%s", line)
        if look.troubles:
            raise AirflowException("; ".join(look.troubles))
        if not done:
            raise AirflowSkipException("there was nothing to do")
        return done


class Look:
    """One look at everything; each step gives sentences about what it did."""

    def __init__(self, catalog: Catalog, actor: Actor, warn: Callable[..., Any]) -> None:
        self._catalog = catalog
        self._actor = actor
        self._warn = warn
        self.troubles: list[str] = []
        self._resumed: list[str] = []

    def all_steps(self) -> list[str]:
        """Do every step, however the others go."""
        from headwater.missions.loaded import mission_names

        missions = mission_names(self._catalog)
        done = self._tried("what persons marked", self._reconcile)
        done += self._tried("freeing builds", self._free_builds)
        for mission in missions:
            done += self._tried(f"recovering {mission}", partial(self._recover, mission))
        changed = [
            mission
            for mission in missions
            if self._tried(f"the snapshot of {mission}", partial(self._rewrite, mission))
        ]
        done += [f"rewrote the snapshot of {mission}" for mission in changed]
        done += self._tried("Airflow", partial(self._airflow, changed=bool(changed)))
        return done

    def _tried(self, what: str, step: Callable[[], list[str]]) -> list[str]:
        from headwater.core.errors import CatalogUnavailableError, HeadwaterError

        try:
            return step()
        except CatalogUnavailableError:
            raise  # no other step can do better
        except (HeadwaterError, OSError) as error:
            self._warn("%s: %s", what, error)
            self.troubles.append(f"{what}: {error}")
            return []

    def _reconcile(self) -> list[str]:
        from headwater_airflow.airflow_access import open_airflow
        from headwater_airflow.reconciling import end_lost_leases, missed_marks

        with open_airflow() as rest:
            done = missed_marks(self._catalog, rest)
            end_lost_leases(self._catalog, rest)  # the next step frees them, and says so
        return done

    def _free_builds(self) -> list[str]:
        from headwater.processing.service import reap_expired_leases

        return [
            f"build {number} is {state}: {reason}"
            for number, state, reason in reap_expired_leases(self._catalog)
        ]

    def _recover(self, name: str) -> list[str]:
        from headwater.archive.recovery import recover_intents
        from headwater.missions.loaded import load_mission
        from headwater.processing.campaigns import finish
        from headwater.processing.work_directory import sweep_work_directories

        mission = load_mission(self._catalog, name)
        recovered = recover_intents(self._catalog, mission.id, mission.rootdir, self._actor)
        self._resume(mission)
        swept = sweep_work_directories(mission)
        ended = finish(self._catalog, mission, self._actor)
        return [
            *(each.reason for each in recovered),
            *(f"campaign {number} is done" for number in ended),
            *(f"removed the work directory {path}, which no run uses" for path in swept),
        ]

    def _resume(self, mission: LoadedMission) -> None:
        """Let an ingest that is paused go on if there is room on the disk again."""
        from headwater.ingest.room import IngestPausedError, resume_with_room

        try:
            if resume_with_room(self._catalog, mission, self._actor):
                self._resumed.append(mission.name)
        except IngestPausedError as error:
            self._warn("%s", error)

    def _rewrite(self, name: str) -> list[str]:
        from headwater.missions.snapshot import snapshot_folder, write_snapshot

        return [name] if write_snapshot(self._catalog, name, snapshot_folder()) else []

    def _airflow(self, *, changed: bool) -> list[str]:
        from headwater.missions.snapshot import read_snapshots, snapshot_folder
        from headwater.processing.service import due_processes
        from headwater_airflow.airflow_access import open_airflow
        from headwater_airflow.campaign_runs import MissionName, show_campaigns
        from headwater_airflow.due_runs import start_due_runs, start_runs
        from headwater_airflow.factories.incoming import incoming_dag_id
        from headwater_airflow.pools_and_files import ensure_pools, reparse_missions

        snapshots = read_snapshots(snapshot_folder())
        by_process = {
            (snapshot.mission, process.name): f"{snapshot.slug}.make.{process.slug}"
            for snapshot in snapshots
            for process in snapshot.processes
        }
        due = [
            (by_process[work.mission, work.process], work)
            for work in due_processes(self._catalog)
            if (work.mission, work.process) in by_process
        ]
        with open_airflow() as rest:
            done = ensure_pools(rest, snapshots)
            if changed:
                done += reparse_missions(rest)
            goes_on = [incoming_dag_id(one) for one in snapshots if one.mission in self._resumed]
            done += [
                f"started {dag_id}: the ingest goes on"
                for dag_id in start_runs(rest, goes_on, "there is room on the disk again")
            ]
            named = [MissionName(one.mission, one.slug) for one in snapshots]
            done += [f"started {run}" for run in start_due_runs(rest, due)]
            return done + show_campaigns(self._catalog, rest, named)
