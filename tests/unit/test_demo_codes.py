"""The demo missions: real bytes only, codes that decode what was sent, inspectors that look."""

from __future__ import annotations

import csv
import importlib.util
import os
import resource
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace

import ccsdspy
import numpy as np
import pytest
import yaml

from headwater.core.errors import NotFoundError, SettingError
from headwater.local.demo import real_data, synthetic

REPO = Path(__file__).resolve().parents[2]
SHIM = REPO / "include" / "headwater" / "missions" / "inspection" / "shim"
SPLIT = Path(ccsdspy.__file__).parent / "tests" / "data" / "split"
SOURCE = SPLIT / real_data.SOURCE_NAME
RAGGED = (
    b"# product: cygnss_l1_pvt\n# covers [UTC]: 2022-03-25 2022-03-25\ntime,x\n2022-03-25,1\n,\n"
)
DEFINITION_TYPES = {"U": "uint", "I": "int", "F": "float"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed demo mission's folder."""
    return real_data.install_demo(tmp_path_factory.mktemp("demo") / "cygnss").parent


def run(code: Path, *arguments: Path | str) -> subprocess.CompletedProcess[str]:
    """Run a code as the runner does: no shell, the interpreter's own folder first in PATH."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [code, *arguments],
        env={"PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def products(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All products of the four complete level 0 files, made by the codes one by one."""
    out = tmp_path_factory.mktemp("products")
    for granule in ("214334", "214344", "214354", "214404"):
        l0 = sorted((demo / "l0_to_drop").glob(f"*_{granule}_*"))[-1]
        for kind in ("pvt", "adcs"):
            make(demo / f"codes/l1_{kind}.py", l0, out / f"{kind}_{granule}.csv")
    pvt, adcs = sorted(out.glob("pvt*")), sorted(out.glob("adcs*"))
    make(demo / "codes/l2_track.py", *pvt, out / "track.csv")
    make(demo / "codes/l2_mag.py", *adcs, *pvt, out / "mag.csv")
    make(demo / "codes/quicklook.py", out / "track.csv", out / "mag.csv", out / "ql.png")
    return out


def make(code: Path, *arguments: Path) -> None:
    ended = run(code, *arguments)
    assert (ended.returncode, ended.stderr) == (0, "")


def table(path: Path) -> dict[str, list[str]]:
    """The columns of a table of the demo."""
    rows = list(csv.reader(path.read_text().splitlines()[2:]))
    return dict(zip(rows[0], map(list, zip(*rows[1:], strict=True)), strict=True))


def numbers(path: Path, *columns: str) -> np.ndarray:
    found = table(path)
    return np.array([found[name] for name in columns], float)


def packets(data: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(data):
        end = at + 7 + int.from_bytes(data[at + 4 : at + 6], "big")
        found.append(data[at:end])
        at = end
    return found


class TestLevel0:
    def test_every_byte_is_the_source_s_and_only_fill_is_left_out(self, demo: Path) -> None:
        names = [name.filename for which in ("first", "newer")
                 for name in real_data.expected_products(which)
                 if name.product == "cygnss_l0"]  # fmt: skip
        cut = b"".join((demo / "l0_to_drop" / name).read_bytes() for name in names)
        source = packets(SOURCE.read_bytes())
        assert len(source) == 101
        assert packets(cut) == source[1:]  # the first packet is fill

    def test_the_first_version_of_the_held_back_file_has_a_drop_out(self, demo: Path) -> None:
        old, new = (packets((demo / f"l0_to_drop/cygf7_l0_20220325_214404_v{v}.tlm").read_bytes())
                    for v in ("1.0.0", "1.0.1"))  # fmt: skip
        assert set(old) < set(new)
        assert (old[0], old[-1]) == (new[0], new[-1])
        assert (len(old), len(new)) == (14, 25)

    def test_dropping_puts_whole_files_into_incoming(self, tmp_path: Path) -> None:
        target = real_data.install_demo(tmp_path / "m").parent
        assert list((target / "incoming").iterdir()) == []
        for which, count in (("first", 3), ("more", 1), ("newer", 1)):
            dropped = real_data.drop(target, which)
            assert [path.name for path in dropped] == [
                name.filename for name in real_data.expected_products(which)[:count]
            ]
        there = sorted(path.name for path in (target / "incoming").iterdir())
        assert len(there) == 5
        assert not any(name.startswith(".") for name in there)

    def test_expected_products_count_every_file_of_a_drop_once(self) -> None:
        drops = [real_data.expected_products(w) for w in ("first", "more", "newer")]
        assert [len(drop) for drop in drops] == [12, 6, 6]
        assert len({name.filename for drop in drops for name in drop}) == 24

    def test_without_the_package_or_with_other_bytes_it_says_what_to_do(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(real_data, "SOURCE_SHA256", "0" * 64)
        with pytest.raises(SettingError, match=r"install ccsdspy 2\.0\.1"):
            real_data.install_demo(tmp_path / "m")
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        with pytest.raises(NotFoundError, match=r"headwater\[demo\]"):
            real_data.install_demo(tmp_path / "m")
        assert not (tmp_path / "m").exists()


class TestCodes:
    @pytest.mark.parametrize(
        ("apid", "definition", "kind", "fields"),
        [
            (394, "ENG_PVT", "pvt", {"x [m]": ("DDMI_PVT_SCPOS_X", 1.0),
                                     "z [m]": ("DDMI_PVT_SCPOS_Z", 1.0),
                                     "vy [m/s]": ("DDMI_PVT_SCVEL_Y", 1.0),
                                     "satellites [count]": ("DDMI_PVT_NUMSATS", 1.0)}),
            (393, "ENG_ADCSIO", "adcs", {"bx [nT]": ("ADCS_MAG_RDG_X", 10.0),
                                         "bz [nT]": ("ADCS_MAG_RDG_Z", 10.0),
                                         "wheel1 [rpm]": ("ADCS_RWA_MEAS_SPEED1", 1.0),
                                         "wheel3 [rpm]": ("ADCS_RWA_MEAS_SPEED3", 1.0)}),
        ],
    )  # fmt: skip
    def test_level_1_is_what_ccsdspy_decodes_by_the_definitions(
        self, products: Path, apid: int, definition: str, kind: str,
        fields: dict[str, tuple[str, float]],
    ) -> None:  # fmt: skip
        lines = csv.reader((SPLIT / "defs" / f"{definition}.csv").open(encoding="utf-8"))
        layout = [
            ccsdspy.PacketField(row[0], DEFINITION_TYPES[row[2][0]], int(row[8]),
                                int(row[6]) * 8 + int(row[7]))
            for row in list(lines)[8:]
        ]  # fmt: skip
        reference = ccsdspy.FixedLength(layout).load(SPLIT / f"apid{apid:05}.tlm")
        for column, (mnemonic, step) in fields.items():
            ours = np.concatenate([numbers(path, column)[0]
                                   for path in sorted(products.glob(f"{kind}_*"))])  # fmt: skip
            np.testing.assert_allclose(ours, reference[mnemonic] * step, rtol=1e-6)

    def test_times_are_utc_and_agree_with_the_packets_own(self, products: Path) -> None:
        fixes = table(products / "pvt_214334.csv")["time [UTC]"]
        assert (fixes[0], len(fixes)) == ("2022-03-25T21:43:34.000", 10)
        readings = table(products / "adcs_214334.csv")["time [UTC]"]
        assert (readings[0], len(readings)) == ("2022-03-25T21:43:34.031043", 10)

    def test_the_track_is_an_orbit_that_moves_as_fast_as_it_says(self, products: Path) -> None:
        place = numbers(products / "track.csv", "latitude [deg]", "longitude [deg]", "height [km]")
        assert place.shape == (3, 39)
        assert place[:, 0] == pytest.approx([-19.56941, 65.36741, 531.8328])
        assert np.all((place[2] > 531) & (place[2] < 533))
        position = np.concatenate([numbers(path, "x [m]", "y [m]", "z [m]")
                                   for path in sorted(products.glob("pvt_*"))], axis=1)  # fmt: skip
        moved = np.linalg.norm(np.diff(position), axis=0) / 1000
        speed = numbers(products / "track.csv", "speed [km/s]")[0]
        assert moved == pytest.approx(speed[1:], abs=5e-3)  # a position is 32 bits: 0.5 m

    def test_the_field_is_one_of_the_earth_and_has_the_place_of_its_time(
        self, products: Path
    ) -> None:
        field = numbers(products / "mag.csv", "bx [nT]", "by [nT]", "bz [nT]", "b [nT]")
        assert field.shape == (4, 38)  # the last two of 40 readings came after the last position
        assert field[3] == pytest.approx(np.linalg.norm(field[:3], axis=0), abs=0.1)
        assert field[3, 0] == pytest.approx(36153.6)
        assert field[3, -1] - field[3, 0] == pytest.approx(655.8, abs=0.1)
        place = numbers(products / "mag.csv", "latitude [deg]")[0]
        track = numbers(products / "track.csv", "latitude [deg]")[0]
        assert np.all((place < track[:-1]) & (place > track[1:]))

    def test_the_quicklook_is_a_whole_picture(self, products: Path) -> None:
        data = (products / "ql.png").read_bytes()
        assert data.startswith(b"\x89PNG")
        assert data[-8:-4] == b"IEND"
        assert len(data) > 50_000

    @pytest.mark.parametrize(
        ("name", "bad"),
        [(name, bad) for name in ("l1_pvt", "l1_adcs", "l2_track", "l2_mag")
         for bad in ("absent", "empty", "cut", "text", "ragged")] + [("quicklook", "text")],
    )  # fmt: skip
    def test_bad_input_is_one_sentence_and_no_output(
        self, demo: Path, tmp_path: Path, name: str, bad: str
    ) -> None:
        content = {
            "empty": b"",
            "cut": SOURCE.read_bytes()[1680:-1],
            "text": b"time,x\n1,2\n",
            "ragged": RAGGED,
        }
        given = tmp_path / "given"
        if bad != "absent":
            given.write_bytes(content[bad])
        ended = run(demo / f"codes/{name}.py", given, tmp_path / "out")
        assert ended.returncode == 1
        assert ended.stderr.startswith(f"{name}.py: ")
        assert ended.stderr.count("\n") == 1
        assert str(given) in ended.stderr
        assert not (tmp_path / "out").exists()


def inspect(script: Path, path: Path, **arguments: str) -> dict[str, object] | None:
    """Ask an inspector about a file; the parameters it set, or None where it is not its."""
    spec = importlib.util.spec_from_file_location(f"inspector_{script.stem}", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    entry = SimpleNamespace(format="x", level=0.0)
    catalog = SimpleNamespace(getEntry=lambda table, key: entry, mission="m")
    diskfile = module.Inspector(str(path), catalog, 1, **arguments)()
    return None if diskfile is None else diskfile.params


@pytest.fixture
def _shim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SHIM))


@pytest.mark.usefixtures("_shim")
class TestInspectors:
    def test_packets_give_times_name_gives_version_and_granule(self, demo: Path) -> None:
        found = inspect(demo / "inspectors/packets.py",
                        demo / "l0_to_drop/cygf7_l0_20220325_214404_v1.0.1.tlm")  # fmt: skip
        assert found is not None
        assert found["utc_file_date"] == date(2022, 3, 25)
        assert found["utc_start_time"] == datetime(2022, 3, 25, 21, 44, 4, 27296)
        assert found["utc_stop_time"] == datetime(2022, 3, 25, 21, 44, 13, 27295)
        assert str(found["version"]) == "1.0.1"
        assert found["process_keywords"] == "granule=214404"

    @pytest.mark.parametrize(
        ("name", "start", "stop"),
        [
            ("cygf7_l0_20220326_214404_v1.0.1.tlm", 1680, None),  # name of another day
            ("cygf7_l0_20220325_214404_v1.0.1.tlm", 1680, -1),  # last packet cut short
            ("cygf7_l0_20220325_214404_v1.0.1.tlm", 0, None),  # begins with a packet of no time
            ("cygf7_l0_20220325_214404_v1.0.1.tlm", 0, 0),  # empty
            ("cygf7_l0_20220325_214404_v1.0.tlm", 1680, None),  # no version
        ],
    )
    def test_a_file_that_is_not_level_0_is_not_taken(
        self, demo: Path, tmp_path: Path, name: str, start: int, stop: int | None
    ) -> None:
        (tmp_path / name).write_bytes(SOURCE.read_bytes()[start:stop])
        assert inspect(demo / "inspectors/packets.py", tmp_path / name) is None

    def test_a_table_covers_the_span_of_its_level_0(
        self, demo: Path, products: Path, tmp_path: Path
    ) -> None:
        path = tmp_path / "cygf7_l1_pvt_20220325_214334_v1.2.0.csv"
        path.write_bytes((products / "pvt_214334.csv").read_bytes())
        script = demo / "inspectors/tables.py"
        found = inspect(script, path, table="l1_pvt")
        assert found is not None
        assert found["utc_start_time"] == datetime(2022, 3, 25, 21, 43, 34, 31043)
        assert (str(found["version"]), found["process_keywords"]) == ("1.2.0", "granule=214334")
        assert inspect(script, path, table="l1_adcs") is None
        path.write_bytes((products / "adcs_214334.csv").read_bytes())
        assert inspect(script, path, table="l1_pvt") is None

    def test_a_picture_cut_short_is_not_taken(
        self, demo: Path, products: Path, tmp_path: Path
    ) -> None:
        path = tmp_path / "cygf7_ql_20220325_v1.0.0.png"
        path.write_bytes((products / "ql.png").read_bytes())
        assert inspect(demo / "inspectors/pictures.py", path) is not None
        path.write_bytes((products / "ql.png").read_bytes()[:-1])
        assert inspect(demo / "inspectors/pictures.py", path) is None


class TestGeneratedMission:
    def test_same_day_same_bytes_and_nothing_half_written(self, tmp_path: Path) -> None:
        synthetic.write_synthetic_mission(tmp_path / "a", days=3)
        dropped = synthetic.drop_synthetic_l0(tmp_path / "a", 2, "1.0.1", size_bytes=5000)
        assert [path.name for path in dropped] == [
            "synth_l0_20200101_v1.0.1.dat", "synth_l0_20200102_v1.0.1.dat",
        ]  # fmt: skip
        there = {path.name: path.stat().st_size for path in (tmp_path / "a/incoming").iterdir()}
        assert sorted(there.values()) == [1024, 1024, 1024, 5000, 5000]
        first = dropped[0].read_bytes()
        assert first.startswith(b"synthetic level 0 of 2020-01-01, version 1.0.1\n")
        synthetic.drop_synthetic_l0(tmp_path / "a", 1, "1.0.1", size_bytes=5000)
        assert dropped[0].read_bytes() == first != dropped[1].read_bytes()

    def test_codes_copy_their_inputs_and_one_uses_its_cpu_time(self, tmp_path: Path) -> None:
        mission = synthetic.write_synthetic_mission(tmp_path, days=2, levels=3, code="cpu")
        assert mission.parent == tmp_path
        inputs = sorted((tmp_path / "incoming").iterdir())
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        for code in ("copy.sh", "cpu.py"):
            make(tmp_path / "codes" / code, *inputs, tmp_path / "out")
            assert (tmp_path / "out").read_bytes() == b"".join(p.read_bytes() for p in inputs)
            make(tmp_path / "codes" / code, inputs[0], tmp_path / "out")
            assert (tmp_path / "out").read_bytes() == inputs[0].read_bytes()
            assert run(tmp_path / "codes" / code, inputs[0]).returncode == 1
            assert run(tmp_path / "codes" / code, tmp_path / "no", tmp_path / "out").returncode
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime >= 0.4

    @pytest.mark.usefixtures("_shim")
    def test_the_name_says_it_all(self, tmp_path: Path) -> None:
        synthetic.write_synthetic_mission(tmp_path, days=1)
        (path,) = (tmp_path / "incoming").iterdir()
        found = inspect(tmp_path / "inspectors/synthetic.py", path, level="0")
        assert found is not None
        assert (found["utc_file_date"], str(found["version"])) == (date(2020, 1, 1), "1.0.0")

    @pytest.mark.parametrize("wrong", [{"days": -1}, {"levels": 0}, {"code": "rm"}])
    def test_wrong_use_is_a_sentence(self, tmp_path: Path, wrong: dict[str, object]) -> None:
        with pytest.raises(SettingError, match="A generated mission needs"):
            synthetic.write_synthetic_mission(tmp_path / "m", **{"days": 1, **wrong})


@pytest.mark.parametrize("name", ["cygnss", "generated", "jpss1"])
def test_what_a_mission_file_names_is_there(name: str, tmp_path: Path, demo: Path) -> None:
    folder = {"cygnss": demo, "generated": tmp_path, "jpss1": REPO / "tests/jpss1_mission"}[name]
    if name == "generated":
        synthetic.write_synthetic_mission(tmp_path, days=0)
    mission = yaml.safe_load((folder / "mission.yaml").read_text(encoding="utf-8"))
    for product in mission["products"].values():
        assert (folder / "inspectors" / product["inspector"]["filename"]).is_file()
    for process in mission["processes"].values():
        assert os.access(folder / "codes" / process["code"]["filename"], os.X_OK)
        assert {process["output"], *process["inputs"]} <= set(mission["products"])


class TestJpss1:
    """NOAA-20's packets, from the material beside the checkout."""

    @pytest.fixture
    def l0(self, shared_dir: Path) -> Path:
        found = sorted((shared_dir / "data" / "jpss1").glob("*.DAT1"))
        if not found:
            pytest.skip("the JPSS-1 packets are not in the shared material")
        return found[0]

    def test_level_0_to_picture(self, l0: Path, tmp_path: Path) -> None:
        codes = REPO / "tests/jpss1_mission/codes"
        make(codes / "l1_geolocation.py", l0, tmp_path / "l1.csv")
        make(codes / "l2_track.py", tmp_path / "l1.csv", tmp_path / "l2.csv")
        make(codes / "quicklook.py", tmp_path / "l2.csv", tmp_path / "ql.png")
        assert len(table(tmp_path / "l1.csv")["q1"]) == 7200
        attitude = numbers(tmp_path / "l1.csv", "q1", "q2", "q3", "q4")
        assert np.linalg.norm(attitude, axis=0) == pytest.approx(1, abs=1e-6)
        latitude, height = numbers(tmp_path / "l2.csv", "latitude [deg]", "height [km]")
        assert len(latitude) == 720
        assert np.abs(latitude).max() == pytest.approx(81.3, abs=0.1)  # inclination 98.7 degrees
        assert (height.min(), height.max()) == pytest.approx((828.9, 855.9), abs=0.1)
        assert (tmp_path / "ql.png").read_bytes().startswith(b"\x89PNG")

    def test_level_1_is_what_the_xtce_definition_says(self, l0: Path, tmp_path: Path) -> None:
        space_packet_parser = pytest.importorskip("space_packet_parser", exc_type=ImportError)
        few = tmp_path / "few.DAT1"
        few.write_bytes(l0.read_bytes()[: 71 * 50])
        make(REPO / "tests/jpss1_mission/codes/l1_geolocation.py", few, tmp_path / "l1.csv")
        xtce = l0.parent / "jpss1_geolocation_xtce_v1.xml"
        definition = space_packet_parser.load_xtce(xtce)
        with few.open("rb") as stream:
            reference = [definition.parse_bytes(packet)
                         for packet in space_packet_parser.ccsds_generator(stream)]  # fmt: skip
        assert len(reference) == 50
        for ours, theirs in (("x [m]", "ADGPSPOSX"), ("vz [m/s]", "ADGPSVELZ"), ("q4", "ADCFAQ4")):
            expected = [float(packet[theirs]) for packet in reference]
            np.testing.assert_allclose(numbers(tmp_path / "l1.csv", ours)[0], expected, rtol=1e-6)

    @pytest.mark.usefixtures("_shim")
    def test_inspector_takes_whole_files_only(self, l0: Path, tmp_path: Path) -> None:
        script = REPO / "tests/jpss1_mission/inspectors/packets.py"
        copy = tmp_path / l0.name
        copy.write_bytes(l0.read_bytes())
        found = inspect(script, copy)
        assert found is not None
        assert found["utc_stop_time"] == datetime(2021, 4, 9, 1, 59, 59, 5260)
        assert (str(found["version"]), found["process_keywords"]) == ("1.0.0", "start=000000")
        copy.write_bytes(l0.read_bytes()[:-1])
        assert inspect(script, copy) is None

    def test_other_packets_are_refused(self, tmp_path: Path) -> None:
        ended = run(REPO / "tests/jpss1_mission/codes/l1_geolocation.py", SOURCE, tmp_path / "out")
        assert (ended.returncode, (tmp_path / "out").exists()) == (1, False)
        assert "l1_geolocation.py: " in ended.stderr
