"""Files into the archive, so that a crash at any instant loses and doubles nothing (DESIGN 7).

The steps of one batch: promise (intents) -> copy to a part name and hash in the same pass ->
fsync -> link to the final name -> fsync the folders -> commit rows and promises in one
transaction -> unlink parts and sources -> fsync their folders -> delete the promises.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from headwater.archive.batch import Batch
from headwater.archive.faultpoint import faultpoint
from headwater.archive.held_intents import HeldIntents
from headwater.archive.placement import Commit, Placed, Placement, Refused
from headwater.archive.staging import Refusal, Stamp
from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.core.errors import CatalogUnavailableError

__all__ = ["Archive", "Placed", "Placement", "Refusal", "Refused", "Stamp"]

LEASE_SECONDS = 300.0


class Archive:
    """The archive of one mission, below its rootdir."""

    def __init__(
        self,
        catalog: Catalog,
        mission_id: int,
        rootdir: Path,
        actor: Actor,
        *,
        lease_seconds: float = LEASE_SECONDS,
        keep_alive: Callable[[], None] = lambda: None,
    ) -> None:
        self.catalog = catalog
        self.mission_id = mission_id
        self.rootdir = rootdir
        self.actor = actor
        self.lease_seconds = lease_seconds
        self.keep_alive = keep_alive
        """Called now and then while bytes move, to renew what the caller holds."""

    def place(
        self, placements: Sequence[Placement], commit: Commit, *, together: bool = False
    ) -> tuple[list[Placed], list[Refused]]:
        """Place files and run `commit` in the transaction that makes them count.

        `commit` writes the rows of exactly the files it is given; a
        :class:`~headwater.catalog.queries.filing.FileConflictError` from it refuses those that it
        names, and it is called again, in a new transaction, for the rest. With `together` all are
        placed or none. Give at most some hundred: their folders' handles stay open.

        Raises
        ------
        CatalogUnavailableError
            If the catalog goes away; recovery finishes or undoes what was begun.
        ArchiveError
            If the rootdir cannot be opened.
        """
        batch = Batch(self.held_intents(), together, len(placements))
        try:
            self._steps(batch, placements, commit)
        except CatalogUnavailableError:
            raise  # whether it committed is not known: the promises stay, for recovery
        except BaseException:
            batch.undo(list(batch.staged))
            raise
        finally:
            batch.close()
        return batch.placed, batch.refused

    def held_intents(self) -> HeldIntents:
        """Promises of a new token, none of them made yet."""
        return HeldIntents(
            self.catalog,
            self.mission_id,
            self.rootdir,
            self.actor,
            self.lease_seconds,
            self.keep_alive,
        )

    def _steps(self, batch: Batch, placements: Sequence[Placement], commit: Commit) -> None:
        batch.promise(placements)
        faultpoint("after_intents")
        batch.copy()
        faultpoint("after_fsync")
        batch.link()
        faultpoint("after_folder_fsync")
        batch.commit(commit)
        faultpoint("after_commit")
        batch.clean()
