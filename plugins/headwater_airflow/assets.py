"""The assets: one for each product, one for each incoming folder, one for the audits.

A product's asset stands in the asset graph for all its files; its events carry the dates that
were filed as partition keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING

from airflow.sdk import Asset, AssetWatcher

from headwater.core.interval import few_spans, spans_of
from headwater_airflow.triggers.incoming import IncomingTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

    from headwater.missions.snapshot import MissionSnapshot

GROUP = "headwater"
MOST_KEYS = 8
"""The most partition keys, so the most runs of a process, that one task tells at once."""


class MissionAssets:
    """The assets of a mission's products, made once however many DAGs share them."""

    def __init__(self, snapshot: MissionSnapshot) -> None:
        self._products = {product.name: product for product in snapshot.products}
        self._made: dict[str, Asset] = {}

    def of(self, products: Iterable[str]) -> list[Asset]:
        """The assets of these products, in their order."""
        return [self._asset(name) for name in products]

    def levels(self, products: Iterable[str]) -> list[str]:
        """The levels of these products as words, e.g. ``L1``, sorted."""
        return sorted({f"L{self._products[name].level:g}" for name in products})

    def _asset(self, name: str) -> Asset:
        if name not in self._made:
            product = self._products[name]
            self._made[name] = Asset(name=product.asset, uri=product.uri, group=GROUP)
        return self._made[name]


def incoming_asset(snapshot: MissionSnapshot) -> Asset:
    """The asset of the incoming folder, with its watcher in the triggerer."""
    trigger = IncomingTrigger(
        directory=snapshot.incoming_dir,
        settle_seconds=snapshot.settle_seconds,
        scan_seconds=snapshot.scan_seconds,
    )
    return Asset(
        name=f"{snapshot.mission}: incoming",
        uri=f"headwater://incoming/{snapshot.slug}",
        group=GROUP,
        watchers=[AssetWatcher(name=f"{snapshot.slug}-incoming", trigger=trigger)],
    )


def audit_asset(snapshot: MissionSnapshot) -> Asset:
    """The asset of the mission's audits; its events carry the counts of one."""
    return Asset(
        name=f"{snapshot.mission}: audit", uri=f"headwater://audit/{snapshot.slug}", group=GROUP
    )


def campaign_asset(snapshot: MissionSnapshot) -> Asset:
    """The asset of the mission's campaigns; its events carry the counts of a report."""
    return Asset(
        name=f"{snapshot.mission}: campaign",
        uri=f"headwater://campaign/{snapshot.slug}",
        group=GROUP,
    )


def emit_dates(
    context: Context, outlets: Iterable[Asset], days: Mapping[str, Iterable[date]]
) -> list[str]:
    """Have the task that ends now tell the dates of its new files, and nothing else.

    An outlet without a key would emit the run's own key, or none (seen on Airflow 3.3.2), so the
    running task keeps only the outlets that have something to tell. Many scattered dates are
    told as few spans that hold them: each key becomes a run, which makes only what is due.

    Parameters
    ----------
    context
        The context of the running task.
    outlets
        The assets that the task may tell of.
    days
        The dates of the new files by asset name. An asset that is no outlet of the task is left
        to the wake rows of the catalog.

    Returns
    -------
    The names of the assets that are told.
    """
    told = []
    for outlet in outlets:
        spans = few_spans(spans_of(days.get(outlet.name, ())), MOST_KEYS)
        keys = [span.key for span in spans]
        if keys:
            context["outlet_events"][outlet].add_partitions(keys)
            told.append(outlet)
    context["ti"].task.outlets = told
    return [outlet.name for outlet in told]
