"""Processes are ordered after those that make what they read."""

from __future__ import annotations

import pytest

from headwater.core.errors import MissionFileError
from headwater.core.fingerprint import fingerprint
from headwater.core.product_graph import ProcessEdge, process_order


def edge(process: str, inputs: str, outputs: str) -> ProcessEdge:
    return ProcessEdge(process, frozenset(inputs.split()), frozenset(outputs.split()))


def test_a_process_comes_after_those_that_make_its_inputs() -> None:
    edges = [edge("c", "l1a l1b", "l2"), edge("b", "l0", "l1b"), edge("a", "l0", "l1a")]
    assert process_order(edges) == ["a", "b", "c"]


def test_a_product_that_is_needed_to_make_itself_is_refused_with_the_circle() -> None:
    with pytest.raises(MissionFileError, match=r"back.*there|there.*back"):
        process_order([edge("there", "l1", "l2"), edge("back", "l2", "l1")])


def test_a_process_without_inputs_or_outputs_has_its_place() -> None:
    assert process_order([edge("run", "", ""), edge("a", "l0", "l1")]) == ["a", "run"]


def test_the_fingerprint_is_of_a_set_and_of_the_code() -> None:
    assert fingerprint(1, [3, 2, 3]) == fingerprint(1, [2, 3])
    assert fingerprint(1, [2, 3]) != fingerprint(2, [2, 3])
    assert fingerprint(1, [2]) != fingerprint(1, [3])
