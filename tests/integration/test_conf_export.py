"""What is exported loads back to the same, or is refused with what cannot be said."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from dbprocessing_database import ChainLab
from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.core.errors import MissionFileError, NotFoundError
from headwater.missions.apply import ChangeKind, apply, difference
from headwater.missions.dbprocessing_import.service import import_database
from headwater.missions.export import export_mission
from headwater.missions.export_conf import export_conf
from headwater.missions.reading import read_mission_files

ACTOR = Actor("tester")


@pytest.fixture
def old(tmp_path: Path) -> ChainLab:
    """A chain with a window, an optional input, an old code, and characters that need care."""
    lab = ChainLab(tmp_path / "root")
    lab.day(date(2020, 1, 1))
    cal = lab.product("cal", 0.5, product_description="100 % # sure; [yes]")
    mk_l3 = lab.process("mk_l3", lab.product("l3", 3), (lab.l2, 1, 2), lab.l0, optional=(cal,))
    lab.code(mk_l3, "1.0.0", active_code=False, newest_version=False)
    lab.code(mk_l3, "1.2.0", arguments="-x {ROOTDIR} --at=%H", output_interface_version=2, ram=None)
    lab.code(lab.process("after", None, lab.l2, timebase="RUN"), arguments="a=1|b")
    return lab


def bring(catalog: Catalog, old: ChainLab, **options: object) -> None:
    import_database(catalog, str(old.path), ACTOR, **options)


def loads_back(catalog: Catalog, said: str, file: Path) -> list[str]:
    """What applying the exported text would change."""
    file.write_text(said)
    with catalog.read() as connection:
        return [
            str(change)
            for one in read_mission_files([file])
            for change in difference(connection, one)
            if change.kind is not ChangeKind.ONLY_IN_CATALOG
        ]


@pytest.mark.parametrize("form", ["yaml", "conf"])
def test_an_imported_mission_loads_back_to_the_same(
    catalog: Catalog, old: ChainLab, tmp_path: Path, form: str
) -> None:
    bring(catalog, old)
    said = export_mission(catalog, "lab") if form == "yaml" else export_conf(catalog, "lab")
    assert loads_back(catalog, said, tmp_path / f"out.{form}") == []
    again = apply(catalog, read_mission_files([tmp_path / f"out.{form}"]), ACTOR)
    assert not again[0].changed


def test_the_conf_says_what_dbprocessing_reads(catalog: Catalog, old: ChainLab) -> None:
    bring(catalog, old)
    lines = export_conf(catalog, "lab").splitlines()
    assert "[product_cal]" in lines
    assert "product_description = 100 %% # sure; [yes]" in lines
    assert 'required_input2 = ("product_l2", 1, 2)' in lines
    assert "optional_input3 = product_cal" in lines
    assert "code_version = 1.2.0" in lines
    assert "code_version = 1.0.0" in lines, "of the other processes"
    assert "output_product =" in lines, "of RUN"


def test_another_instrument_has_its_own_conf(
    catalog: Catalog, old: ChainLab, tmp_path: Path
) -> None:
    old.add("instrument", instrument_name="i2", satellite_id=1)
    other = old.product("m0", 0, instrument_id=2)
    old.change("instrumentproductlink", {"product_id": other}, instrument_id=2)
    old.code(old.process("mk_m1", other, old.l2))
    bring(catalog, old)
    with pytest.raises(MissionFileError, match=r"i1 of lab-a, i2 of lab-a.*--instrument"):
        export_conf(catalog, "lab")
    with pytest.raises(NotFoundError, match="no i9 of any satellite"):
        export_conf(catalog, "lab", "i9")
    for name in ("i1", "i2"):
        said = export_conf(catalog, "lab", name)
        assert ("[process_mk_m1]" in said) == (name == "i2")
        assert loads_back(catalog, said, tmp_path / f"{name}.conf") == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("update headwater.mission set settings = settings || '{\"cpu_slots\": 7}'",
         "the setting cpu_slots is 7"),
        ("update headwater.product set several_per_day = true where name = 'l0'",
         "product 'l0' may have several files a day"),
        ("update headwater.process_output set required = false where process_id = 1",
         "process 'mk_l1' has an output that is only possible"),
        ("insert into headwater.process_output values (1, 3, 1, true)",
         "process 'mk_l1' has several outputs"),
        ("update headwater.process_input set kind = 'no_trigger' where process_id = 2",
         "process 'mk_l2' has an input that triggers nothing"),
        ("update headwater.code set active = true, newest_version = true,"
         " start_date = '2049-12-30' where id in (3, 4)", "process 'mk_l3' has several codes"),
        (r"update headwater.product set description = E'two\nlines' where name = 'l1'",
         "product 'l1' has a text of several lines"),
    ],
)  # fmt: skip
def test_what_conf_cannot_say_is_refused_by_name(
    catalog: Catalog, old: ChainLab, change: str, says: str
) -> None:
    bring(catalog, old)
    with catalog.begin() as connection:
        connection.execute(text(change))
    with pytest.raises(MissionFileError, match=says) as caught:
        export_conf(catalog, "lab")
    assert "Export it as YAML" in str(caught.value)


def test_codes_of_one_version_in_use_are_refused_in_both_forms(
    catalog: Catalog, old: ChainLab
) -> None:
    old.change("code", {"code_id": 1}, code_stop_date=date(2015, 1, 1))
    old.code(1, "1.0.0", filename="other.sh", code_start_date=date(2015, 1, 2))
    bring(catalog, old)
    with pytest.raises(MissionFileError, match=r"several codes of version 1.0.0 in use"):
        export_mission(catalog, "lab")
    with pytest.raises(MissionFileError, match="several codes in use"):
        export_conf(catalog, "lab")
