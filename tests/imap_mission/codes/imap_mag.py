#!/usr/bin/env python3
"""One step of the IMAP MAG chain: `imap_cli` on the files of one run, and on nothing else.

usage: imap_mag.py ROOT DATE VERSION LEVEL WHAT INPUT...

`imap_cli` knows its inputs by name and finds them below IMAP_DATA_DIR. The archive at ROOT has the
same folders, so a link to each input goes to its place below ``data`` in the work directory, and
the outputs are made there too. IMAP writes version 1.2.3 as v001.0203.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

TYPES = {"mag": "science", "ancillary": "ancillary", "spice": "spice"}  # by folder below imap/


def version_text(version: str) -> str:
    """Return an allotted version as IMAP writes it: major, then minor in four digits."""
    interface, quality, revision = map(int, version.split("."))
    if interface > 999 or max(quality, revision) > 99:
        raise ValueError(f"version {version} cannot be written as IMAP does: vIII.QQRR")
    return f"v{interface:03}.{quality:02}{revision:02}"


def main(root: str, date: str, version: str, level: str, what: str, *inputs: str) -> None:
    """Lay out the inputs and become `imap_cli`."""
    data, needs = Path("data").absolute(), []
    for path in inputs:
        place = Path(path).relative_to(root)
        (data / place.parent).mkdir(parents=True, exist_ok=True)
        (data / place).symlink_to(path)
        needs.append({"type": TYPES[place.parts[1]], "files": [place.name]})
    os.environ["IMAP_DATA_DIR"] = str(data)
    options = {"instrument": "mag", "data-level": level, "descriptor": what, "start-date": date,
               "version": version_text(version), "dependency": json.dumps(needs)}  # fmt: skip
    items = [item for name, value in options.items() for item in (f"--{name}", value)]
    os.execvp("imap_cli", ["imap_cli", *items])


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (OSError, ValueError, TypeError, LookupError) as error:
        sys.exit(f"imap_mag.py: {error}")
