#!/usr/bin/env python3
"""Level 1 of JPSS-1 geolocation: a table of the packets of APID 11.

usage: l1_geolocation.py L0 OUTPUT

Layout: the XTCE definition of the packets (container JPSS_ATT_EPHEM). Position and velocity are
Earth-fixed (ECEF), at ``time``, the time of the ephemeris, UTC; q1..q4 is the attitude of the
control frame, q4 the scalar.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

TIME = [("day", ">u2"), ("ms", ">u4"), ("us", ">u2")]  # days since 1958-01-01, of day, of ms
PACKET = np.dtype(
    [
        ("id", ">u2"),
        ("sequence", ">u2"),
        ("length", ">u2"),
        ("sent", TIME),
        ("spacecraft", "u1"),
        ("ephemeris", TIME),
        ("position", "3>f4"),  # [m]
        ("velocity", "3>f4"),  # [m/s]
        ("attitude_time", TIME),
        ("attitude", "4>f4"),
    ]
)


def utc(field: np.ndarray) -> np.ndarray:
    """Return a time field as datetime64, to a microsecond."""
    day = np.datetime64("1958-01-01", "us") + field["day"].astype("m8[D]")
    return day + field["ms"].astype("m8[ms]") + field["us"].astype("m8[us]")


def main(l0: str, output: str) -> None:
    """Make the table of one level 0 file."""
    packets = np.frombuffer(Path(l0).read_bytes(), PACKET)
    if not len(packets) or any(packets["id"] & 0x7FF != 11) or any(packets["length"] != 64):
        raise ValueError(f"{l0}: not a file of packets of APID 11")
    time, sent = utc(packets["ephemeris"]), utc(packets["sent"])
    names = "time [UTC],x [m],y [m],z [m],vx [m/s],vy [m/s],vz [m/s],q1,q2,q3,q4"
    values = np.hstack([packets["position"], packets["velocity"], packets["attitude"]])
    head = ["# product: j01_l1_geolocation", f"# covers [UTC]: {sent[0]} {sent[-1]}", names]
    rows = [f"{t}," + ",".join(map(str, row)) for t, row in zip(time, values, strict=True)]
    Path(output).write_text("\n".join(head + rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (OSError, ValueError, TypeError) as error:
        sys.exit(f"l1_geolocation.py: {error}")
