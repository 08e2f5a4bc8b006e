"""The plan of one run of a process DAG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.bases.skipmixin import SkipMixin
from airflow.sdk.exceptions import AirflowSkipException

from headwater_airflow.asked_dates import asked_span
from headwater_airflow.batches import Chunk, ToMake, chunks_of
from headwater_airflow.operators.base import HeadwaterOperator, asking_actor, is_by_hand, is_retried
from headwater_airflow.operators.failures import record_chunks

if TYPE_CHECKING:
    from airflow.sdk import Context

    from headwater.core.interval import DateSpan
    from headwater.missions.loaded import LoadedProcess
    from headwater.processing.planner import Plan

REASONS_SHOWN = 50


class PlanOperator(HeadwaterOperator, SkipMixin):
    """Plans a process for the run's dates, and gives the builds to make in chunks.

    The dates are the run's partition key, or the params ``key``, or ``first_date`` and
    ``last_date``; with none of them all that is due is planned, in bounded pieces. It claims
    nothing, and ends skipped with the reasons if nothing is to be made.

    Parameters
    ----------
    mission, process
        Their names.
    cores
        How many build tasks work at the same time.
    several
        The task that gathers the failures of chunks: skipped here when each build has a task of
        its own, since then there is nothing to gather.
    makes
        The task that is mapped over the chunks: the catalog keeps which builds each is to make.
    """

    template_fields = ("mission", "process")

    def __init__(
        self,
        *,
        mission: str,
        process: str,
        cores: int = 2,
        several: str | None = None,
        makes: str = "build",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.mission = mission
        self.process = process
        self.cores = cores
        self.several = several
        self.makes = makes

    def work(self, context: Context) -> list[Chunk]:
        """Plan, and give the chunks of builds.

        Raises
        ------
        AirflowSkipException
            If nothing is to be made.
        """
        span = asked_span(context["dag_run"].partition_key, context["params"])
        plan, builds, seconds = self._plan(context, span)
        self._say(plan)
        chunks = chunks_of(builds, cores=self.cores, seconds_each=seconds)
        record_chunks(context, self.makes, chunks)
        if self.several and all(len(chunk["builds"]) == 1 for chunk in chunks):
            self._skip_now(context, self.several)
        if not chunks:
            raise AirflowSkipException(_nothing_to_make(plan, span))
        self.log.info("%d builds in %d tasks", len(builds), len(chunks))
        return chunks

    def _skip_now(self, context: Context, task_id: str) -> None:
        """Skip a task that follows, and go on.

        Airflow's own `skip` ends this task by an exception and drops what it gives, so that
        nothing could be mapped over it (seen on 3.3.2).
        """
        from airflow.sdk.exceptions import DownstreamTasksSkipped
        from airflow.sdk.execution_time.comms import SkipDownstreamTasks
        from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

        try:
            self.skip(context["ti"], [context["dag"].get_task(task_id)])
        except DownstreamTasksSkipped:
            SUPERVISOR_COMMS.send(msg=SkipDownstreamTasks(tasks=[task_id]))

    def _plan(
        self, context: Context, span: DateSpan | None
    ) -> tuple[Plan, list[ToMake], float | None]:
        """The plan, all builds of the dates that may be made now, and how long one takes."""
        from headwater.missions.loaded import load_mission
        from headwater.processing.pace import usual_seconds
        from headwater.processing.planner import plan_due
        from headwater.processing.service import pending_builds, retry_builds
        from headwater_airflow.catalog_access import open_catalog

        actor = asking_actor(context)
        with open_catalog() as catalog:
            mission = load_mission(catalog, self.mission)
            process = mission.process(self.process)
            reach = span and _reach(process, span)
            plan = plan_due(catalog, mission, process, actor=actor, span=reach)
            if span and (is_retried(context) or is_by_hand(context)):
                retry_builds(catalog, mission, _stopped(plan), actor)
            found = pending_builds(catalog, mission, process, span=span and plan.reach)
            seconds = usual_seconds(catalog, process) if found else None
        names = {entry.build_id: entry.interval_key for entry in plan.entries}
        names |= {build.build_id: build.interval_key for build in plan.builds}
        builds = [ToMake(number, day, names.get(number) or f"{day}") for number, day in found]
        return plan, builds, seconds

    def _say(self, plan: Plan) -> None:
        not_made = [entry for entry in plan.entries if entry.action != "make"]
        for entry in not_made[:REASONS_SHOWN]:
            self.log.info("%s: %s, %s", entry.interval_key, entry.action, entry.reason)
        if len(not_made) > REASONS_SHOWN:
            self.log.info("and %d more that are not made", len(not_made) - REASONS_SHOWN)
        if plan.more:
            self.log.info("more dates are due: the next run takes them")


def _stopped(plan: Plan) -> list[int]:
    """The builds of the dates that failed and wait, or are held."""
    return [
        entry.build_id
        for entry in plan.entries
        if entry.build_id is not None and (entry.action == "hold" or entry.not_before is not None)
    ]


def _reach(process: LoadedProcess, span: DateSpan) -> DateSpan:
    """The output dates that inputs of `span` bear on (spec dbprocessing 5.2)."""
    return span.widened(
        max((each.days_after for each in process.inputs), default=0),
        max((each.days_before for each in process.inputs), default=0),
    )


def _nothing_to_make(plan: Plan, span: DateSpan | None) -> str:
    """The sentence of a run that has nothing to do."""
    where = f" for {span}" if span else ""
    if not plan.entries:
        return f"{plan.process}: nothing is due{where}"
    entry = plan.entries[0]
    return f"{plan.process}: nothing to make{where}; {entry.interval_key}: {entry.reason}"
