"""Ways to break the archive protocol on purpose, each of which the tests of faults must see."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from headwater.archive import protocol, staging
from headwater.archive.batch import Batch
from headwater.archive.faultpoint import faultpoint
from headwater.archive.placement import Commit, Placement


def _no_fsync() -> None:
    staging.sync = staging.sync_folder = lambda _: None


def _commit_before_link() -> None:
    def steps(_: object, batch: Batch, placements: Sequence[Placement], commit: Commit) -> None:
        batch.promise(placements)
        batch.copy()
        batch.commit(commit)
        faultpoint("after_commit")
        batch.link()
        batch.clean()

    protocol.Archive._steps = steps


def _clean_before_commit() -> None:
    def steps(_: object, batch: Batch, placements: Sequence[Placement], commit: Commit) -> None:
        batch.promise(placements)
        batch.copy()
        batch.link()
        batch.committed = True
        batch.clean()
        batch.committed = False
        faultpoint("after_unlink")
        batch.commit(commit)

    protocol.Archive._steps = steps


MUTANTS: dict[str, Callable[[], None]] = {
    "no fsync": _no_fsync,
    "commit before link": _commit_before_link,
    "clean before commit": _clean_before_commit,
}
