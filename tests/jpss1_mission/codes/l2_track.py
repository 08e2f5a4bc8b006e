#!/usr/bin/env python3
"""Level 2 ground track of JPSS-1: geodetic position (WGS 84) every 10 s of a day.

usage: l2_track.py L1... OUTPUT
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np


def geodetic(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return latitude and longitude [deg] and height [km] of an ECEF position [m] (Bowring)."""
    a, f = 6378137.0, 1 / 298.257223563
    b, e2, p = a * (1 - f), f * (2 - f), np.hypot(x, y)
    beta = np.arctan2(a * z, b * p)
    lat = np.arctan2(z + e2 / (1 - e2) * b * np.sin(beta) ** 3, p - e2 * a * np.cos(beta) ** 3)
    height = p * np.cos(lat) + z * np.sin(lat) - a * np.sqrt(1 - e2 * np.sin(lat) ** 2)
    return np.degrees(lat), np.degrees(np.arctan2(y, x)), height / 1000


def main(*paths: str) -> None:
    """Make one table from all the level 1 tables of the day."""
    *inputs, output = paths
    rows, covers = [], []
    for path in inputs:
        product, span, _, *lines = Path(path).read_text(encoding="utf-8").splitlines()
        if product != "# product: j01_l1_geolocation":
            raise ValueError(f"{path}: not a level 1 table of JPSS-1")
        covers += span.split()[-2:]
        rows += [line.split(",")[:4] for line in lines]
    rows = sorted(rows)[::10]
    latitude, longitude, height = geodetic(*np.array([row[1:] for row in rows], float).T)
    head = ["# product: j01_l2_track", f"# covers [UTC]: {min(covers)} {max(covers)}",
            "time [UTC],latitude [deg],longitude [deg],height [km]"]  # fmt: skip
    where = zip(rows, latitude, longitude, height, strict=True)
    body = [f"{row[0]},{lat:.4f},{lon:.4f},{km:.3f}" for row, lat, lon, km in where]
    Path(output).write_text("\n".join(head + body) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (OSError, ValueError, TypeError) as error:
        sys.exit(f"l2_track.py: {error}")
