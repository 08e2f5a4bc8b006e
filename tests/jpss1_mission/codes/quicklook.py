#!/usr/bin/env python3
"""Quick-look of JPSS-1: the ground track of a day on a map, and its height.

usage: quicklook.py L2_TRACK OUTPUT
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.dates import DateFormatter
from matplotlib.figure import Figure


def main(track: str, output: str) -> None:
    """Draw the picture of a day."""
    product, _, _, *lines = Path(track).read_text(encoding="utf-8").splitlines()
    if product != "# product: j01_l2_track":
        raise ValueError(f"{track}: not a track of JPSS-1")
    text, *numbers = zip(*(line.split(",") for line in lines), strict=True)
    time = np.array(text, "datetime64[us]")
    latitude, longitude, height = np.array(numbers, float)
    figure = Figure(figsize=(9, 7), layout="constrained", dpi=130)
    ground, over = figure.subplots(2, 1, height_ratios=(2.4, 1))
    figure.suptitle(f"JPSS-1 (NOAA-20), {text[0][:10]}", weight="bold")
    hours = (time - time[0]) / np.timedelta64(1, "h")
    dots = ground.scatter(longitude, latitude, c=hours, s=6)
    ground.set(title="Ground track", xlabel="longitude [° E]", ylabel="latitude [° N]",
               xlim=(-180, 180), ylim=(-90, 90), xticks=range(-180, 181, 60),
               yticks=range(-90, 91, 30), aspect="equal")  # fmt: skip
    figure.colorbar(dots, ax=ground, label=f"hours since {text[0][11:19]} UTC")
    over.plot(time, height)
    over.set(title="Height over WGS 84", xlabel="UTC", ylabel="[km]")
    over.xaxis.set_major_formatter(DateFormatter("%H:%M"))
    for axes in (ground, over):
        axes.grid(alpha=0.3)
    figure.savefig(output, format="png")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (OSError, ValueError, TypeError) as error:
        sys.exit(f"quicklook.py: {error}")
