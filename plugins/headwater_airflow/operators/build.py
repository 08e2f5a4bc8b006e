"""Builds made by one mapped task."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from headwater_airflow.batches import chunk_of
from headwater_airflow.operators.base import HeadwaterOperator, actor_of, asking_actor, is_retried
from headwater_airflow.operators.failures import and_more

if TYPE_CHECKING:
    from airflow.sdk import Context

    from headwater.processing.outcome import BuildResult
    from headwater.processing.run import BuildRunner

CHUNK_NAME = "{{ build_name | default(task.chunk['name']) }}"
"""The name of a mapped task: its interval, and the version once it is known."""

EQUAL_FAILURES = 5
"""After so many equal failures in a row a chunk tries no more of its builds."""

_FAILED = ("failed", "held")


class BuildOperator(HeadwaterOperator):
    """Makes the builds of one chunk, each claimed when its turn comes.

    It emits an event for exactly what it built, with the dates as partition keys, and ends
    skipped if it built nothing. A build that fails alone in its task fails the task; one that
    fails in a chunk of several is given back in the list ``failed``, for a task of its own.

    Marked failed in the UI, it ends the running code and all its descendants within 5 s.

    Parameters
    ----------
    mission
        The mission's name.
    chunk
        ``{"name": str, "builds": [build numbers]}``, or a plain list of build numbers. With
        ``"trouble"`` it fails with that sentence at first, and is made when a person retries it.
    again
        Whether a build that failed in a larger chunk is tried once more (the `redo` tasks). A
        task that a person retries or clears does so in any case, also with what is held.
    """

    template_fields = ("mission", "chunk")

    def __init__(
        self,
        *,
        mission: str,
        chunk: Mapping[str, Any] | Sequence[int],
        again: bool = False,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("map_index_template", CHUNK_NAME)
        super().__init__(**kwargs)
        self.mission = mission
        self.chunk = chunk
        self.again = again
        self._runner: BuildRunner | None = None
        self._interrupted = False

    def work(self, context: Context) -> dict[str, Any]:
        """Make the builds; gives how many were built and which failed.

        Raises
        ------
        AirflowFailException
            If the only build of the chunk failed, or the chunk stands for trouble and was not
            retried, or not all of it could be made then.
        AirflowSkipException
            If nothing was built and nothing failed.
        AirflowException
            If it was told to stop before all of it was made; Airflow tries it again.
        """
        trouble = self._trouble()
        if trouble and not is_retried(context):
            raise AirflowFailException(trouble)
        builds = chunk_of(self.chunk)["builds"]
        results = self._make(context, builds)
        return self._outcome(context, builds, results)

    def on_kill(self) -> None:
        """End the codes that run; Airflow kills this process 5 s later."""
        self._interrupted = True
        self._end_codes()

    def _end_codes(self) -> None:
        if self._runner is not None:
            self._runner.cancel()

    def _make(self, context: Context, builds: Sequence[int]) -> list[BuildResult]:
        from headwater.missions.loaded import load_mission
        from headwater.processing.run import BuildRunner
        from headwater.processing.service import retry_builds, take_back
        from headwater_airflow.catalog_access import open_catalog

        actor = actor_of(context)
        with open_catalog() as catalog:
            mission = load_mission(catalog, self.mission)
            if is_retried(context):
                take_back(catalog, mission, builds, actor)
            if is_retried(context) or self._is_redo():
                asks = asking_actor(context) if is_retried(context) else actor
                retry_builds(catalog, mission, builds, asks)
            stop = EqualFailures(EQUAL_FAILURES, self._stop)
            self._runner = BuildRunner(
                catalog, mission, actor, report=lambda result: self._report(result, stop)
            )
            return self._runner.run(builds)

    def _is_redo(self) -> bool:
        """Whether the build failed in a chunk and may be tried once more; a held one may not."""
        state = self.chunk.get("state") if isinstance(self.chunk, Mapping) else None
        return self.again and state == "failed"

    def _trouble(self) -> str:
        """The sentence with which the chunk fails at first, if it does."""
        return str(self.chunk.get("trouble", "")) if isinstance(self.chunk, Mapping) else ""

    def _report(self, result: BuildResult, stop: EqualFailures) -> None:
        said = self.log.warning if result.state in _FAILED else self.log.info
        said(
            "%s %s %s: %s",
            result.interval_key or f"build {result.build_id}",
            result.version or "",
            result.state or "not made",
            result.reason,
        )
        stop.see(result.reason if result.state in _FAILED else None)

    def _stop(self) -> None:
        self.log.warning("%d equal failures in a row: the rest is left", EQUAL_FAILURES)
        self._end_codes()

    def _outcome(
        self, context: Context, builds: Sequence[int], results: Sequence[BuildResult]
    ) -> dict[str, Any]:
        """Tell what was built, and how the task ends."""
        not_made = sum(_is_left(result) for result in results)
        if self._interrupted and not_made:
            # Not only from the UI: an Airflow that shuts down or dies ends its tasks the same way.
            raise AirflowException(f"stopped with {not_made} of {len(builds)} builds not made")
        built = [result for result in results if result.ours and result.state == "built"]
        failed = [result for result in results if result.state in _FAILED and result.process]
        if len(builds) == 1 and results:
            # Airflow renders the task's name once more from the context when it ends.
            cast("dict[str, Any]", context)["build_name"] = _name(results[0])
            if failed:
                raise AirflowFailException(results[0].reason)
        self._tell(context, built)
        left = [each.build_id for each in results if _is_left(each)] if failed else []
        if failed and self._trouble():  # no task of its own follows
            raise AirflowFailException(and_more(len(failed) + len(left)))
        if not built and not failed:
            raise AirflowSkipException(_nothing_built(results))
        return {
            "built": len(built),
            "failed": [
                {"build": each.build_id, "name": _name(each), "state": str(each.state)}
                for each in failed
            ],
            "left": left,
        }

    def _tell(self, context: Context, built: Sequence[BuildResult]) -> None:
        from headwater.missions.slug import asset_name, slug
        from headwater_airflow.assets import emit_dates

        days: dict[str, list[Any]] = {}
        for result in built:
            for output in result.outputs:
                name = asset_name(slug(self.mission), output.product)
                days.setdefault(name, []).append(output.utc_date)
        emit_dates(context, self.outlets, days)


class EqualFailures:
    """Counts failures in a row that have the same reason, numbers aside."""

    def __init__(self, most: int, stop: Callable[[], None]) -> None:
        self._most = most
        self._stop = stop
        self._last: str | None = None
        self._count = 0

    def see(self, reason: str | None) -> None:
        """Take note of one end, none for one that is no failure; stops at the last one allowed."""
        shape = None if reason is None else re.sub(r"\d+", "0", reason)
        self._count = self._count + 1 if shape is not None and shape == self._last else 1
        self._last = shape
        if shape is not None and self._count == self._most:
            self._stop()


def _name(result: BuildResult) -> str:
    name = result.interval_key or f"build {result.build_id}"
    return f"{name} v{result.version}" if result.version else name


def _is_left(result: BuildResult) -> bool:
    """Whether the chunk stopped before this build was made."""
    return result.state is None or result.state == "pending"


def _nothing_built(results: Sequence[BuildResult]) -> str:
    if not results:
        return "the chunk holds no build"
    first = results[0]
    more = f", and {len(results) - 1} more" if len(results) > 1 else ""
    return f"nothing was built; {_name(first)}: {first.reason}{more}"


__all__ = ["CHUNK_NAME", "BuildOperator", "EqualFailures"]
