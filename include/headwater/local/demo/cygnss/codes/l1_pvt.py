#!/usr/bin/env python3
"""Level 1 position, velocity and time of the satellite, once a second.

usage: l1_pvt.py L0 OUTPUT

Decodes the packets ENG_PVT (APID 394): the solution of the GPS receiver. Position and velocity
are Earth-fixed (ECEF). ``time`` is the time of the fix, which the receiver gives as GPS week and
second; UTC was 18 s behind GPS all through 2017 to 2026 (no leap second since 2017-01-01).
"""

from __future__ import annotations

import sys

import numpy as np
from cygnss import Table, decode, fail, read_packets, write_table

ENG_PVT = 394
LAYOUT = {
    "position": (16, "3>f4"),  # DDMI_PVT_SCPOS_X, Y, Z [m]
    "velocity": (28, "3>f4"),  # DDMI_PVT_SCVEL_X, Y, Z [m/s]
    "week": (40, ">u2"),  # DDMI_PVT_GPS_WEEK, weeks since 1980-01-06
    "second": (42, ">f8"),  # DDMI_PVT_GPS_SEC, seconds of the week
    "satellites": (58, "u1"),  # DDMI_PVT_NUMSATS, used in the fix
}
GPS_MINUS_UTC = np.timedelta64(18, "s")


def main(l0: str, output: str) -> None:
    """Make the table of one level 0 file."""
    packets = read_packets(l0)
    pvt = decode(packets, ENG_PVT, LAYOUT)
    gps = np.datetime64("1980-01-06", "ms") + pvt["week"].astype("m8[W]")
    gps = gps + np.round(pvt["second"] * 1000).astype("m8[ms]")
    columns = {"time [UTC]": gps - GPS_MINUS_UTC}
    columns |= {f"{axis} [m]": pvt["position"][:, i] for i, axis in enumerate("xyz")}
    columns |= {f"v{axis} [m/s]": pvt["velocity"][:, i] for i, axis in enumerate("xyz")}
    columns["satellites [count]"] = pvt["satellites"]
    start, stop = packets[0].time, packets[-1].time
    write_table(output, Table("cygnss_l1_pvt", start, stop, columns))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (OSError, ValueError, TypeError) as error:
        fail(error)
