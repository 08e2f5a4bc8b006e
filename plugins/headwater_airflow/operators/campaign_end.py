"""How a campaign ends in a run of Airflow: the wait for it, its report and the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator

from headwater_airflow.failures import CATALOG_RETRIES, CATALOG_RETRY_DELAY, airflow_failures
from headwater_airflow.operators.audit import AuditVerdictOperator
from headwater_airflow.operators.base import actor_of
from headwater_airflow.operators.campaign import (
    CampaignOperator,
    campaign_row,
    resume_after_mark,
)

if TYPE_CHECKING:
    from airflow.sdk import Context

    from headwater.processing.campaign_report import CampaignReport

LINES_SHOWN = 20
"""How many outputs of each process and outcome the log of the report names."""


class CampaignSensor(BaseSensorOperator):
    """Waits until a campaign has ended, and shows in its log how far it is; holds no worker.

    Parameters
    ----------
    mission
        The mission's name.
    campaign
        The campaign's number.
    """

    template_fields = ("mission", "campaign")
    ui_color = "#d7e8ee"

    def __init__(self, *, mission: str, campaign: Any, **kwargs: Any) -> None:
        kwargs.setdefault("retries", CATALOG_RETRIES)
        kwargs.setdefault("retry_delay", CATALOG_RETRY_DELAY)
        super().__init__(mode="reschedule", **kwargs)
        self.mission = mission
        self.campaign = campaign

    def poke(self, context: Context) -> bool:
        """Look once; a catalog that does not answer is asked again at the next look."""
        from headwater.core.errors import CatalogUnavailableError

        with airflow_failures():
            try:
                return self._ended(context)
            except CatalogUnavailableError as error:
                self.log.warning("%s", error)
                return False

    def _ended(self, context: Context) -> bool:
        from headwater.missions.loaded import load_mission
        from headwater.processing.campaign_report import progress
        from headwater.processing.campaigns import finish
        from headwater_airflow.catalog_access import open_catalog

        number = int(self.campaign)
        with open_catalog() as catalog:
            mission = load_mission(catalog, self.mission)
            resume_after_mark(catalog, mission, campaign_row(catalog, mission, number), context)
            finish(catalog, mission, actor_of(context))
            found = progress(catalog, mission, number)
        self.log.info("%s", found)
        return found.state in ("done", "aborted")


class CampaignReportOperator(CampaignOperator):
    """Reports what a campaign changed, in its log, to its outlets and to what follows.

    Parameters
    ----------
    mission
        The mission's name.
    campaign
        The campaign's number.
    """

    template_fields = ("mission", "campaign")

    def __init__(self, *, campaign: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.campaign = campaign

    def work(self, context: Context) -> dict[str, Any]:
        """Report; gives the counts and the sentence."""
        from headwater.missions.loaded import load_mission
        from headwater.processing.campaign_report import report
        from headwater_airflow.catalog_access import open_catalog

        with open_catalog() as catalog:
            found = report(catalog, load_mission(catalog, self.mission), int(self.campaign))
        for line in found.as_text(LINES_SHOWN).splitlines():
            self.log.info("%s", line)
        told = told_of(found)
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra = told
        return told


class CampaignVerdictOperator(AuditVerdictOperator):
    """Fails with one sentence if outputs of a campaign failed or are held.

    Parameters
    ----------
    report
        What a `CampaignReportOperator` gave.
    """


def told_of(found: CampaignReport) -> dict[str, Any]:
    """The counts of a report, as the event of its asset carries them."""
    row, counts = found.campaign, found.counts
    wrong = counts.get("failed", 0) + counts.get("held", 0)
    listed = ", ".join(f"{number} {what}" for what, number in sorted(counts.items())) or "nothing"
    return {
        "campaign": row.id,
        "state": row.state.value,
        "counts": dict(counts),
        "wrong": wrong,
        "sentence": f"campaign {row.id} is {row.state}: {listed}; see 'headwater campaign report "
        f"{row.id}'",
    }
