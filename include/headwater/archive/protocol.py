"""Files into the archive, so that a crash at any instant loses and doubles nothing (DESIGN 7).

The steps of one batch: promise (intents) -> copy to a part name and hash in the same pass ->
fsync -> link to the final name -> fsync the folders -> commit rows and promises in one
transaction -> unlink parts and sources -> fsync their folders -> delete the promises.
"""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from headwater.archive import staging
from headwater.archive.faultpoint import faultpoint
from headwater.archive.intents import (
    IntentPaths,
    close_intents,
    commit_intents,
    hold_intents,
    open_intents,
)
from headwater.archive.paths import Folders, checked_path
from headwater.archive.recovery import recover_intents
from headwater.archive.staging import Refusal, Staged, Stamp, StepRefusedError
from headwater.catalog.connection import Catalog
from headwater.catalog.queries.filing import FileConflictError
from headwater.core.actor import Actor
from headwater.core.errors import ArchiveError, CatalogUnavailableError, UnsafePathError

__all__ = ["Archive", "Placed", "Placement", "Refusal", "Refused", "Stamp"]

_LOG = logging.getLogger(__name__)
LEASE_SECONDS = 300.0
_THREADS = 4  # more did not make it quicker: the disk's journal takes them together
_SAFE_SHARE = 0.25  # of a lease, during which it is not renewed
_OPEN_AT_ONCE = 128  # parts held open for a grouped fsync, far below the usual limit of 1024


@dataclass(frozen=True, slots=True)
class Placement:
    """One file to be placed.

    `source` is absolute, undecodable bytes as surrogates; `final_path` is below rootdir. With
    `move` the source's own inode is linked where that is safe: only for private outputs. `stamp`,
    if given, is what the source must still be.
    """

    source: str
    final_path: str
    move: bool = False
    stamp: Stamp | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A file under its final name, durable; `size` in bytes, sums hexadecimal, time UTC."""

    placement: Placement
    size: int
    sha256: str
    sha1: str
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was not placed, and why; its source is untouched."""

    placement: Placement
    kind: Refusal
    reason: str


Commit = Callable[[Connection, Sequence[Placed]], None]


class _LeaseLostError(Exception):
    """Another worker has taken a promise over; the transaction must not commit."""


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
        batch = _Batch(self, together, len(placements))
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

    def _steps(self, batch: _Batch, placements: Sequence[Placement], commit: Commit) -> None:
        batch.promise(placements)
        faultpoint("after_intents")
        batch.copy()
        faultpoint("after_fsync")
        batch.link()
        faultpoint("after_folder_fsync")
        batch.commit(commit)
        faultpoint("after_commit")
        batch.clean()


