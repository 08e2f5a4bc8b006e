"""No value, whoever gives it, makes a path that leaves its root: properties of any text."""

from __future__ import annotations

import contextlib
import os
import tempfile
import uuid
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.archive.entries import Folder
from headwater.archive.paths import Folders, check_name, checked_path
from headwater.core.errors import ArchiveError, NameFormatError, UnsafePathError
from headwater.core.name_format import directory, fill
from headwater.core.version import Version
from headwater.missions.dbprocessing_import.staging import StagedProduct, _placed
from headwater.missions.problems import Problems
from headwater.missions.settling import folder_below
from headwater.missions.slug import slug
from headwater.processing.command_line import keywords_of, plain_name

pytestmark = pytest.mark.fault(38, 70)

ROOT = "/data/root"
HOSTILE = [
    "..",
    ".",
    "",
    "/",
    "a",
    "l0",
    "~",
    "\x00",
    "\n",
    "\udcff",
    "é" * 130,
    "{Y}",
    "{x}",
    "-rf",
]
PIECES = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=6), max_size=6)
PATHS = PIECES.map("/".join)
START = datetime(2020, 2, 29, 23, 59, 59, 999999, tzinfo=UTC)


def inside(path: str) -> bool:
    """Whether the text leads to a place below the root, and to no link's name such as ``..``."""
    whole = os.path.normpath(f"{ROOT}/{path}")
    return whole.startswith(ROOT + "/") and ".." not in path.split("/")


@given(PATHS)
def test_a_checked_path_stays_below_its_root(path: str) -> None:
    with contextlib.suppress(UnsafePathError):
        parts = checked_path(path)
        assert inside("/".join(parts))
        for part in parts:
            check_name(part)
            assert len(part.encode()) <= 255


@given(PATHS, st.sampled_from(HOSTILE) | st.text(max_size=9))
def test_a_products_folder_with_any_name_in_it_is_refused_or_below_the_root(
    relative_path: str, name: str
) -> None:
    with contextlib.suppress(NameFormatError, UnsafePathError):
        folder = directory(
            relative_path, utc_file_date=date(2020, 2, 29), utc_start_time=START,
            version=Version(1, 2, 3),
        )  # fmt: skip
        assert inside("/".join(checked_path(os.path.normpath(f"{folder}/{name}"))))


@given(PATHS)
def test_a_folder_of_a_mission_file_is_refused_or_below_the_root(path: str) -> None:
    problems = Problems()
    found = folder_below(path, ROOT, problems, "here")
    refused = True
    with contextlib.suppress(Exception):
        problems.refuse()
        refused = False
    assert refused or found == "" or inside(found)


@given(st.lists(st.text(max_size=12), max_size=3), st.text(max_size=8))
def test_process_keywords_of_an_inspector_make_a_plain_name_or_none(
    texts: list[str], template: str
) -> None:
    with contextlib.suppress(NameFormatError):
        values = {"nn": "1"} | keywords_of(texts)
        name = plain_name(fill("l1_{nn}" + template.replace("{", "").replace("}", ""), values))
        assert "/" not in name
        assert name not in ("", ".", "..")
        assert "\x00" not in name


@given(st.text(max_size=20))
def test_a_process_gives_its_logs_a_folder_of_plain_letters(name: str) -> None:
    assert set(slug(name)) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")


class OldRow:
    """A row of an old database whose name may be anything."""

    def __init__(self, name: str) -> None:
        self.filename = name
        self.product_id = 1
        self.utc_file_date = date(2020, 1, 1)
        self.utc_start_time = self.utc_stop_time = datetime(2020, 1, 1)
        self.interface_version, self.quality_version, self.revision_version = 1, 0, 0

    def __getattr__(self, _name: str) -> None:
        return None


@given(st.sampled_from(HOSTILE) | st.text(max_size=9), PATHS)
def test_a_file_of_an_old_database_is_refused_or_placed_below_the_root(
    name: str, folder: str
) -> None:
    product = StagedProduct("l0", folder, 0.0, several_per_day=False)
    try:
        path = _placed(OldRow(name), name, {1: product})[2]
    except Exception as error:
        assert type(error).__name__ in ("_CannotBeError", "OldDatabaseError")
        return
    assert path.rpartition("/")[2] not in ("", ".", "..")
    assert path.endswith(name) and "/" not in name and name.isprintable()


TARGETS = st.sampled_from(
    ["..", "../..", "/", "/tmp", ".", "a", "b", "../outside", "a/../../outside", "c/c", "../root/a"]
)
NAMES = st.sampled_from(["a", "b", "c"])
TREES = st.dictionaries(st.tuples(NAMES, NAMES), TARGETS | st.none(), max_size=6)


@given(TREES, st.lists(NAMES, min_size=1, max_size=3))
@settings(max_examples=150, deadline=None)
def test_whatever_links_there_are_a_folder_is_opened_below_the_root_or_not_at_all(
    tree: dict[tuple[str, str], str | None], parts: list[str]
) -> None:
    """Also made: a folder that is missing is made in place, never where a link leads."""
    with tempfile.TemporaryDirectory() as base:
        root, outside = Path(base, "root"), Path(base, "outside")
        root.mkdir()
        outside.mkdir()
        for (parent, name), target in tree.items():
            with contextlib.suppress(OSError):
                (root / parent).mkdir(exist_ok=True)
                if target is None:
                    (root / parent / name).mkdir()
                else:
                    (root / parent / name).symlink_to(target)
        for create in (False, True):
            check_opened(root, parts, create)
        assert sorted(path.name for path in Path(base).iterdir()) == ["outside", "root"]
        assert list(outside.iterdir()) == []


def check_opened(root: Path, parts: list[str], create: bool) -> None:
    folders = Folders(root)
    with contextlib.suppress(ArchiveError):
        handle = folders.open(tuple(parts), create=create)
        assert Path(f"/proc/self/fd/{handle}").readlink().is_relative_to(root.resolve())
    folders.close()
    with (
        contextlib.suppress(FileNotFoundError, ArchiveError),
        Folder.opened(root) as held,
        held.below(*parts, create=create) as folder,
    ):
        real = Path(f"/proc/self/fd/{folder.handle}").readlink()
        assert real == root.resolve().joinpath(*parts), "it went through a link"


def test_a_handle_leaks_neither_where_a_folder_is_opened_nor_where_it_is_refused(
    tmp_path: Path,
) -> None:
    (tmp_path / "link").symlink_to("/")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        with Folder.opened(tmp_path) as held:
            with held.below("a", "b", create=True):
                pass
            with pytest.raises(UnsafePathError):
                held.below("link")
            with pytest.raises(UnsafePathError):
                held.below("a", "..")
            with pytest.raises(FileNotFoundError):
                held.below("a", uuid.uuid4().hex)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
