"""As which user Postgres runs, since it refuses to run as root.

An ordinary user runs it as itself. As root there are two ways, tried in this order:

``namespace``
    a user namespace in which we are user 65534; for the kernel we stay root, so the binaries and
    the data are reachable also below a folder that only root may enter, and the data stay ours.
``nobody``
    the user 65534 with the one capability to pass by permission bits; the data folder becomes
    that user's. For systems that forbid user namespaces, as many containers do.

No user is added to the system and no permission of a parent folder is changed.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from headwater.core.errors import StackError
from headwater.local.launch import NOBODY, Order


def user_for(folder: Path, program: Path) -> str:
    """Return the way (see the module's words) in which Postgres can run here.

    Parameters
    ----------
    folder : an existing folder; the data will lie below it.
    program : the ``postgres`` binary.

    Raises
    ------
    StackError
        We are root and no way works; the sentence says why each one fails.
    """
    if os.geteuid() != 0:
        return "same"
    refusals = []
    for way in ("namespace", "nobody"):
        refusal = _refusal(way, folder, program)
        if not refusal:
            return way
        refusals.append(f"as {way}: {refusal}")
    raise StackError(
        f"Postgres does not run as root, and no other user can be used ({'; '.join(refusals)}). "
        "Run this as an ordinary user who owns the folder."
    )


def _refusal(way: str, folder: Path, program: Path) -> str:
    order = Order(become=way, reachable=str(folder), runnable=str(program))
    done = subprocess.run(order.command(), capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr.strip() or f"exit {done.returncode}"


def give_data_to(way: str, data: Path) -> None:
    """Make the user of ``way`` the owner of the data folder, which Postgres insists on."""
    if os.geteuid() != 0 or not data.exists():
        return
    owner = NOBODY if way == "nobody" else 0
    if data.stat().st_uid == owner:
        return
    for folder, _, names in os.walk(data):
        for path in (folder, *(str(Path(folder) / name) for name in names)):
            os.chown(path, owner, owner, follow_symlinks=False)
