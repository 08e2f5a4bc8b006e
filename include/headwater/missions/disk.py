"""A mission's folders and executables on the disk of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from headwater.core.errors import MissionFileError
from headwater.missions.merging import Wanted


def make_folders(wanted: Wanted) -> Iterator[str]:
    """Make rootdir, incoming_dir, errordir and qa_dir where they are missing; give those it made.

    Raises
    ------
    MissionFileError
        If one cannot be made, or something else has its name.
    """
    for key in ("rootdir", "incoming_dir", "errordir", "qa_dir"):
        place = getattr(wanted.mission, key)
        if place is None or (folder := Path(place)).is_dir():
            continue
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise MissionFileError(
                f"{wanted.place}: {key} {folder} cannot be made: {error.strerror or error}"
            ) from error
        yield str(folder)


def missing_executables(wanted: Wanted) -> list[str]:
    """A sentence for each inspector and code that is not on this machine's disk.

    They may come later, or lie on the machines that use them.
    """
    part = wanted.mission
    sentences = []
    for product in wanted.products.values():
        inspector = product.part.inspector
        path = Path(str(part.inspectordir), inspector.relative_path, inspector.filename)
        if inspector.active and not path.is_file():
            sentences.append(f"{product.place}: there is no inspector file {path}")
    for process in wanted.processes.values():
        for position, code in enumerate(process.part.codes):
            below = Path(code.relative_path, code.filename)
            path = Path(str(part.codedir), str(below).replace("{CODEVERSION}", code.version))
            place = process.place("codes", position)
            if code.in_use and not path.is_file():
                sentences.append(f"{place}: there is no code file {path}")
            elif code.in_use and not os.access(path, os.X_OK):
                sentences.append(f"{place}: the code file {path} is not executable")
    return sentences
