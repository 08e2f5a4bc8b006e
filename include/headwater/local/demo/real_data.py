"""The demo mission on real level 0: CYGNSS packets that ship inside the package ccsdspy.

No byte is made up. The one file of packets is cut between packets, by packet time, into level 0
files of ten seconds each, under the names of the mission. One of them is held back ("more"), and
of that one there are two versions: 1.0.0 misses the packets of three seconds in its middle, as a
radio pass with a drop-out leaves it, and 1.0.1 has them all, as after a replay ("newer").
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

from headwater.core.errors import NotFoundError, SettingError

Which = Literal["first", "more", "newer"]

MISSION = "cygnss_demo"
DAY = date(2022, 3, 25)
SOURCE_NAME = "CYGNSS_F7_L0_2022_086_10_15_V01_F__first101pkts.tlm"
SOURCE_SHA256 = "b370114855eeeec10155d9761e9cf1951bedded914210a136cc92df759deef11"
"""The file as in ccsdspy 2.0.1: the cut below was checked with these bytes."""

_FILL_APID = 391  # packets that only fill the radio link; they carry no time
_FIRST_SECOND = datetime(2022, 3, 25, 21, 43, 34)
_GRANULE = timedelta(seconds=10)
_DROP_OUT = (datetime(2022, 3, 25, 21, 44, 7), datetime(2022, 3, 25, 21, 44, 10))
_GRANULES: dict[Which, tuple[tuple[str, str], ...]] = {
    "first": (("214334", "1.0.0"), ("214344", "1.0.0"), ("214354", "1.0.0")),
    "more": (("214404", "1.0.0"),),
    "newer": (("214404", "1.0.1"),),
}
_DAILY_VERSION: dict[Which, str] = {
    "first": "1.0.0",
    "more": "1.1.0",  # one parent more: quality + 1 (spec dbprocessing 5.4)
    "newer": "1.1.1",  # a parent's revision grew: revision + 1
}


class ExpectedProduct(NamedTuple):
    """A file that must be in the catalog after a drop: its product, day, version and name."""

    product: str
    utc_date: date
    version: str
    filename: str


def install_demo(target: Path) -> Path:
    """Put the demo mission into the folder `target` and return the path of its mission file.

    Level 0 files are put into ``l0_to_drop`` there; nothing is in incoming yet. May be called
    again: it writes the mission's own files anew and leaves everything else alone.

    Raises
    ------
    NotFoundError
        ccsdspy is not installed, or was installed without its test data.
    SettingError
        Its packets are not those that this demo was made for.
    """
    granules = _cut(_read_source())
    here = Path(__file__).parent / "cygnss"
    shutil.copytree(here, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for code in (target / "codes").glob("*.py"):
        if code.read_bytes().startswith(b"#!"):
            code.chmod(0o755)  # an installed wheel does not keep the mode
    for folder in ("incoming", "errors", "l0_to_drop"):
        (target / folder).mkdir(exist_ok=True)
    for name, data in granules.items():
        (target / "l0_to_drop" / name).write_bytes(data)
    return target / "mission.yaml"


def drop(target: Path, which: Which) -> list[Path]:
    """Put level 0 files of an installed demo into its incoming area and return their paths.

    Each is written under a hidden name and renamed, as any sender should do, so that it is never
    seen half written.
    """
    dropped = []
    for name in _l0_names(which):
        hidden, final = target / "incoming" / f".{name}", target / "incoming" / name
        shutil.copyfile(target / "l0_to_drop" / name, hidden)
        hidden.replace(final)
        dropped.append(final)
    return dropped


def expected_products(which: Which) -> list[ExpectedProduct]:
    """Return what a drop must add to the catalog: the level 0 files and all made from them.

    Versions are those of one build per event: all files of the drop are in before the first
    daily product is made. Drops are expected in the order first, more, newer.
    """
    day, daily = f"{DAY:%Y%m%d}", _DAILY_VERSION[which]
    names = [("cygnss_l0", version, f"l0_{day}_{granule}_v{version}.tlm")
             for granule, version in _GRANULES[which]]  # fmt: skip
    for kind in ("pvt", "adcs"):
        names += [(f"cygnss_l1_{kind}", version, f"l1_{kind}_{day}_{granule}_v{version}.csv")
                  for granule, version in _GRANULES[which]]  # fmt: skip
    names += [(f"cygnss_l2_{kind}", daily, f"l2_{kind}_{day}_v{daily}.csv")
              for kind in ("track", "mag")]  # fmt: skip
    names.append(("cygnss_quicklook", daily, f"ql_{day}_v{daily}.png"))
    return [ExpectedProduct(product, DAY, version, f"cygf7_{name}")
            for product, version, name in names]  # fmt: skip


def _l0_names(which: Which) -> list[str]:
    return [expected.filename for expected in expected_products(which)
            if expected.product == "cygnss_l0"]  # fmt: skip


def _read_source() -> bytes:
    """Read the packets from the installed ccsdspy, without importing it."""
    found = importlib.util.find_spec("ccsdspy")
    folder = Path(os.fspath(found.origin)).parent if found and found.origin else Path()
    path = folder / "tests" / "data" / "split" / SOURCE_NAME
    if not path.is_file():
        raise NotFoundError(
            f"The demo's packets, {SOURCE_NAME} of the package ccsdspy, are not installed; "
            "install headwater with its extra: headwater[demo]."
        )
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != SOURCE_SHA256:
        raise SettingError(
            f"{path} is not the file that the demo was made for; install ccsdspy 2.0.1."
        )
    return data


def _cut(data: bytes) -> dict[str, bytes]:
    """Cut the source between packets, by packet time, into the level 0 files of all drops."""
    files: dict[str, bytes] = {}
    at = 0
    while at < len(data):
        end = at + 7 + int.from_bytes(data[at + 4 : at + 6], "big")
        packet, at = data[at:end], end
        if int.from_bytes(packet[:2], "big") & 0x7FF == _FILL_APID:
            continue
        time = _packet_time(packet)
        start = _FIRST_SECOND + (time - _FIRST_SECOND) // _GRANULE * _GRANULE
        for which in _GRANULES:
            for name in _l0_names(which):
                dropped_out = which == "more" and _DROP_OUT[0] <= time < _DROP_OUT[1]
                if f"_{start:%H%M%S}_" in name and not dropped_out:
                    files[name] = files.get(name, b"") + packet
    return files


def _packet_time(packet: bytes) -> datetime:
    """Return the UTC time of a packet (ENG_PVT.csv of ccsdspy: bytes 8 to 15)."""
    bits = int.from_bytes(packet[8:16], "big")
    return datetime(bits >> 46 & 0xFFF, 1, 1) + timedelta(
        days=(bits >> 37 & 0x1FF) - 1,
        hours=bits >> 32 & 0x1F,
        minutes=bits >> 26 & 0x3F,
        seconds=bits >> 20 & 0x3F,
        microseconds=bits & 0xFFFFF,
    )
