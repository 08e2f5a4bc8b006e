"""The sensor of an incoming folder: one look, and a claim of what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator
from airflow.sdk.bases.sensor import PokeReturnValue
from airflow.sdk.exceptions import AirflowSkipException

from headwater_airflow.failures import CATALOG_RETRIES, CATALOG_RETRY_DELAY, airflow_failures
from headwater_airflow.operators.base import actor_of, end_at_once

if TYPE_CHECKING:
    from airflow.sdk import Context

ARRIVALS_A_TASK = 500
"""The most arrivals of one claim, so of one mapped ingest task."""


class IncomingSensor(BaseSensorOperator):
    """Claims what lies settled in a mission's incoming folder; usable in any DAG.

    By default it looks once, and skips itself (with what follows) when nothing is there. With
    `wait` it looks every `poke_interval` seconds until something is, or until `timeout`.

    It gives a list with one item a claim, ``{"token": str, "count": int, "name": str}``, over
    which `IngestOperator` is mapped. Claims that an earlier run left behind are among them.

    Parameters
    ----------
    mission
        The mission's name.
    chunk
        The most arrivals of one claim.
    wait
        Whether to go on looking when nothing is there.
    """

    template_fields = ("mission",)
    ui_color = "#d7e8ee"

    def __init__(
        self, *, mission: str, chunk: int = ARRIVALS_A_TASK, wait: bool = False, **kwargs: Any
    ) -> None:
        kwargs.setdefault("retries", CATALOG_RETRIES)
        kwargs.setdefault("retry_delay", CATALOG_RETRY_DELAY)
        super().__init__(mode="poke", **kwargs)
        self.mission = mission
        self.chunk = chunk
        self.wait = wait

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once.

        Raises
        ------
        AirflowSkipException
            If nothing is there and it is not to wait, or the ingest is paused because the disk is
            full: the run that found it so has failed, and this one has nothing to add.
        """
        from headwater.ingest.room import IngestPausedError

        with airflow_failures():
            try:
                claims = self._claim(context)
            except IngestPausedError as error:
                raise AirflowSkipException(str(error)) from error
        if not claims and not self.wait:
            raise AirflowSkipException(f"nothing has arrived for {self.mission}")
        return PokeReturnValue(is_done=bool(claims), xcom_value=claims)

    def on_kill(self) -> None:
        """End at once: what was claimed is taken over by the next look."""
        end_at_once()

    def _claim(self, context: Context) -> list[dict[str, Any]]:
        from headwater.ingest.quality import read_qa_dir
        from headwater.ingest.service import recover_and_claim
        from headwater.missions.loaded import load_mission
        from headwater_airflow.catalog_access import open_catalog

        with open_catalog() as catalog:
            mission = load_mission(catalog, self.mission)
            for check in read_qa_dir(catalog, mission, actor_of(context)):
                said = check.trouble or f"{check.marked} files marked"
                self.log.info("%s: %s", check.path, said)
            claims = recover_and_claim(catalog, mission, actor_of(context), chunk=self.chunk)
        self.log.info("%d arrivals in %d claims", sum(claim.count for claim in claims), len(claims))
        return [
            {"token": claim.token, "count": claim.count, "name": str(claim)} for claim in claims
        ]
