"""The fingerprint of a build: which files and which code it is made from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def problem_fingerprint(without: str) -> str:
    """The fingerprint of work that a check of quality holds.

    It differs from `without`, that of the same work unheld, so that the hold ends with the check.
    """
    return hashlib.sha256(f"{without};problem".encode()).hexdigest()


def fingerprint(code_id: int, input_file_ids: Iterable[int], span: str = "") -> str:
    """The identity of the work: the code and the set of its inputs, as 64 hexadecimal digits.

    The order of the inputs does not count, and each counts once. Two builds of one process,
    interval and keywords with equal fingerprints would make the same product (DESIGN 6). `span`
    is the times of an interval that its key alone does not tell.
    """
    inputs = ",".join(str(file_id) for file_id in sorted(set(input_file_ids)))
    times = f";span={span}" if span else ""
    return hashlib.sha256(f"code={code_id};inputs={inputs}{times}".encode()).hexdigest()
