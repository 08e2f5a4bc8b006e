"""updateUnixTime.py: nothing to do any more."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.cli.dbprocessing.nothing_to_do import nothing_to_do


def main(arguments: Sequence[str]) -> int:
    """Say why there is nothing to do."""
    return nothing_to_do(
        "updateUnixTime.py",
        arguments,
        "there is no table of Unix times: files are found by the times of their own rows, in UTC",
    )
