"""Identifies files with the inspectors of a mission, in one warm helper process."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from headwater.core.errors import InspectorError
from headwater.missions.inspection import facts
from headwater.missions.inspection.printable import shown
from headwater.missions.inspection.process import Ended, HelperProcess
from headwater.missions.inspection.specs import Identification, InspectorSpec, MissionFacts

_AHEAD = 64  # files that are sent before their answers come, so that the helper never waits
_MOST_UNEXPLAINED = 3  # ends of the helper in a row that no inspector explains


@dataclass(slots=True)
class _File:
    """One file on its way, and what is known of it so far."""

    number: int
    path: str
    indices: tuple[int, ...]
    troubles: list[str] = field(default_factory=list)
    output: list[str] = field(default_factory=list)

    @property
    def request(self) -> list[Any]:
        return [self.number, str(Path(self.path).absolute()), self.indices]


class InspectorHost:
    """Runs the inspectors `specs` of a mission on files, the first match wins (spec 3).

    The helper process is started with the first file and ends with the ``with`` block, or with
    this process. An inspector that raises, hangs or ends the helper is noted in ``troubles`` and
    the next one is tried. `time_limit` is in seconds, for one inspector on one file.

    Use an object from one thread: the kernel ends the helper with the thread that started it.
    """

    def __init__(
        self,
        mission: MissionFacts,
        specs: Sequence[InspectorSpec],
        *,
        time_limit: float = 60.0,
    ) -> None:
        """Remember what to run; nothing is started yet."""
        self._mission = mission
        self._specs = tuple(specs)
        self._limit = time_limit
        self._running: HelperProcess | None = None
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the helper process; the next :meth:`identify` starts another one."""
        if self._running is not None:
            self._running.stop()
            self._running = None

    def identify(
        self,
        paths: Sequence[str | os.PathLike[str] | bytes],
        *,
        product_ids: frozenset[int] | None = None,
    ) -> Iterator[Identification]:
        """Identify `paths`, answers in their order and as they come.

        Only inspectors of `product_ids` are tried, all if None. Names may be any bytes.

        Raises
        ------
        InspectorError
            If the helper process cannot be started, or ends again and again without any
            inspector at work.
        """
        indices = tuple(
            index
            for index, spec in enumerate(self._specs)
            if product_ids is None or spec.product_id in product_ids
        )
        coming = iter(paths)
        sent: deque[_File] = deque()
        try:
            while True:
                self._send_ahead(coming, indices, sent)
                if not sent:
                    return
                yield self._next(sent)
        finally:
            if sent:  # left half way: answers of these files must never meet later questions
                self.close()

    def _send_ahead(
        self,
        coming: Iterator[str | os.PathLike[str] | bytes],
        indices: tuple[int, ...],
        sent: deque[_File],
    ) -> None:
        while len(sent) < _AHEAD:
            path = next(coming, None)
            if path is None:
                return
            self._number += 1
            file = _File(self._number, os.fsdecode(path), indices)
            self._helper.send(file.request)
            sent.append(file)

    @property
    def _helper(self) -> HelperProcess:
        if self._running is None:
            self._running = HelperProcess(self._mission, self._specs)
        return self._running

    def _next(self, sent: deque[_File]) -> Identification:
        """Wait until the first of `sent` is decided and take it off."""
        unexplained = 0
        file = sent[0]
        while True:
            answer = self._helper.receive(self._limit)
            if isinstance(answer, Ended):
                if answer.number != file.number and not answer.garbled:
                    unexplained += 1
                    if unexplained == _MOST_UNEXPLAINED:
                        raise InspectorError(
                            f"the helper process of the inspectors of mission "
                            f"{self._mission.name} {answer.how}, again and again"
                        )
                self._start_again(answer, sent)
            elif "t" in answer:
                index, text = answer["t"]
                file.troubles.append(f"{self._specs[index].title} {text}")
            else:
                file.output.append(self._helper.output())
                sent.popleft()
                return self._identification(file, answer)

    def _start_again(self, ended: Ended, sent: deque[_File]) -> None:
        """Note which inspector ended the helper; go on after it, in a new helper."""
        file = sent[0]
        file.output.append(self._helper.rest_of_output())
        if ended.number == file.number:
            file.troubles.append(f"{self._specs[ended.index].title} {ended.how}")
            file.indices = file.indices[file.indices.index(ended.index) + 1 :]
        elif ended.garbled:  # the helper had gone on before we saw it
            file.troubles.append(f"an inspector of mission {self._mission.name} {ended.how}")
            file.indices = ()
        self.close()
        for waiting in sent:
            self._helper.send(waiting.request)

    def _identification(self, file: _File, answer: dict[str, Any]) -> Identification:
        index = answer.get("m")
        spec = None if index is None else self._specs[index]
        return Identification(
            path=file.path,
            product_id=spec.product_id if spec else None,
            inspector_id=spec.inspector_id if spec else None,
            facts=facts.from_wire(answer["f"]) if spec else None,
            reason="" if spec else self._reason(file, answer.get("r")),
            troubles=tuple(file.troubles),
            output="".join(file.output),
        )

    def _reason(self, file: _File, unusable: str | None) -> str:
        name = shown(Path(file.path).name)
        if unusable is not None:
            return f"{name} {unusable}"
        if not file.troubles:
            return f"no inspector of mission {self._mission.name} recognises {name}"
        more = len(file.troubles) - 1
        return file.troubles[0] + (f" ({more} more failed on it, see troubles)" if more else "")
