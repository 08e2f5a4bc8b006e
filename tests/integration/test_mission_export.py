"""A mission of the catalog as a file again, and asked for by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mission_lab import LAB, ME, MK_L1, NEW_CODE, Put
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.catalog.models import Mission
from headwater.core.errors import NotFoundError
from headwater.missions.apply import apply
from headwater.missions.export import export_mission
from headwater.missions.loaded import load_mission
from headwater.missions.reading import read_mission_files


def test_what_is_exported_changes_nothing_when_applied(catalog: Catalog, put: Put) -> None:
    put(LAB.replace("errordir: errors", "errordir: errors, settings: {environment: {A: b}}"))
    put(LAB.replace(MK_L1, NEW_CODE))
    exported = export_mission(catalog, "lab")
    assert put(exported, name="exported.yaml").changes == ()
    with pytest.raises(NotFoundError, match="no mission 'lob'; did you mean 'lab'"):
        export_mission(catalog, "lob")


def test_a_name_that_is_not_there_is_answered_with_the_nearest(catalog: Catalog, put: Put) -> None:
    put(LAB)
    mission = load_mission(catalog, "lab")
    with pytest.raises(NotFoundError, match="mission lab has no product 'L11'; did you mean 'l1'"):
        mission.product("L11")
    with pytest.raises(NotFoundError, match="no process 'mk_l3'"):
        mission.process("mk_l3")


def test_every_config_that_dbprocessing_was_tried_with_can_be_applied_and_exported(
    catalog: Catalog, shared_dir: Path, tmp_path: Path
) -> None:
    """Each of them loads, also where the old loader failed (s51), and comes out as it went in."""
    cases = json.loads((shared_dir / "spec/cases/dbprocessing-scenarios.json").read_text())
    tried: set[str] = set()
    for case in cases["scenarios"]:
        texts = case["config"] if isinstance(case["config"], list) else [case["config"]]
        if str(texts) in tried:
            continue
        tried.add(str(texts))
        folder = tmp_path / case["id"]
        folder.mkdir()
        paths = [folder / f"{number}.conf" for number in range(len(texts))]
        for path, content in zip(paths, texts, strict=True):
            path.write_text(content.replace("@ROOT@", str(folder)))
        definitions = read_mission_files(paths)
        (applied,) = apply(catalog, definitions, ME)
        assert applied.revision == 1, case["id"]
        assert apply(catalog, definitions, ME)[0].changes == (), case["id"]
        exported = folder / "exported.yaml"
        exported.write_text(export_mission(catalog, "lab"))
        if load_mission(catalog, "lab").products:
            assert apply(catalog, read_mission_files([exported]), ME)[0].changes == (), case["id"]
        if case["id"].startswith("s51"):
            assert load_mission(catalog, "lab").product("i1_l0").relative_path == "lab-a/lab/0.0"
        if case["id"].startswith("s17"):
            assert load_mission(catalog, "lab").errordir == folder / "errs"
            assert (folder / "errs").is_dir()
        with catalog.begin() as connection:
            connection.execute(text(f"truncate {Mission.__table__} cascade"))
