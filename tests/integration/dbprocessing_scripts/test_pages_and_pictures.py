"""Scripts that show what there is of which date: missing files, HTML pages, pictures."""

from __future__ import annotations

import builtins
import re
from pathlib import Path

import pytest
from processing_lab import CHAIN, HEAD, Lab, product
from script_lab import D1, D2, D3, Script

from headwater.cli.dbprocessing.coverage_config import read_coverage_config
from headwater.core.errors import SettingError
from headwater.missions.apply import apply
from headwater.missions.reading import read_mission_files

PNG = b"\x89PNG"
SPAN = ("-s", "2020-01-01", "-e", "2020-01-03")


# missingFilesByProduct, missingFiles


def test_the_dates_without_a_file_are_printed(script: Script, lab: Lab) -> None:
    number = lab.mission.product("l1").id
    said = script("missingFilesByProduct.py", "-m", "lab", *SPAN, number)
    assert said.lines == [f"Missing files for product {number} for these dates:", "2020-01-02"]
    full = script("missingFilesByProduct.py", "-m", "lab", "-s", D1, "-e", D1, "l1")
    assert full.lines == ["No missing files"]


def test_a_lost_file_is_missing(script: Script, lab: Lab) -> None:
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql(
            "update headwater.file set exists_on_disk = false where name like 'l1_20200103%%'"
        )
    said = script("missingFilesByProduct.py", "-m", "lab", *SPAN, "l1")
    assert said.lines[1] == "2020-01-02 2020-01-03"


def test_a_missing_product_is_queued_from_its_parent_and_made(script: Script, lab: Lab) -> None:
    lab.put("l0", D2)
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql("delete from headwater.wake")
    parent = lab.mission.product("l0").id
    words = ("missingFilesByProduct.py", "-m", "lab", *SPAN, "-p", "--parent", parent, "l1")
    assert script(*words).lines[-1] == (
        f"   -- Added 1 files to be reprocessed for product {parent}"
    )
    lab.process()
    assert lab.newest("l1")["2020-01-02"] == "1.0.0"
    assert script(*words).lines == ["No missing files"]


def test_all_missing_products_are_queued_level_by_level(script: Script, lab: Lab) -> None:
    lab.put("l0", D2)
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql("delete from headwater.wake")
    said = script("missingFiles.py", "-m", "lab", *SPAN)
    assert [line for line in said.lines if line.startswith("Product")] == [
        f"Product {lab.mission.product('l1').id} l1, from {lab.mission.product('l0').id} l0",
        f"Product {lab.mission.product('l2').id} l2, from {lab.mission.product('l1').id} l1",
    ]
    lab.process()
    assert script("missingFiles.py", "-m", "lab", *SPAN).lines.count("No missing files") == 2


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("missingFilesByProduct.py", "-m", "lab", "-p", "l1"), 2, "-p needs --parent"),
        (("missingFilesByProduct.py", "-m", "lab", "l9"), 1, "no product 'l9'"),
        (("missingFiles.py", "-m", "lab", "-s", "2020-02-01", "-e", "2020-01-01"), 2, "endDate"),
        (("htmlCoverage.py", "-m", "lab", "-d", "-1", "x"), 2, "0 or more"),
        (("htmlCoverage.py", "-m", "lab", "no/such/folder/x"), 1, "cannot be written"),
        (("coveragePlot.py", "none.conf"), 2, "cannot be read"),
    ],
)
def test_a_problem_is_one_sentence(
    script: Script, lab: Lab, words: tuple[str, ...], code: int, says: str
) -> None:
    assert script(*words).is_problem(code, says)


# htmlCoverage


def test_a_page_a_satellite_shows_the_version_of_each_date(script: Script, lab: Lab) -> None:
    lab.put("l0", D1, "1.2.3")
    said = script("htmlCoverage.py", "-m", "lab", "-d", "1", "cov")
    assert said.lines[-1].endswith("Created: cov_lab-a.html")
    page = Path("cov_lab-a.html").read_text()
    rows = re.findall(r'<th scope="row">([-\d]+)<small>([-\d]+)</small></th>(.*?)</tr>', page)
    assert [(day, year) for day, year, _ in rows] == [
        ("2020-01-04", "2020-004"),
        ("2020-01-03", "2020-003"),
        ("2020-01-02", "2020-002"),
        ("2020-01-01", "2020-001"),
    ], "the latest first, and one day after the last file"
    shown = [re.findall(r"<td[^>]*>([^<]*)</td>", cells) for _, _, cells in rows]
    assert shown == [
        ["&ndash;"] * 3,
        ["1.0.0"] * 3,
        ["&ndash;"] * 3,
        ["1.2.3", "1.0.0", "1.0.0"],
    ]


