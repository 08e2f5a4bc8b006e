"""The nightly audit of a mission, and its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from headwater_airflow.operators.base import HeadwaterOperator, actor_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from headwater.archive.finding import AuditReport
    from headwater.flows.audit import AuditWishes
    from headwater.missions.definition import MissionSettings

FINDINGS_SHOWN = 50


class AuditOperator(HeadwaterOperator):
    """Audits a mission, and tells its outlets how many things of each kind are wrong.

    It succeeds whatever it finds, since a task that fails sends no event: an
    `AuditVerdictOperator` after it fails. The run's params ``repair`` and ``scrub_gigabytes``, if
    they are set, stand above the mission's settings.

    Parameters
    ----------
    mission
        The mission's name.
    """

    template_fields = ("mission",)

    def __init__(self, *, mission: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mission = mission

    def work(self, context: Context) -> dict[str, Any]:
        """Audit; gives the counts and the sentence."""
        from headwater.flows.audit import audit
        from headwater.missions.loaded import load_mission
        from headwater_airflow.catalog_access import open_catalog

        with open_catalog() as catalog:
            settings = load_mission(catalog, self.mission).settings
            wishes = wishes_of(settings, context["params"])
            report = audit(catalog, self.mission, actor_of(context), wishes)
        self._say(report)
        found = told(report)
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra = found
        return found

    def _say(self, report: AuditReport) -> None:
        for one in report.kept[:FINDINGS_SHOWN]:
            say = self.log.info if one.state.value == "repaired" else self.log.warning
            say("%s", one)
        self.log.info("%s", report.sentence)


class AuditVerdictOperator(HeadwaterOperator):
    """Fails with one sentence if an audit has left anything wrong.

    Parameters
    ----------
    report
        What an `AuditOperator` gave.
    """

    template_fields = ("report",)

    def __init__(self, *, report: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.report = report

    def work(self, context: Context) -> None:
        """Say how it ended.

        Raises
        ------
        AirflowFailException
            If anything is wrong.
        """
        if self.report["wrong"]:
            raise AirflowFailException(self.report["sentence"])
        self.log.info("%s", self.report["sentence"])


def wishes_of(settings: MissionSettings, params: Mapping[str, Any]) -> AuditWishes:
    """What an audit does, by the mission's settings and the form of the run."""
    from headwater.flows.audit import AuditWishes, Scrub

    repair, gigabytes = params.get("repair"), params.get("scrub_gigabytes")
    share = settings.audit_scrub_gigabytes if gigabytes is None else float(gigabytes)
    rate = settings.audit_scrub_megabytes_per_second * 1e6
    return AuditWishes(
        repair=settings.audit_repair if repair is None else bool(repair),
        scrub=Scrub(rate, share * 1e9) if share else None,
    )


def told(report: AuditReport) -> dict[str, Any]:
    """The counts of an audit, as the event of its asset carries them."""
    read = report.scrubbed
    return {
        "looked_at": report.looked_at,
        "wrong": report.wrong,
        "repaired": report.repaired,
        "counts": dict(report.counts),
        "read_files": read.files if read else 0,
        "read_bytes": read.bytes if read else 0,
        "sentence": report.sentence,
    }
