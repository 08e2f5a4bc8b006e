#!/usr/bin/env python3
"""Level 2 ground track of a day: where the satellite was, how high and how fast.

usage: l2_track.py L1_PVT... OUTPUT

Latitude and longitude [deg] and height [km] over the WGS 84 ellipsoid; speed [km/s] relative to
the turning Earth (the length of the ECEF velocity), which is slower than the speed in orbit.
"""

from __future__ import annotations

import sys

import numpy as np
from cygnss import Table, fail, geodetic, read_tables, write_table


def main(*paths: str) -> None:
    """Make one table from all the level 1 tables of the day."""
    *inputs, output = paths
    pvt = read_tables(inputs, "cygnss_l1_pvt")
    latitude, longitude, height = geodetic(*(pvt.columns[f"{axis} [m]"] for axis in "xyz"))
    speed = np.linalg.norm([pvt.columns[f"v{axis} [m/s]"] for axis in "xyz"], axis=0) / 1000
    columns = {
        "time [UTC]": pvt.columns["time [UTC]"],
        "latitude [deg]": np.round(latitude, 5),
        "longitude [deg]": np.round(longitude, 5),
        "height [km]": np.round(height, 4),
        "speed [km/s]": np.round(speed, 5),
    }
    write_table(output, Table("cygnss_l2_track", pvt.start, pvt.stop, columns))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (OSError, ValueError, TypeError) as error:
        fail(error)
