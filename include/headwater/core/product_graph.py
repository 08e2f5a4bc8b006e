"""The graph of products and the processes that make them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from headwater.core.errors import MissionFileError


@dataclass(frozen=True, slots=True)
class ProcessEdge:
    """What one process reads and makes, by product name.

    `inputs` are those that trigger it; an input that triggers nothing may be its own output.
    """

    process: str
    inputs: frozenset[str]
    outputs: frozenset[str]


def process_order(edges: Iterable[ProcessEdge]) -> list[str]:
    """The processes, each after those whose outputs it reads; equal ones by name.

    Raises
    ------
    MissionFileError
        If a product is needed to make itself.
    """
    known = sorted(edges, key=lambda edge: edge.process)
    makers: dict[str, list[str]] = {}
    for edge in known:
        for product in edge.outputs:
            makers.setdefault(product, []).append(edge.process)
    needs: Mapping[str, set[str]] = {
        edge.process: {maker for product in edge.inputs for maker in makers.get(product, ())}
        for edge in known
    }
    sorter = TopologicalSorter(needs)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise MissionFileError(
            f"the processes {circle} form a circle: a product would be needed to make itself; "
            "make one of the inputs 'no_trigger' or remove it"
        ) from error
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order.extend(ready)
        sorter.done(*ready)
    return order
