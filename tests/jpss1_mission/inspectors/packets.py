"""Level 0 of JPSS-1 geolocation: first and last packet say which span of UTC a file covers."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

from dbprocessing import Version, inspector

NAME = re.compile(r"J01_G011_LZ_(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z_V(\d\d)\.DAT1")
SIZE = 71  # bytes of a packet of APID 11


def packet_time(packet: bytes) -> datetime:
    """Return the UTC time of a packet: days since 1958, ms of the day, us of the ms."""
    parts = (packet[6:8], packet[8:12], packet[12:14])
    day, ms, us = (int.from_bytes(part, "big") for part in parts)
    return datetime(1958, 1, 1) + timedelta(days=day, milliseconds=ms, microseconds=us)


class Inspector(inspector.inspector):
    """The name gives the version (V01 is 1.0.0), the packets give the times."""

    code_name = "packets.py"

    def inspect(self, kwargs: dict[str, str]) -> str | None:
        """Say whether the file is level 0, and its times and version."""
        name = NAME.fullmatch(self.basename)
        data = Path(self.filename).read_bytes() if name else b""
        if not name or not data or len(data) % SIZE or data[:2] != b"\x08\x0b":
            return None
        start, stop = packet_time(data[:SIZE]), packet_time(data[-SIZE:])
        params = self.diskfile.params
        params["utc_file_date"] = start.date()
        params["utc_start_time"], params["utc_stop_time"] = start, stop
        params["version"] = Version.Version(int(name[5]), 0, 0)
        params["process_keywords"] = f"start={name[2]}{name[3]}{name[4]}"
        return "level 0 packets"
