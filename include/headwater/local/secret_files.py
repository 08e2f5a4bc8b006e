"""Files that only their owner may read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` with mode 600, all or nothing, also over an older file."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def read_or_make_secret(path: Path, make: Callable[[], str]) -> str:
    """Return the text of ``path``; when it is absent write what ``make`` returns there first."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, make())
    path.chmod(0o600)  # a copy or a restore may have opened it
    return path.read_text()
