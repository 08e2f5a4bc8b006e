"""The question whether a campaign may run, asked of a person in the Airflow UI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator

from headwater_airflow.failures import CATALOG_RETRIES, CATALOG_RETRY_DELAY

if TYPE_CHECKING:
    from airflow.sdk import Context

APPROVE, REJECT = ApprovalOperator.APPROVE, ApprovalOperator.REJECT


class CampaignApprovalOperator(ApprovalOperator):
    """Asks a person to approve a campaign; it holds neither worker nor trigger while it waits.

    It asks nobody if the campaign is small or does not wait for approval any more. Whatever the
    answer, the next task acts on it: so a catalog that does not answer then is tried again there,
    and nobody has to answer twice. Gives ``chosen`` and ``by``, the name of who answered.

    Parameters
    ----------
    mission
        The mission's name.
    plan
        What a `CampaignPlanOperator` gave.
    """

    template_fields = ("subject", "body", "plan")
    ui_color = "#d7e8ee"

    def __init__(self, *, mission: str, plan: Any, **kwargs: Any) -> None:
        kwargs.setdefault("retries", CATALOG_RETRIES)
        kwargs.setdefault("retry_delay", CATALOG_RETRY_DELAY)
        super().__init__(**kwargs)
        self.mission = mission
        self.plan = plan

    def execute(self, context: Context) -> dict[str, Any]:
        """Ask, unless nobody needs to be asked."""
        if not self.plan["asks"] or self.plan["state"] != "proposed":
            self.log.info("campaign %s needs no answer", self.plan["campaign"])
            return {"chosen": None, "by": None}
        self.body = self.plan["text"]
        super().execute(context)
        return {}  # not reached: Airflow parks the task by an exception

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Give the answer on; nothing is skipped here."""
        answer = HITLOperator.execute_complete(self, context, event)
        user = answer["responded_by_user"]
        by = None if user is None else (user.get("name") or user.get("id"))
        chosen = answer["chosen_options"][0]
        self.log.info("campaign %s: %s, by %s", self.plan["campaign"], chosen, by)
        return {"chosen": chosen, "by": by}
