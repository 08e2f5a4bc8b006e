"""Ingest of one claim of arrivals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from headwater_airflow.operators.base import HeadwaterOperator, actor_of, end_at_once, is_retried

if TYPE_CHECKING:
    from airflow.sdk import Context

    from headwater.ingest.report import IngestReport

REASONS_SHOWN = 20


class IngestOperator(HeadwaterOperator):
    """Files the arrivals of one claim, and tells the dates that it adopted.

    It is mapped over what `IncomingSensor` gives. It emits an event for each of its outlets that
    has new files, with the dates as partition keys; an outlet is known by its name,
    ``<mission>/<product>``. It ends skipped if it adopted nothing.

    Parameters
    ----------
    mission
        The mission's name.
    claim
        One item of the sensor's list.
    """

    template_fields = ("mission", "claim")

    def __init__(self, *, mission: str, claim: Mapping[str, Any], **kwargs: Any) -> None:
        kwargs.setdefault("map_index_template", "{{ task.claim['name'] }}")
        super().__init__(**kwargs)
        self.mission = mission
        self.claim = claim

    def work(self, context: Context) -> dict[str, int]:
        """Ingest the claim; gives the number of arrivals by disposition."""
        from headwater.missions.slug import asset_name, slug
        from headwater_airflow.assets import emit_dates

        report = self._ingest(context)
        counts = Counter(str(ended.disposition) for ended in report.ended)
        self._say(report, counts)
        adopted = report.adopted_spans()
        if not adopted:
            raise AirflowSkipException(_nothing_adopted(report, counts))
        days = {
            asset_name(slug(self.mission), product): [day for span in spans for day in span.days()]
            for product, spans in adopted.items()
        }
        told = emit_dates(context, self.outlets, days)
        self.log.info("told of %s", ", ".join(told) or "nothing")
        return dict(counts)

    def on_kill(self) -> None:
        """End at once: what is half done is finished or undone by whoever takes the claim over."""
        end_at_once()

    def _ingest(self, context: Context) -> IngestReport:
        from headwater.archive.recovery import give_up
        from headwater.ingest.service import ingest_claim
        from headwater.missions.inspection.host import InspectorHost
        from headwater.missions.loaded import load_mission
        from headwater_airflow.catalog_access import open_catalog

        with open_catalog() as catalog:
            mission = load_mission(catalog, self.mission)
            if is_retried(context):  # its lost try may have been placing these very files
                give_up(catalog, mission.id, actor_of(context))
            with InspectorHost(
                mission.facts(),
                mission.inspector_specs(),
                time_limit=mission.settings.inspector_time_limit_seconds,
            ) as host:
                return ingest_claim(catalog, mission, self.claim["token"], actor_of(context), host)

    def _say(self, report: IngestReport, counts: Mapping[str, int]) -> None:
        self.log.info("%s", ", ".join(f"{count} {name}" for name, count in counts.items()))
        for ended in _not_adopted(report.ended):
            self.log.warning("%s: %s, %s", ended.name, ended.disposition, ended.reason)


def _not_adopted(ended: Iterable[Any]) -> list[Any]:
    return [each for each in ended if each.disposition != "adopted"][:REASONS_SHOWN]


def _nothing_adopted(report: IngestReport, counts: Mapping[str, int]) -> str:
    """The sentence of a task that filed nothing new."""
    if not report.ended:
        return "the claim holds nothing any more: another run has ended it"
    first = report.ended[0]
    said = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    return f"nothing was adopted ({said}); first {first.name}: {first.reason}"