def test_a_lost_file_is_marked_on_the_page(script: Script, lab: Lab) -> None:
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql(
            "update headwater.file set exists_on_disk = false where name like 'l1_20200103%%'"
        )
    script("htmlCoverage.py", "-m", "lab", "cov")
    page = Path("cov_lab-a.html").read_text()
    assert re.findall(r'<td class="lost" title="([^"]*)">([^<]*)</td>', page) == [
        ("l1_20200103_v1.0.0.dat", "1.0.0 lost")
    ]


def test_names_from_outside_are_text_on_the_page(script: Script, lab: Lab) -> None:
    evil = "<script>alert(1)&"
    lab.change((*CHAIN, product(evil, 3)))
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql(
            "update headwater.file set name = '\"><img src=x>' where name like 'l2_20200103%%'"
        )
    script("htmlCoverage.py", "-m", "lab", "cov")
    page = Path("cov_lab-a.html").read_text()
    assert evil not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&amp;" in page


def test_each_satellite_has_its_own_page_and_a_mission_without_files_too(
    script: Script, lab: Lab
) -> None:
    file = lab.root / "b.conf"
    head = HEAD.format(root=lab.root).replace("lab-a", "lab-b")
    file.write_text(head + product("b0", 0))
    apply(lab.catalog, read_mission_files([file]), lab.actor)
    with lab.catalog.begin() as connection:
        for table in ("file_link", "file_code", "build_input", "event", "file"):
            connection.exec_driver_sql(f"delete from headwater.{table}")
    said = script("htmlCoverage.py", "-m", "lab", "cov")
    assert [line.split()[-1] for line in said.lines[1:]] == ["cov_lab-a.html", "cov_lab-b.html"]
    assert "There are no files." in Path("cov_lab-b.html").read_text()


# coveragePlot

CONFIG = """
[settings]
mission = lab
outdirectory = out
outformat = png
filename_format = coverage_{TODAY}
startdate = 20200101
enddate = 20200103 + {1 DAYS}

[panel]
plot1 = a
plot2 = b
daysperplot = 3
title = Coverage & more
missing = red

[a]
ylabel = RAW
product1 = l0
yticklabel1 = level 0

[b]
ylabel = RAW
product1 = l1
product2 = l2
product2_glob = l2_20200101*
product2_version = 1.0.0
yticklabel2 = level 2
"""


def test_pictures_are_drawn_so_many_days_each(script: Script, lab: Lab) -> None:
    Path("plot.conf").write_text(CONFIG)
    Path("out").mkdir()
    said = script("coveragePlot.py", "plot.conf")
    assert said.code == 0, said.err
    written = [Path(line.removeprefix("Wrote: ")) for line in said.lines if "Wrote" in line]
    assert [path.name[-8:] for path in written] == ["_000.png", "_001.png"]
    assert all(path.parent == Path("out") for path in written)
    assert all(path.read_bytes().startswith(PNG) for path in written)
    assert "\tcollected l2 from 2020-01-01 to 2020-01-03" in said.lines


def test_a_pdf_holds_all_pages(script: Script, lab: Lab) -> None:
    Path("plot.conf").write_text(
        CONFIG.replace("outformat = png", "outformat = pdf").replace("outdirectory = out", "")
    )
    said = script("coveragePlot.py", "plot.conf")
    [path] = [Path(line.removeprefix("Wrote: ")) for line in said.lines if "Wrote" in line]
    assert path.read_bytes().count(b"/Type /Page ") == 2


