#!/usr/bin/env python3
"""Level 2 magnetic field along the track of a day, from two level 1 products.

usage: l2_mag.py L1_PVT... L1_ADCS... OUTPUT

The position is interpolated to the time of each magnetometer reading; readings before the first
or after the last position are left out. Field in the satellite's axes [nT], as read and not
calibrated: the satellite's own field is in it, so its size differs from a field model by some
thousand nT.
"""

from __future__ import annotations

import sys

import numpy as np
from cygnss import Table, fail, geodetic, read_tables, write_table


def main(*paths: str) -> None:
    """Make one table from all the level 1 tables of the day; which is which, their head says."""
    *inputs, output = paths
    pvt = read_tables(inputs, "cygnss_l1_pvt")
    adcs = read_tables(inputs, "cygnss_l1_adcs")
    fix, time = pvt.columns["time [UTC]"], adcs.columns["time [UTC]"]
    known = (time >= fix[0]) & (time <= fix[-1])
    time = time[known]
    where = [np.interp(time.astype(float), fix.astype(float), pvt.columns[f"{axis} [m]"])
             for axis in "xyz"]  # fmt: skip
    latitude, longitude, height = geodetic(*where)
    field = np.array([adcs.columns[f"b{axis} [nT]"][known] for axis in "xyz"])
    columns = {
        "time [UTC]": time,
        "latitude [deg]": np.round(latitude, 5),
        "longitude [deg]": np.round(longitude, 5),
        "height [km]": np.round(height, 4),
    }
    columns |= {f"b{axis} [nT]": field[i] for i, axis in enumerate("xyz")}
    columns["b [nT]"] = np.round(np.linalg.norm(field, axis=0), 1)
    start, stop = min(pvt.start, adcs.start), max(pvt.stop, adcs.stop)
    write_table(output, Table("cygnss_l2_mag", start, stop, columns))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (OSError, ValueError, TypeError) as error:
        fail(error)
