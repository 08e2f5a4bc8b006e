"""A campaign as a run of Airflow: its plan, and its approval in the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from headwater_airflow.operators.base import HeadwaterOperator, actor_of, is_retried
from headwater_airflow.operators.campaign_approval import REJECT

if TYPE_CHECKING:
    from airflow.sdk import Context

    from headwater.catalog.connection import Catalog
    from headwater.catalog.queries.campaigns import CampaignRow
    from headwater.core.actor import Actor
    from headwater.missions.loaded import LoadedMission
    from headwater.processing.campaigns import Wish


class CampaignOperator(HeadwaterOperator):
    """An operator on the campaigns of a mission."""

    def __init__(self, *, mission: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mission = mission


class CampaignPlanOperator(CampaignOperator):
    """Proposes the campaign of the form, or takes the one whose number is given; says its plan.

    A run that is cleared goes on with its campaign, unless that has ended: then another one is
    proposed. Gives number, state and text of the plan, and whether a person must approve it.

    Parameters
    ----------
    mission
        The mission's name.
    """

    template_fields = ("mission",)

    def work(self, context: Context) -> dict[str, Any]:
        """Propose; gives the plan.

        Raises
        ------
        AirflowSkipException
            If no date of the products has a file or an input.
        """
        from headwater.missions.loaded import load_mission
        from headwater.processing.campaign_plan import campaign_summary
        from headwater.processing.campaign_text import summary_lines
        from headwater_airflow.catalog_access import open_catalog

        with open_catalog() as catalog:
            mission = load_mission(catalog, self.mission)
            number = self._number(catalog, mission, context)
            summary = campaign_summary(catalog, mission, number)
        lines = summary_lines(summary)
        for line in (f"campaign {number}: {summary.reason}", *lines):
            self.log.info("%s", line)
        return {
            "campaign": number,
            "state": summary.state.value,
            "asks": summary.needs_approval,
            "text": "\n".join([f"**Campaign {number}: {summary.reason}**", "", *lines]),
        }

    def _number(self, catalog: Catalog, mission: LoadedMission, context: Context) -> int:
        """The campaign of this run, in one transaction with the note that it is this run's."""
        from headwater.catalog.queries import campaigns as queries
        from headwater.core.states import CampaignState
        from headwater.processing.campaigns import campaign, propose_within

        instance, params = context["ti"], context["params"]
        run = (instance.dag_id, instance.run_id)
        alive = [CampaignState.PROPOSED, CampaignState.RUNNING, CampaignState.PAUSED]
        with catalog.begin() as connection:
            own = queries.campaigns(connection, mission.id, run=run, states=alive, limit=1)
            if own:
                return own[0].id
            given = params.get("campaign")
            if given:
                number: int | None = campaign(connection, mission, int(given)).id
            else:
                wish = wish_of(mission, params)
                number = propose_within(connection, mission, person_of(context), wish).number
            if number is None:
                raise AirflowSkipException(
                    "no date of these products has a file or an input: nothing to do"
                )
            queries.set_run(connection, number, *run)
            return number