def test_glob_and_version_decide_what_counts(script: Script, lab: Lab, monkeypatch) -> None:
    from headwater.cli.dbprocessing import coverage_plot
    from headwater.cli.dbprocessing.coverage_picture import Cell, Page

    seen: list[Page] = []
    draw = coverage_plot.draw

    def look(figure: type, page: Page, colours: tuple[str, str, str]) -> object:
        seen.append(page)
        return draw(figure, page, colours)

    monkeypatch.setattr(coverage_plot, "draw", look)
    Path("plot.conf").write_text(
        CONFIG.replace("outdirectory = out", "")
        .replace("20200103 + {1 DAYS}", "{TODAY} + {1 DAYS}")
        .replace("daysperplot = 3", "daysperplot = 100000")
    )
    assert script("coveragePlot.py", "plot.conf").code == 0
    [(_, [l0]), (_, [l1, l2])] = seen[0].panels
    there, missing = Cell.PRESENT, Cell.MISSING
    assert list(l0.cells[:3]) == list(l1.cells[:3]) == [there, missing, there]
    assert list(l2.cells[:3]) == [there, missing, missing]
    assert (l0.label, l1.label, l2.label) == ("level 0", "l1", "level 2")
    assert l0.cells[-1] is Cell.EXPECTED, "tomorrow nothing is missing yet"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("startdate = 20200101", "startdate = soon", "[settings] startdate: 'soon'"),
        ("startdate = 20200101", "startdate = 20200110", "[settings] enddate"),
        ("{1 DAYS}", "{1 WEEKS}", "[settings] enddate"),
        ("mission = lab", "", "[settings] lacks mission"),
        ("daysperplot = 3", "daysperplot = 0", "1 or more"),
        ("plot2 = b", "plot2 = c", "has no section [c]"),
        ("plot1 = a\nplot2 = b", "", "names no plot"),
        ("[panel]", "[panels]", "has no section [panel]"),
        ("product1 = l1\nproduct2 = l2", "", "names no product"),
        ("product2_version = 1.0.0", "product2_version = new", "product2_version"),
        ("[settings]", "settings", "cannot be read"),
        ("coverage_{TODAY}", "../{NOW}", "filename_format"),
    ],
)
def test_a_wrong_config_is_named_by_section_and_key(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    assert old in CONFIG
    path = tmp_path / "plot.conf"
    path.write_text(CONFIG.replace(old, new))
    with pytest.raises(SettingError, match=re.escape(says)):
        read_coverage_config(path, D3)


def test_an_unknown_colour_is_one_sentence(script: Script, lab: Lab) -> None:
    Path("plot.conf").write_text(CONFIG.replace("missing = red", "missing = redd"))
    said = script("coveragePlot.py", "plot.conf")
    assert (said.code, "[panel]: 'redd' is no colour" in said.err) == (1, True)


def test_an_unknown_form_of_picture_is_one_sentence(script: Script, lab: Lab) -> None:
    Path("plot.conf").write_text(
        CONFIG.replace("= png", "= doodle").replace("outdirectory = out", "")
    )
    said = script("coveragePlot.py", "plot.conf")
    assert (said.code, "doodle" in said.err) == (1, True)
    assert "Traceback" not in said.err


# histogramCodes


def _log(lines: str, name: str = "dbprocessing_log.log") -> Path:
    path = Path(name)
    path.write_text(lines)
    return path


def test_a_histogram_a_code_is_drawn_from_the_log(script: Script) -> None:
    line = "2026-01-02 03:04:05,678 - process_queue:165 - INFO - Command: {} took {} seconds\n"
    log = _log(
        "".join(line.format("copy.sh", number / 7) for number in range(1, 30))
        + line.format("/codes/other v2.py", 160.02)
        + "2026-01-02 03:04:05,678 - a:1 - ERROR - Command: copy.sh failed: exit\n"
        + line.format("copy.sh", "1e")
    )
    said = script("histogramCodes.py", log, "no-such.log")
    assert (said.code, "no-such.log cannot be read" in said.err) == (0, True)
    assert said.lines == [
        "Collected copy.sh",
        "Collected other v2.py",
        "Plotted copy.sh.png",
        "Plotted other v2.py.png",
    ]
    assert Path("copy.sh.png").read_bytes().startswith(PNG)


def test_the_log_of_a_pass_is_what_is_read(script: Script, lab: Lab, tmp_path: Path) -> None:
    lab.put("l0", D2)
    assert script("ProcessQueue.py", "-p", "-m", "lab").code == 0
    said = script("histogramCodes.py", tmp_path / "logs" / "dbprocessing_log.log")
    assert said.lines == ["Collected copy.sh", "Plotted copy.sh.png"]


def test_a_log_without_runs_says_so(script: Script) -> None:
    said = script("histogramCodes.py", _log("nothing\n"))
    assert (said.code, said.lines) == (0, ["the logs speak of no run of a code"])


@pytest.mark.parametrize("name", ["coveragePlot.py", "histogramCodes.py"])
def test_without_matplotlib_one_sentence_says_how_to_get_it(
    script: Script, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    imported = builtins.__import__

    def without(module: str, *rest: object, **more: object) -> object:
        if module.startswith("matplotlib"):
            raise ImportError(module)
        return imported(module, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    _log(CONFIG)
    said = script(name, "dbprocessing_log.log")
    assert said.code == 1
    assert "pip install 'headwater[demo]'" in said.err