@dataclass(slots=True)
class _Batch:
    """The state of one call of :meth:`Archive.place`."""

    archive: Archive
    together: bool
    asked: int
    token: uuid.UUID = field(default_factory=uuid.uuid4)
    staged: dict[str, Staged] = field(default_factory=dict)
    placements: dict[str, Placement] = field(default_factory=dict)
    placed: list[Placed] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    committed: bool = False
    safe_until: float = 0.0
    """Until then, by the monotonic clock, no other worker can have taken a promise over."""
    folders: Folders = field(init=False)

    def __post_init__(self) -> None:
        self.folders = Folders(self.archive.rootdir)

    # Promise

    def promise(self, placements: Sequence[Placement]) -> None:
        """Check the paths, open the folders and write the intents."""
        for number, placement in enumerate(placements):
            self._prepare(number, placement)
        ours = self._open_intents(list(self.staged))
        if missing := [path for path in self.staged if path not in ours]:
            archive = self.archive
            recover_intents(
                archive.catalog, archive.mission_id, archive.rootdir, archive.actor, paths=missing
            )
            ours |= self._open_intents(missing)
        for path in [path for path in self.staged if path not in ours]:
            self.drop(path, Refusal.BUSY, "another worker is placing a file there now")

    def _prepare(self, number: int, placement: Placement) -> None:
        path = placement.final_path
        try:
            *parts, name = checked_path(path)
            if path in self.staged:
                raise StepRefusedError(Refusal.EXISTS, "another file of the batch has its place")
            folder = self.folders.open(tuple(parts), create=True)
        except UnsafePathError as error:
            self._refuse(placement, Refusal.UNSAFE, str(error))
        except StepRefusedError as error:
            self._refuse(placement, error.kind, error.reason)
        except (ArchiveError, OSError) as error:
            self._refuse(placement, Refusal.TROUBLE, str(error))
        else:
            part = f".{self.token.hex}-{number}.part"
            self.placements[path] = placement
            self.staged[path] = Staged(
                placement.source, folder, name, part, placement.stamp, placement.move
            )

    def _open_intents(self, paths: Iterable[str]) -> set[str]:
        root = self.archive.rootdir
        intents = [
            IntentPaths(one.source, str(root / Path(path).parent / one.part), path)
            for path, one in ((path, self.staged[path]) for path in paths)
        ]
        if not intents:
            return set()
        archive = self.archive
        self._count_lease()
        with archive.catalog.begin() as connection:
            return open_intents(
                connection,
                archive.mission_id,
                self.token,
                intents,
                archive.lease_seconds,
                archive.actor,
            )

    def _count_lease(self) -> None:
        """Start to count a lease that is about to be written, with a large margin."""
        self.safe_until = time.monotonic() + self.archive.lease_seconds * _SAFE_SHARE

    # The disk

    def copy(self) -> None:
        """Copy, hash and fsync all files, a group at a time, several at once."""
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="archive") as pool:
            for paths in _groups(list(self.staged), _OPEN_AT_ONCE):
                self.hold()
                with self._closing(paths):
                    self._each(pool, staging.copy, paths)
                    self._each(pool, staging.sync, paths)

    @contextmanager
    def _closing(self, paths: Iterable[str]) -> Iterator[None]:
        with ExitStack() as stack:
            for path in paths:
                if path in self.staged:
                    stack.callback(staging.close, self.staged[path])
            yield

    def _each(
        self, pool: ThreadPoolExecutor, step: Callable[[Staged], None], paths: Iterable[str]
    ) -> None:
        """Do one step for each file, renewing the lease meanwhile; drop those it refuses."""
        left = [(path, self.staged[path]) for path in paths if path in self.staged]
        # One share a thread, not one call a file: that costs more than a small file itself.
        doing = [pool.submit(_refusals, step, left[number::_THREADS]) for number in range(_THREADS)]
        waiting: set[Future[list[tuple[str, StepRefusedError]]]] = set(doing)
        while waiting:
            _, waiting = wait(waiting, timeout=self.archive.lease_seconds / 4)
            if waiting:
                self.hold()
        for future in doing:
            for path, error in future.result():
                if path in self.staged:  # not taken over by another worker meanwhile
                    self.drop(path, error.kind, error.reason)

    def link(self) -> None:
        """Give each file its final name, then make the folders' entries durable."""
        self.hold()
        for path, one in list(self.staged.items()):
            try:
                staging.link(one)
            except StepRefusedError as error:
                self.drop(path, error.kind, error.reason)
        self.folders.sync()

    # The catalog

    def hold(self) -> None:
        """Renew the leases, and drop the files whose promise somebody else has taken over.

        Nobody takes a promise over before its lease ends, so that nothing need be asked while
        most of it is left by our own clock.
        """
        if not self.staged or time.monotonic() < self.safe_until:
            self.archive.keep_alive()
            return
        self._count_lease()
        with self.archive.catalog.begin() as connection:
            ours = hold_intents(connection, self.token, self.archive.lease_seconds)
        for path in [path for path in self.staged if path not in ours]:
            self._refuse(self.placements[path], Refusal.BUSY, "another worker has taken it over")
            del self.staged[path]
        self.archive.keep_alive()

    def commit(self, commit: Commit) -> None:
        """Commit rows and promises together; files that conflict are dropped first."""
        tries = 3
        while self.staged:
            if self.together and len(self.staged) < self.asked:
                self._drop_all("another file of the same batch was refused")
                return
            tries -= 1
            try:
                self._commit_once(commit)
            except FileConflictError as error:
                for path, reason in error.reasons.items():
                    self.drop(path, Refusal.EXISTS, reason)
            except IntegrityError:
                # Somebody filed the same name as another product meanwhile: now it can be seen.
                if not tries:
                    raise
            except _LeaseLostError:
                self.safe_until = 0.0  # it was taken over all the same: ask which
                self.hold()
            else:
                self.committed = True
                return

    def _commit_once(self, commit: Commit) -> None:
        placed = [self._placed(path) for path in self.staged]
        with self.archive.catalog.begin() as connection:
            commit(connection, placed)
            if not commit_intents(connection, self.token, list(self.staged)):
                raise _LeaseLostError
            faultpoint("before_commit")
        self.placed = placed

    def _placed(self, path: str) -> Placed:
        one = self.staged[path]
        digests = one.digests
        assert digests  # noqa: S101  every file that got here was copied; for the type checker
        return Placed(
            self.placements[path], digests.size, digests.sha256, digests.sha1, one.modified_at
        )

    # The end

    def clean(self) -> None:
        """Remove the parts and the sources, durably, then the promises."""
        if not self.committed:
            return
        started = time.monotonic()
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="archive") as pool:
            cleaned = list(pool.map(_cleaned, self.staged.values()))
        clean = [path for path, done in zip(self.staged, cleaned, strict=True) if done]
        faultpoint("after_unlink")
        self.folders.sync()
        for folder in {os.path.dirname(self.staged[path].source) for path in clean}:  # noqa: PTH120  a surrogate-safe text
            _sync_folder(folder)
        faultpoint("before_close")
        if time.monotonic() - started > self.archive.lease_seconds:
            _LOG.warning("the clean-up of a batch took longer than its lease")
        with self.archive.catalog.begin() as connection:
            close_intents(connection, self.token, clean)

    def drop(self, path: str, kind: Refusal, reason: str) -> None:
        """Refuse one file, and take back what was done for it."""
        self.undo([path])
        del self.staged[path]
        self._refuse(self.placements[path], kind, reason)

    def _drop_all(self, reason: str) -> None:
        self.undo(list(self.staged))
        for path in self.staged:
            self._refuse(self.placements[path], Refusal.TOGETHER, reason)
        self.staged.clear()

    def undo(self, paths: Sequence[str]) -> None:
        """Take files back from the disk and delete their promises; recovery does what fails."""
        if self.committed:
            return
        undone = [path for path in paths if _undone(self.staged[path])]
        if undone:
            with self.archive.catalog.begin() as connection:
                close_intents(connection, self.token, undone)

    def _refuse(self, placement: Placement, kind: Refusal, reason: str) -> None:
        self.refused.append(Refused(placement, kind, reason))

    def close(self) -> None:
        """Close all handles."""
        self.folders.close()


def _groups(paths: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(paths), size):
        yield paths[start : start + size]


def _refusals(
    step: Callable[[Staged], None], files: Sequence[tuple[str, Staged]]
) -> list[tuple[str, StepRefusedError]]:
    refusals = []
    for path, one in files:
        try:
            step(one)
        except StepRefusedError as error:
            refusals.append((path, error))
    return refusals


def _undone(one: Staged) -> bool:
    try:
        staging.undo(one.folder, one.part, one.name)
    except OSError as error:
        _LOG.warning("%s is left to recovery: %s", one.part, error)
        return False
    return True


def _cleaned(one: Staged) -> bool:
    try:
        staging.unlink_if_there(one.part, one.folder)
        staging.unlink_if_there(one.source)
    except OSError as error:
        _LOG.warning("the leftovers of %s are left to recovery: %s", one.name, error)
        return False
    return True


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
