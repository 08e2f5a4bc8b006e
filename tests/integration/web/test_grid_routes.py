"""The grid by the native API: letters, counts, and what lies behind one cell."""

from __future__ import annotations

from datetime import date

import pytest
from processing_lab import Lab
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from web.api_lab import Api, api_on


@pytest.fixture(scope="module")
def lab(module_catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Two days of level 0 and what is made from them, and a day that is held."""
    lab = Lab(module_catalog, tmp_path_factory.mktemp("lab"))
    lab.put_many("l0", [date(2020, 1, 1), date(2020, 1, 2)])
    lab.process()
    api_on(lambda: lab.catalog).act("hold", "l1", first="2020-01-03", reason="bad gyro")
    return lab


@pytest.fixture
def api(lab: Lab) -> Api:
    return api_on(lambda: lab.catalog)


def test_a_row_has_one_letter_a_day(api: Api) -> None:
    page = api.get("/grid?first=2020-01-01&last=2020-01-03")
    assert (page["unit"], page["first"], page["last"]) == ("day", "2020-01-01", "2020-01-03")
    rows = {row["name"]: row for row in page["products"]}
    assert rows["l1"]["states"] == "cch"
    assert rows["l2"]["states"].startswith("cc")
    assert rows["l1"]["made_by"] == ["mk_l1"]
    assert rows["l1"]["counts"] is None
    assert page["legend"]["h"] == "held"
    assert page["as_of"] == api.get("/events?limit=1")[0]["id"]


def test_a_month_has_its_most_pressing_state_and_the_number_of_days_of_each(api: Api) -> None:
    page = api.get("/grid?first=2020-01-15&last=2020-01-20&unit=month&product=l1")
    assert (page["first"], page["last"]) == ("2020-01-01", "2020-01-31")
    [row] = page["products"]
    [counts] = row["counts"]
    assert (counts["c"], counts["h"], sum(counts.values())) == (2, 1, 31)
    assert len(row["states"]) == 1
    week = api.get("/grid?first=2020-01-01&last=2020-01-01&unit=week&product=l1")
    assert (week["first"], week["last"]) == ("2019-12-30", "2020-01-05")


def test_a_cell_has_its_state_reason_files_and_builds(api: Api) -> None:
    page = api.get("/grid/l1/2020-01-01")
    assert page["state"] == "current"
    [file] = page["files"]
    assert (file["version"], file["newest"]) == ("1.0.0", True)
    [build] = page["builds"]
    assert (build["process"], build["state"], build["id"]) == ("mk_l1", "built", file["build"])
    held = api.get("/grid/l1/2020-01-03")
    assert held["state"] == "held"
    assert "bad gyro" in held["reason"]
    assert held["files"] == []


def test_a_cell_names_what_lies_in_quarantine_and_why(lab: Lab, api: Api) -> None:
    with lab.catalog.begin() as connection:
        connection.execute(
            text(
                "insert into headwater.arrival (mission_id, name, raw_name, size, modified_at,"
                " inode, token, state, disposition, reason, claimed_by, lease_until, ended_at)"
                " values (:m, 'l0_20200109_v1.0.0.dat', 'x', 5, now(), 1, gen_random_uuid(),"
                " 'ended', 'quarantined', 'bad sum', 'me', now(), now())"
            ),
            {"m": lab.mission.id},
        )
    page = api.get("/grid/l0/2020-01-09")
    assert page["state"] == "quarantined"
    assert [(one["name"], one["reason"]) for one in page["quarantined"]] == [
        ("l0_20200109_v1.0.0.dat", "bad sum")
    ]


def test_a_grid_that_is_asked_for_wrongly_is_refused(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "first" in api.refused(400, "/grid?last=2020-01-01")
    assert "ends before" in api.refused(400, "/grid?first=2020-01-02&last=2020-01-01")
    assert "unit" in api.refused(400, "/grid?first=2020-01-01&last=2020-01-01&unit=year")
    assert "l9" in api.refused(404, "/grid?first=2020-01-01&last=2020-01-01&product=l9")
    assert "l9" in api.refused(404, "/grid/l9/2020-01-01")
    monkeypatch.setattr("headwater.processing.grid.MOST_CELLS", 100)
    said = api.refused(413, "/grid?first=2020-01-01&last=2020-12-31")
    assert "more than 100" in said