class CampaignRunOperator(CampaignOperator):
    """Lets a campaign run in the catalog, by the name of who approved it.

    One that somebody approved elsewhere goes on; a rejected one is aborted, and the rest of the
    run skipped. Cleared after somebody marked the run failed, it resumes the campaign.

    Parameters
    ----------
    mission
        The mission's name.
    plan, answer
        What a `CampaignPlanOperator` and a `CampaignApprovalOperator` gave.
    """

    template_fields = ("mission", "plan", "answer")

    def __init__(self, *, plan: Any, answer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plan = plan
        self.answer = answer

    def work(self, context: Context) -> int:
        """Approve or abort; gives the campaign's number.

        Raises
        ------
        AirflowSkipException
            If it was rejected, or is aborted.
        AirflowFailException
            If it was rejected, and somebody else had approved it before.
        """
        from headwater.missions.loaded import load_mission
        from headwater_airflow.catalog_access import open_catalog

        number = int(self.plan["campaign"])
        with open_catalog() as catalog:
            mission = load_mission(catalog, self.mission)
            row = campaign_row(catalog, mission, number)
            if self.answer.get("chosen") == REJECT:
                self._reject(catalog, mission, row, context)
            if row.state == "aborted":
                raise AirflowSkipException(
                    f"campaign {number} was aborted by {row.ended_by}: {row.end_reason}"
                )
            self._go_on(catalog, mission, row, context)
        return number

    def _by(self, context: Context) -> Actor:
        """Who answered, or for a small campaign who started the run."""
        from headwater.core.actor import Actor

        instance, name = context["ti"], self.answer.get("by")
        if not name:
            return person_of(context)
        return Actor(str(name), instance.dag_id, instance.run_id, instance.task_id)

    def _reject(
        self, catalog: Catalog, mission: LoadedMission, row: CampaignRow, context: Context
    ) -> None:
        from headwater.processing.campaigns import abort

        by = self._by(context)
        if row.state == "proposed":
            abort(catalog, mission, row.id, by, "rejected in Airflow")
            raise AirflowSkipException(f"campaign {row.id} was rejected by {by.name}")
        if row.state != "aborted":
            raise AirflowFailException(
                f"{by.name} rejected campaign {row.id}, but {row.approved_by} had approved it: it "
                f"is {row.state}; 'headwater campaign abort {row.id}' ends it"
            )

    def _go_on(
        self, catalog: Catalog, mission: LoadedMission, row: CampaignRow, context: Context
    ) -> None:
        from headwater.processing.campaigns import approve

        if row.state == "proposed":
            by = self._by(context)
            approve(catalog, mission, row.id, by)
            self.log.info("campaign %d runs, approved by %s", row.id, by.name)
            return
        self.log.info("campaign %d is %s, approved by %s", row.id, row.state, row.approved_by)
        resume_after_mark(catalog, mission, row, context)


def wish_of(mission: LoadedMission, params: Mapping[str, Any]) -> Wish:
    """What the form of a run asks for.

    Raises
    ------
    SettingError
        If no product is chosen, or one that arrives.
    NotFoundError
        If the mission has no such product.
    """
    from headwater.core.errors import SettingError
    from headwater.core.version import Bump
    from headwater.processing.campaigns import Wish
    from headwater.processing.process_facts import makers

    products = params.get("products") or []
    if not products:
        raise SettingError("no product is chosen: choose those that are to be made again")
    force = params.get("force") or "none"
    return Wish(
        str(params.get("reason") or ""),
        processes={name: True for product in products for name in makers(mission, product)},
        first=_date(params.get("first_date")),
        last=_date(params.get("last_date")),
        forced=None if force == "none" else Bump[force.upper()],
        throttle=params.get("throttle"),
    )


def _date(value: Any) -> date | None:
    return date.fromisoformat(str(value)[:10]) if value else None


def person_of(context: Context) -> Actor:
    """Who started the run; a run that no person started is named as its task."""
    from headwater.core.actor import Actor

    task, run = actor_of(context), context["dag_run"]
    name = getattr(run, "triggering_user_name", None)
    if not name:
        return task
    return Actor(str(name), task.dag_id, task.run_id, task.task_id)


def resume_after_mark(
    catalog: Catalog, mission: LoadedMission, row: CampaignRow, context: Context
) -> None:
    """Let a campaign go on that was paused because its run was marked failed, now cleared."""
    from headwater.processing.campaigns import MARKED_FAILED, resume

    marked = row.state == "paused" and (row.pause_reason or "").startswith(MARKED_FAILED)
    if marked and is_retried(context):
        resume(catalog, mission, row.id, actor_of(context), "its task was cleared in Airflow")


def campaign_row(catalog: Catalog, mission: LoadedMission, number: int) -> CampaignRow:
    """One campaign of a mission.

    Raises
    ------
    NotFoundError
        If the mission has no such campaign.
    """
    from headwater.processing.campaigns import campaign

    with catalog.read() as connection:
        return campaign(connection, mission, number)
