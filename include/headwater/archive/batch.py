"""One batch of files on its way into the archive, step by step (see `headwater.archive.protocol`).

Each step first sees which files are still ours; a file that a step refuses is taken back at once,
and the others go on.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from headwater.archive import staging
from headwater.archive.entries import Folder
from headwater.archive.faultpoint import faultpoint
from headwater.archive.held_intents import HeldIntents, LeaseLostError
from headwater.archive.intents import IntentPaths
from headwater.archive.paths import Folders, checked_path
from headwater.archive.placement import Commit, Placed, Placement, Refused
from headwater.archive.recovery import recover_intents
from headwater.archive.staging import Refusal, Staged, StepRefusedError
from headwater.catalog.queries.filing import FileConflictError
from headwater.core.errors import ArchiveError, CatalogBusyError, UnsafePathError

_LOG = logging.getLogger(__name__)
_THREADS = 4  # more did not make it quicker: the disk's journal takes them together
_OPEN_AT_ONCE = 128  # parts held open for a grouped fsync, far below the usual limit of 1024
_COMMIT_TRIES = 3


@dataclass(slots=True)
class Batch:
    """The state of one call of :meth:`headwater.archive.protocol.Archive.place`."""

    intents: HeldIntents
    together: bool
    asked: int
    staged: dict[str, Staged] = field(default_factory=dict)
    placements: dict[str, Placement] = field(default_factory=dict)
    placed: list[Placed] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    lost: list[Staged] = field(default_factory=list)
    """Files that another worker has taken over; what was put on the disk since goes at the end."""
    committed: bool = False
    folders: Folders = field(init=False)

    def __post_init__(self) -> None:
        self.folders = Folders(self.intents.rootdir)

    # Promise

    def promise(self, placements: Sequence[Placement]) -> None:
        """Check the paths, open the folders and write the intents."""
        for number, placement in enumerate(placements):
            self._prepare(number, placement)
        ours = self._open_intents(list(self.staged))
        if missing := [path for path in self.staged if path not in ours]:
            held = self.intents
            recover_intents(held.catalog, held.mission_id, held.rootdir, held.actor, paths=missing)
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
            self._refuse(placement, staging.disk_refusal(error), str(error))
        else:
            part = f".{self.intents.token.hex}-{number}.part"
            self.placements[path] = placement
            source, held = placement.source, placement.folder
            if held is not None:
                source = os.path.basename(source)  # noqa: PTH119  a surrogate-safe text
            handle = None if held is None else held.handle
            self.staged[path] = Staged(
                source, handle, folder, name, part, placement.stamp, placement.move
            )

    def _open_intents(self, paths: Iterable[str]) -> set[str]:
        root = self.intents.rootdir
        return self.intents.open(
            [
                IntentPaths(
                    self.placements[path].lasting_source,
                    str(root / Path(path).parent / self.staged[path].part),
                    path,
                )
                for path in paths
            ]
        )

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
            _, waiting = wait(waiting, timeout=self.intents.lease_seconds / 4)
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
        for folder in {one.folder for one in self.staged.values()}:
            try:
                staging.sync_folder(folder)
            except OSError as error:
                self._drop_folder(folder, error)

    def _drop_folder(self, folder: int, error: OSError) -> None:
        """The disk did not make a folder's entries durable: none of its files counts."""
        for path in [path for path, one in self.staged.items() if one.folder == folder]:
            refused = staging.trouble("given its final name", self.staged[path].name, error)
            self.drop(path, refused.kind, refused.reason)

    # The catalog

    def hold(self) -> None:
        """Renew the leases, and drop the files whose promise somebody else has taken over."""
        if not self.staged:
            return
        ours = self.intents.hold()
        if ours is None:
            return
        for path in [path for path in self.staged if path not in ours]:
            self.lost.append(self.staged.pop(path))
            self._refuse(self.placements[path], Refusal.BUSY, "another worker has taken it over")

    def commit(self, commit: Commit) -> None:
        """Commit rows and promises together; files that conflict are dropped first."""
        tries = _COMMIT_TRIES
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
            except (IntegrityError, CatalogBusyError):
                # Somebody filed the same name as another product meanwhile, which can be seen
                # now; or a transaction stood in the way of this one.
                if tries <= 0:
                    raise
            except LeaseLostError:
                self.intents.doubt()
                self.hold()
            else:
                self.committed = True
                return

    def _commit_once(self, commit: Commit) -> None:
        placed = [self._placed(path) for path in self.staged]
        with self.intents.catalog.begin() as connection:
            commit(connection, placed)
            self.intents.commit(connection, list(self.staged))
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
        """Remove the parts and the sources, durably, then the promises.

        The files are filed already, so that a disk that says no only leaves work to recovery.
        """
        if not self.committed:
            return
        started = time.monotonic()
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="archive") as pool:
            cleaned = list(pool.map(_cleaned, self.staged.values()))
        clean = [path for path, done in zip(self.staged, cleaned, strict=True) if done]
        faultpoint("after_unlink")
        try:
            self.folders.sync()
            for folder in {self.placements[path].source_folder for path in clean}:
                _sync_folder(folder)
        except OSError as error:
            _LOG.warning("the clean-up of a batch is left to recovery: %s", error)
            return
        faultpoint("before_close")
        if time.monotonic() - started > self.intents.lease_seconds:
            _LOG.warning("the clean-up of a batch took longer than its lease")
        self.intents.close(clean)

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
        self.intents.close([path for path in paths if _undone(self.staged[path])])

    def _refuse(self, placement: Placement, kind: Refusal, reason: str) -> None:
        self.refused.append(Refused(placement, kind, reason))

    def close(self) -> None:
        """Remove what is left of lost files, and close all handles."""
        for one in self.lost:
            _undone(one)
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
        faultpoint("at_unlink")
        staging.unlink_if_there(one.part, one.folder)
        staging.unlink_if_there(one.source, one.source_folder)
    except OSError as error:
        _LOG.warning("the leftovers of %s are left to recovery: %s", one.name, error)
        return False
    return True


def _sync_folder(folder: str | Folder) -> None:
    faultpoint("at_source_fsync")
    if isinstance(folder, Folder):
        folder.sync()
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
