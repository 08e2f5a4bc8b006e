"""What the codes of this mission share: packets, tables with units, and where a position is.

Level 0 is a file of CCSDS space packets, one after the other. The first 16 bytes are alike in
all of them (definition tables ``ENG_*.csv`` of CYGNSS, which ship with the package ccsdspy):
identifier (APID) in bits 5 to 15, length in bytes 4 and 5, and the UTC time, to a microsecond,
in bytes 8 to 15. The last two bytes are the sum of all the others.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

FILL = 391  # APID of the packets that only fill the radio link: no time, no data


class Packet(NamedTuple):
    """One packet: its UTC time, its APID and all of its bytes."""

    time: datetime
    apid: int
    data: bytes


class Table(NamedTuple):
    """A table of level 1 or 2: the UTC span of the level 0 it came from, and its columns."""

    product: str
    start: datetime
    stop: datetime
    columns: dict[str, np.ndarray]


def packet_time(data: bytes) -> datetime:
    """Return the UTC time of a packet: year, day of year, hour, minute, second, microsecond."""
    bits = int.from_bytes(data[8:16], "big")
    year, day = bits >> 46 & 0xFFF, bits >> 37 & 0x1FF
    hour, minute, second = bits >> 32 & 0x1F, bits >> 26 & 0x3F, bits >> 20 & 0x3F
    microsecond = bits & 0xFFFFF
    return datetime(year, 1, 1) + timedelta(day - 1, second, microsecond, 0, minute, hour)


def read_packets(path: str) -> list[Packet]:
    """Read every packet of a level 0 file but fill; ValueError where one is damaged."""
    data, packets, at = Path(path).read_bytes(), [], 0
    while at < len(data):
        end = at + 7 + int.from_bytes(data[at + 4 : at + 6], "big")
        packet = data[at:end]
        if end > len(data) or sum(packet[:-2]) & 0xFFFF != int.from_bytes(packet[-2:], "big"):
            raise ValueError(f"{path}: the packet at byte {at} is cut short or damaged")
        apid = int.from_bytes(packet[:2], "big") & 0x7FF
        if apid != FILL:
            packets.append(Packet(packet_time(packet), apid, packet))
        at = end
    if not packets:
        raise ValueError(f"{path}: holds no packet")
    return packets


def decode(packets: list[Packet], apid: int, layout: dict[str, tuple[int, str]]) -> np.ndarray:
    """Decode the packets of one APID to a structured array; `layout`: name -> (byte, type)."""
    data = [packet.data for packet in packets if packet.apid == apid]
    if not data:
        raise ValueError(f"no packet of APID {apid}")
    offsets, formats = zip(*layout.values(), strict=True)
    names, size = list(layout), len(data[0])
    return np.frombuffer(
        b"".join(data),
        np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": size}),
    )


def write_table(path: str, table: Table) -> None:
    """Write a table as CSV: two lines that say what it is, a line of names, then the rows."""
    span = f"{table.start.isoformat()} {table.stop.isoformat()}"
    lines = [f"# product: {table.product}", f"# covers [UTC]: {span}", ",".join(table.columns)]
    lines += [",".join(str(v) for v in row) for row in zip(*table.columns.values(), strict=True)]
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_table(path: str) -> Table:
    """Read a table; its first column is time, the others are numbers."""
    lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    if len(lines) < 4 or not lines[0].startswith("# product: "):
        raise ValueError(f"{path}: not a table of this mission")
    try:
        start, stop = (datetime.fromisoformat(text) for text in lines[1].split()[-2:])
        cells = list(zip(*(line.split(",") for line in lines[3:]), strict=True))
        values = [np.array(cells[0], "datetime64[us]"), *(np.array(c, float) for c in cells[1:])]
        columns = dict(zip(lines[2].split(","), values, strict=True))
    except ValueError as error:
        raise ValueError(f"{path}: a damaged table: {error}") from error
    return Table(lines[0].split()[-1], start, stop, columns)


def read_tables(paths: list[str], product: str) -> Table:
    """Read those of `paths` that hold `product` as one table, in order of time."""
    tables = [table for table in map(read_table, paths) if table.product == product]
    if not tables:
        raise ValueError(f"no {product} among {', '.join(paths)}")
    time = np.concatenate([next(iter(table.columns.values())) for table in tables])
    columns = {
        name: np.concatenate([table.columns[name] for table in tables])[np.argsort(time)]
        for name in tables[0].columns
    }
    start, stop = min(table.start for table in tables), max(table.stop for table in tables)
    return Table(product, start, stop, columns)


def geodetic(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return latitude and longitude [deg] and height [km] over WGS 84 of an ECEF position [m].

    Bowring's method (Survey Review 23, 1976); good to a millimetre in low Earth orbit.
    """
    a, f = 6378137.0, 1 / 298.257223563
    b, e2, p = a * (1 - f), f * (2 - f), np.hypot(x, y)
    beta = np.arctan2(a * z, b * p)
    lat = np.arctan2(z + e2 / (1 - e2) * b * np.sin(beta) ** 3, p - e2 * a * np.cos(beta) ** 3)
    height = p * np.cos(lat) + z * np.sin(lat) - a * np.sqrt(1 - e2 * np.sin(lat) ** 2)
    return np.degrees(lat), np.degrees(np.arctan2(y, x)), height / 1000


def fail(error: Exception) -> None:
    """End with status 1 and one sentence on standard error: bad input is not a crash."""
    sys.exit(f"{Path(sys.argv[0]).name}: {error}")
