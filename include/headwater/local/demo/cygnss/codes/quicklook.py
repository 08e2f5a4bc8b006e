#!/usr/bin/env python3
"""Quick-look picture of a day: track, height, speed and magnetic field.

usage: quicklook.py L2_TRACK L2_MAG OUTPUT

A PNG for people, not for measuring. A line is broken where more than 1.5 s are missing.
"""

from __future__ import annotations

import sys

import matplotlib as mpl
import numpy as np
from cygnss import fail, read_tables
from matplotlib.dates import AutoDateLocator, DateFormatter
from matplotlib.figure import Figure  # no pyplot: nothing here needs a display

LOOK = {"font.size": 9, "axes.grid": True, "grid.alpha": 0.3, "axes.spines.top": False,
        "axes.spines.right": False, "axes.titlesize": 10, "axes.titleweight": "bold"}  # fmt: skip


def broken(time: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put a NaN into each gap, so that no line is drawn where there are no data."""
    gaps = np.flatnonzero(np.diff(time) > np.timedelta64(1500, "ms")) + 1
    return np.insert(time, gaps, time[gaps]), np.insert(value, gaps, np.nan)


def main(*paths: str) -> None:
    """Draw the picture of a day."""
    *inputs, output = paths
    track = read_tables(inputs, "cygnss_l2_track").columns
    mag = read_tables(inputs, "cygnss_l2_mag").columns
    time = track["time [UTC]"]
    mpl.rcParams.update(LOOK)
    figure = Figure(figsize=(10, 5.6), layout="constrained", dpi=130)
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.15))
    first, last = (str(t.astype("datetime64[s]")).split("T") for t in (time[0], time[-1]))
    figure.suptitle(f"CYGNSS 0xF7, {first[0]}, {first[1]} to {last[1]} UTC", weight="bold")

    axes = left.subplots()
    dots = axes.scatter(mag["longitude [deg]"], mag["latitude [deg]"], c=mag["b [nT]"] / 1000, s=26)
    axes.set(title="Ground track", xlabel="longitude [° E]", ylabel="latitude [° N]")
    axes.annotate("start", (mag["longitude [deg]"][0], mag["latitude [deg]"][0]),
                  xytext=(9, 0), textcoords="offset points", va="center")  # fmt: skip
    axes.margins(0.12)
    left.colorbar(dots, label="magnetic field |B|, as read [µT]", location="bottom", aspect=40)

    height, speed, field = right.subplots(3, 1, sharex=True, height_ratios=(1, 1, 1.7))
    height.plot(*broken(time, track["height [km]"]), color="tab:blue")
    height.set(title="Height over WGS 84", ylabel="[km]")
    speed.plot(*broken(time, track["speed [km/s]"]), color="tab:green")
    speed.set(title="Speed over the turning Earth", ylabel="[km/s]")
    for axis, color in zip("xyz", ("tab:red", "tab:orange", "tab:purple"), strict=True):
        value = mag[f"b{axis} [nT]"] / 1000
        label = f"$B_{axis}$, {value[0]:.2f} µT at start"
        field.plot(*broken(mag["time [UTC]"], value - value[0]), color=color, label=label)
    field.set(title="Magnetic field in satellite axes, change since start")
    field.set(xlabel="UTC", ylabel="[µT]")
    field.legend(loc="lower left", frameon=False)
    right.align_ylabels()
    for axes in (height, speed, field):
        axes.ticklabel_format(axis="y", useOffset=False)
    field.xaxis.set_major_locator(AutoDateLocator(maxticks=6))
    field.xaxis.set_major_formatter(DateFormatter("%H:%M:%S"))
    figure.savefig(output, format="png")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (OSError, ValueError, TypeError) as error:
        fail(error)
