"""A file that lies at its final path already, and to which an arrival links: filed where it is."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from headwater.archive.entries import READ_FLAGS, Entry
from headwater.archive.faultpoint import faultpoint
from headwater.archive.hashing import Digests, ReadFailedError, digest
from headwater.archive.held_intents import HeldIntents, LeaseLostError
from headwater.archive.intents import IntentPaths
from headwater.archive.paths import Folders, checked_path
from headwater.archive.placement import Commit, Placed, Placement, Refused
from headwater.archive.protocol import Archive
from headwater.archive.recovery import recover_intents
from headwater.archive.staging import Refusal, Stamp, StepRefusedError, moment_of, trouble
from headwater.catalog.queries.filing import FileConflictError
from headwater.core.errors import CatalogUnavailableError


def file_in_place(
    archive: Archive, link: Entry, path: str, stamp: Stamp, commit: Commit
) -> Placed | Refused:
    """File what lies at `path` below rootdir, then remove the `link` that led to it.

    The path is promised meanwhile, as for a file that is placed there; so bytes that a purge is
    about to remove are not filed. The bytes are made durable, and must be those of `stamp` from
    the screening of the link to the commit.

    Raises
    ------
    CatalogUnavailableError
        If the catalog goes away; recovery ends what was begun.
    """
    placement = Placement(str(link.place), path, folder=link.folder)
    held = archive.held_intents()
    if not _promised(held, placement):
        return Refused(placement, Refusal.BUSY, "somebody is placing or removing a file there now")
    faultpoint("after_intents")
    folders = Folders(archive.rootdir)
    try:
        placed = _filed(held, folders, placement, stamp, commit)
    except StepRefusedError as error:
        held.close([path])
        return Refused(placement, error.kind, error.reason)
    except FileConflictError as error:
        held.close([path])
        return Refused(placement, Refusal.EXISTS, error.reasons[path])
    except CatalogUnavailableError:
        raise  # whether it committed is not known: the promise stays, for recovery
    except BaseException:
        held.close([path])
        raise
    finally:
        folders.close()
    faultpoint("after_commit")
    link.unlink()
    link.folder.sync()
    faultpoint("before_close")
    held.close([path])
    return placed


def _promised(held: HeldIntents, placement: Placement) -> bool:
    path = placement.final_path
    part = held.rootdir / Path(path).parent / f".{held.token.hex}-0.part"  # never made
    intents = [IntentPaths(placement.source, str(part), path)]
    if path in held.open(intents):
        return True
    recover_intents(held.catalog, held.mission_id, held.rootdir, held.actor, paths=[path])
    return path in held.open(intents)


def _filed(
    held: HeldIntents, folders: Folders, placement: Placement, stamp: Stamp, commit: Commit
) -> Placed:
    """Read the file, make it durable, and commit its row while nothing of it has changed."""
    *parts, name = checked_path(placement.final_path)
    folder = folders.open(tuple(parts))
    handle = _opened(folder, name)
    try:
        _check(folder, name, handle, stamp)
        found = _digested(held, handle)
        os.fsync(handle)
        os.fsync(folder)
        modified_at = moment_of(stamp.mtime_ns)
        one = Placed(placement, found.size, found.sha256, found.sha1, modified_at)
        with held.catalog.begin() as connection:
            commit(connection, [one])
            held.commit(connection, [placement.final_path])
            _check(folder, name, handle, stamp)
            faultpoint("before_commit")
    except CatalogUnavailableError:
        raise
    except LeaseLostError as error:
        raise StepRefusedError(Refusal.BUSY, "another worker has taken it over") from error
    except ReadFailedError as error:
        reason = f"it cannot be read: {error.strerror}"
        raise StepRefusedError(Refusal.UNREADABLE, reason) from error
    except OSError as error:
        raise trouble("made durable", name, error) from error
    finally:
        os.close(handle)
    return one


def _digested(held: HeldIntents, handle: int) -> Digests:
    """Read all bytes, renewing the lease meanwhile: they may be many."""
    with ThreadPoolExecutor(1, thread_name_prefix="in-place") as pool:
        reading = pool.submit(digest, handle)
        while not wait([reading], timeout=held.lease_seconds / 4).done:
            held.hold()
        return reading.result()


def _opened(folder: int, name: str) -> int:
    try:
        return os.open(name, READ_FLAGS, dir_fd=folder)
    except FileNotFoundError as error:
        raise StepRefusedError(Refusal.CHANGED, "what it leads to has gone meanwhile") from error
    except OSError as error:
        reason = f"it cannot be read: {error.strerror}"
        raise StepRefusedError(Refusal.UNREADABLE, reason) from error


def _check(folder: int, name: str, handle: int, stamp: Stamp) -> None:
    """Refuse bytes that are not those which were screened, or not under that name any more."""
    held = os.fstat(handle)
    try:
        named = Stamp.of(os.stat(name, dir_fd=folder, follow_symlinks=False))
    except FileNotFoundError:
        named = None
    if not stat.S_ISREG(held.st_mode) or Stamp.of(held) != stamp or named != stamp:
        raise StepRefusedError(Refusal.CHANGED, "what it leads to changed while it was read")
