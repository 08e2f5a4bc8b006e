"""Level 0 of IMAP MAG: the packets say which span a file covers, the name its day and version."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from dbprocessing import Version, inspector

NAME = re.compile(r"imap_mag_l0_raw_(\d{8})_v(\d{3})\.pkts")
APIDS = {1052, 1068}  # norm and burst science
CLOCK_ZERO = datetime(2010, 1, 1)  # the clock counts from here; UTC to some seconds


def clock_times(data: memoryview) -> Iterator[datetime]:
    """Give the time in the secondary header of each packet (CCSDS 133.0-B)."""
    while data:
        identity, length = int.from_bytes(data[:2], "big"), int.from_bytes(data[4:6], "big") + 7
        if identity & 0x7FF not in APIDS or len(data) < length:
            raise ValueError("not a file of whole packets of MAG")
        yield CLOCK_ZERO + timedelta(seconds=int.from_bytes(data[6:10], "big"))
        data = data[length:]


class Inspector(inspector.inspector):
    """A file whose first packet is not of the day in its name is not taken."""

    code_name = "packets.py"

    def inspect(self, kwargs: dict[str, str]) -> str | None:
        """Say whether the file is level 0, and its times and version (v002 is 2.0.0)."""
        name = NAME.fullmatch(self.basename)
        if not name:
            return None
        times = list(clock_times(memoryview(Path(self.filename).read_bytes())))
        if f"{min(times):%Y%m%d}" != name[1]:
            raise ValueError(f"its name says {name[1]}, its packets are of {min(times):%Y-%m-%d}")
        params = self.diskfile.params
        params["utc_file_date"] = min(times).date()
        params["utc_start_time"], params["utc_stop_time"] = min(times), max(times)
        params["version"] = Version.Version(int(name[2]), 0, 0)
        return "level 0 packets"
