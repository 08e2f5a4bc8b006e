#!/usr/bin/env python3
"""Level 1 of the attitude sensors and actuators, once a second.

usage: l1_adcs.py L0 OUTPUT

Decodes the packets ENG_ADCSIO (APID 393): the three axes of the magnetometer [nT], as read and
not calibrated, its temperature, and the measured speed of the three reaction wheels [rpm].
``time`` is that of the packet.
"""

from __future__ import annotations

import sys

import numpy as np
from cygnss import Table, decode, fail, read_packets, write_table

ENG_ADCSIO = 393
LAYOUT = {
    "wheel": (100, "3>i2"),  # ADCS_RWA_MEAS_SPEED1, 2, 3 [rpm]
    "field": (128, "3>i2"),  # ADCS_MAG_RDG_X, Y, Z, in steps of 10 nT
    "warmth": (134, ">i2"),  # ADCS_MAG_TEMP, in steps of 0.00588 degC
}


def main(l0: str, output: str) -> None:
    """Make the table of one level 0 file."""
    packets = read_packets(l0)
    adcs = decode(packets, ENG_ADCSIO, LAYOUT)
    times = [packet.time.isoformat() for packet in packets if packet.apid == ENG_ADCSIO]
    columns = {"time [UTC]": np.array(times, "datetime64[us]")}
    field = adcs["field"].astype(int) * 10
    columns |= {f"b{axis} [nT]": field[:, i] for i, axis in enumerate("xyz")}
    columns["magnetometer [degC]"] = np.round(adcs["warmth"] * 0.00588, 2)
    columns |= {f"wheel{i + 1} [rpm]": adcs["wheel"][:, i] for i in range(3)}
    start, stop = packets[0].time, packets[-1].time
    write_table(output, Table("cygnss_l1_adcs", start, stop, columns))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (OSError, ValueError, TypeError) as error:
        fail(error)
