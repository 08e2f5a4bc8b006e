"""What the native API tells: missions, builds, files, events, why."""

from __future__ import annotations

from datetime import date

import pytest
from processing_lab import Lab
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.run_tasks import record_tasks
from headwater.processing.planner import plan_due
from headwater.processing.service import pending_builds
from web.api_lab import API, Api, api_on

DAY, NEXT = date(2020, 1, 1), date(2020, 1, 2)


@pytest.fixture(scope="module")
def made(module_catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Two days of level 0, and all that is made from them; for tests that change nothing."""
    lab = Lab(module_catalog, tmp_path_factory.mktemp("made"))
    lab.put_many("l0", [DAY, NEXT])
    lab.process()
    return lab


@pytest.fixture
def seen(made: Lab) -> Api:
    """The API on that mission."""
    return api_on(lambda: made.catalog)


def id_of(api: Api, product: str, day: str = "2020-01-01") -> int:
    [row] = api.get(f"/files?product={product}&first={day}&last={day}")
    return int(row["id"])


def test_the_missions_that_the_caller_may_look_at(made: Lab, seen: Api) -> None:
    [row] = seen.ask("GET", "/api/missions", role="user").json()
    assert (row["name"], row["slug"], row["rights"]) == ("lab", "lab", ["look", "trigger"])
    assert (row["first"], row["last"]) == ("2020-01-01", "2020-01-02")


def test_a_mission_of_which_the_caller_may_see_nothing_is_not_listed(lab: Lab, api: Api) -> None:
    with lab.catalog.begin() as connection:
        connection.execute(text("update headwater.mission set name = 'secret'"))
    assert api.ask("GET", "/api/missions", role="admin").json() == []
    said = api.sentence(403, api.ask("GET", "/api/missions/secret", role="admin"))
    assert said == api.sentence(403, api.ask("GET", "/api/missions/never", role="admin")).replace(
        "never", "secret"
    )


def test_a_mission_has_its_products_processes_and_codes(made: Lab, seen: Api) -> None:
    page = seen.get("")
    assert [one["name"] for one in page["products"]] == ["l0", "l1", "l2"]
    l1 = page["products"][1]
    assert (l1["made_by"], l1["read_by"]) == (["mk_l1"], ["mk_l2"])
    assert (l1["first"], l1["last"]) == ("2020-01-01", "2020-01-02")
    assert page["products"] == seen.get("/products")
    first = page["processes"][0]
    assert first["dag_id"] == "lab.make.mk_l1"
    assert first["inputs"][0]["product"] == "l0"
    assert first["codes"][0]["version"] == "1.0.0"
    assert page["processes"] == seen.get("/processes")


def test_a_product_without_files_has_no_dates(lab: Lab, api: Api) -> None:
    assert {(one["first"], one["last"]) for one in api.get("/products")} == {(None, None)}


def test_what_a_mission_did_lately_comes_in_pieces_of_time(made: Lab, seen: Api) -> None:
    pieces = seen.get("/throughput")
    assert len(pieces) == 24
    assert pieces[-1]["ended"] == {"built": 4}
    assert [len(seen.get(f"/throughput?lately={one}")) for one in ("week", "month")] == [28, 30]
    assert "lately" in seen.refused(400, "/throughput?lately=year")


def test_the_room_in_a_missions_folders(made: Lab, seen: Api) -> None:
    [room] = seen.get("/disk")  # all are on one file system
    assert room["folder"] == str(made.root)
    assert 0 < room["free_bytes"] <= room["total_bytes"]


def test_a_folder_that_is_not_there_has_no_room(lab: Lab, api: Api) -> None:
    with lab.catalog.begin() as connection:
        connection.execute(text("update headwater.mission set errordir = '/nowhere/errors'"))
    assert [one["folder"] for one in api.get("/disk")] == [str(lab.root)]


def test_builds_are_found_by_process_product_state_and_date(made: Lab, seen: Api) -> None:
    def intervals(query: str) -> list[tuple[str, str]]:
        return [(one["process"], one["interval_key"]) for one in seen.get(f"/builds?{query}")]

    assert len(intervals("")) == 4
    assert intervals("process=mk_l1&first=2020-01-02") == [("mk_l1", "2020-01-02")]
    assert intervals("product=l2&last=2020-01-01") == [("mk_l2", "2020-01-01")]
    assert intervals("state=failed&state=held") == []
    assert len(intervals("state=failed&state=built")) == 4


def test_builds_come_in_pages(made: Lab, seen: Api) -> None:
    first = seen.get("/builds?limit=3")
    rest = seen.get(f"/builds?limit=3&before={first[-1]['id']}")
    numbers = [one["id"] for one in [*first, *rest]]
    assert numbers == sorted(numbers, reverse=True)
    assert len(set(numbers)) == 4


def test_a_build_has_its_command_inputs_outputs_and_events(made: Lab, seen: Api) -> None:
    [line] = seen.get("/builds?process=mk_l2&first=2020-01-02")
    page = seen.get(f"/builds/{line['id']}")
    assert page["state"] == "built"
    assert [one["name"] for one in page["inputs"]] == ["l1_20200102_v1.0.0.dat"]
    assert [one["name"] for one in page["outputs"]] == ["l2_20200102_v1.0.0.dat"]
    assert "copy.sh" in page["command"]
    assert page["events"][0]["kind"] == "build built"
    assert page["started_at"].endswith("Z")


def test_the_log_of_a_failed_build_is_read_from_its_end(lab: Lab, api: Api) -> None:
    lab.code("copy.sh", "#!/bin/sh\nfor i in $(seq 100); do echo line $i; done\nexit 1\n")
    lab.put("l0", DAY)
    lab.process()
    [line] = api.get("/builds?state=failed")
    whole = api.ask("GET", f"{API}/builds/{line['id']}/log")
    assert whole.headers["content-type"].startswith("text/plain")
    assert whole.text.splitlines()[-1] == "line 100"
    tail = api.ask("GET", f"{API}/builds/{line['id']}/log?most=9")
    assert tail.text == "line 100\n"
    start = int(tail.headers["X-Log-Start"])
    assert start + 9 == int(tail.headers["X-Log-Size"])
    before = api.ask("GET", f"{API}/builds/{line['id']}/log?most=8&before={start}")
    assert before.text == "line 99\n"


def test_a_log_outside_of_the_mission_is_not_shown(lab: Lab, api: Api) -> None:
    lab.put_many("l0", [DAY, NEXT])
    lab.process()
    [line] = api.get("/builds?process=mk_l2&first=2020-01-02")
    with lab.catalog.begin() as connection:
        connection.execute(text("update headwater.build set log_path = '/etc/passwd'"))
    said = api.refused(404, f"/builds/{line['id']}/log")
    assert "not in a folder of mission lab" in said
    link = lab.root / "l1" / "log"
    link.symlink_to("/etc/passwd")
    with lab.catalog.begin() as connection:
        connection.execute(text("update headwater.build set log_path = :p"), {"p": str(link)})
    assert "not in a folder of mission lab" in api.refused(404, f"/builds/{line['id']}/log")


def test_a_log_that_is_not_there_is_told(lab: Lab, api: Api) -> None:
    lab.put("l0", DAY)
    api.act("hold", "l1")
    [line] = api.get("/builds")
    assert "no log" in api.refused(404, f"/builds/{line['id']}/log")


def test_the_builds_of_a_run_and_of_a_task(lab: Lab, api: Api) -> None:
    lab.put_many("l0", [DAY, NEXT])
    lab.process()
    with lab.catalog.begin() as connection:
        connection.execute(text(
            "update headwater.build set airflow_dag_id = 'lab.make.mk_l1',"
            " airflow_run_id = 'manual__1', airflow_task_id = 'build',"
            " airflow_map_index = case utc_date when '2020-01-01' then 0 else 1 end"
            " from headwater.process p where p.id = process_id and p.name = 'mk_l1'"
        ))  # fmt: skip

    def dates(query: str) -> list[str]:
        answer = api.ask("GET", f"/api/runs/lab.make.mk_l1/manual__1/builds{query}")
        return [one["date"] for one in answer.json()]

    assert dates("") == ["2020-01-02", "2020-01-01"]
    assert dates("?task_id=build&map_index=1") == ["2020-01-02"]
    assert dates("?task_id=plan") == []
    api.sentence(403, api.ask("GET", "/api/runs/other.make.x/manual__1/builds", role="admin"))


def test_a_run_also_tells_what_its_tasks_are_to_make_and_nobody_has_claimed(
    api: Api, lab: Lab
) -> None:
    lab.put_many("l0", [DAY, NEXT])
    process = lab.mission.process("mk_l1")
    plan_due(lab.catalog, lab.mission, process, actor=lab.actor)
    first, second = [number for number, _ in pending_builds(lab.catalog, lab.mission, process)]
    with lab.catalog.begin() as connection:
        record_tasks(connection, "lab.make.mk_l1", "manual__2", "build", [[first], [second]])
    path = "/api/runs/lab.make.mk_l1/manual__2/builds"
    found = [(one["id"], one["state"]) for one in api.ask("GET", path).json()]
    assert found == [(second, "pending"), (first, "pending")]
    [one] = api.ask("GET", f"{path}?task_id=build&map_index=1").json()
    assert one["id"] == second


def test_a_file_has_every_fact(made: Lab, seen: Api) -> None:
    page = seen.get(f"/files/{id_of(seen, 'l2')}")
    assert (page["product"], page["version"], page["level"]) == ("l2", "1.0.0", 2.0)
    assert (page["code"], page["code_version"], page["process"]) == ("copy.sh", "1.0.0", "mk_l2")
    assert "copy.sh" in page["command"]
    assert len(page["sha256"]) == 64
    assert page["start"] == "2020-01-01T00:00:00Z"


def test_files_come_by_date_in_pages(made: Lab, seen: Api) -> None:
    [first] = seen.get("/files?product=l1&limit=1")
    [second] = seen.get(f"/files?product=l1&limit=1&after={first['id']}")
    assert (first["date"], second["date"]) == ("2020-01-01", "2020-01-02")
    assert seen.get(f"/files?product=l1&after={second['id']}") == []
    assert "give a product" in seen.refused(400, "/files")


def test_the_versions_of_a_file_over_time(lab: Lab, api: Api) -> None:
    lab.put_many("l0", [DAY, NEXT])
    lab.process()
    old = id_of(api, "l1")
    lab.put("l0", DAY, "1.1.0")
    lab.process()
    found = api.get(f"/files/{old}/versions")
    assert [(one["version"], one["newest"]) for one in found] == [("1.1.0", True), ("1.0.0", False)]
    assert found[0]["code_version"] == "1.0.0"
    assert len(api.get("/files?product=l1")) == 3
    assert len(api.get("/files?product=l1&newest=true")) == 2


def test_the_relatives_of_a_file_up_and_down(made: Lab, seen: Api) -> None:
    middle = id_of(seen, "l1")

    def names(direction: str) -> list[str]:
        found = seen.get(f"/files/{middle}/provenance?direction={direction}")
        assert not found["more"]
        return [one["product"] for one in found["files"]]

    assert names("up") == ["l0", "l1"]
    assert names("down") == ["l1", "l2"]
    found = seen.get(f"/files/{middle}/provenance")
    numbers = {one["product"]: one["id"] for one in found["files"]}
    assert {tuple(link) for link in found["links"]} == {
        (numbers["l0"], numbers["l1"]),
        (numbers["l1"], numbers["l2"]),
    }


def test_a_graph_that_is_too_large_says_so(
    made: Lab, seen: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headwater.web.routes.files.MOST_LINKS", 1)
    found = seen.get(f"/files/{id_of(seen, 'l2')}/provenance?direction=up")
    assert (len(found["links"]), found["more"]) == (1, True)


def test_events_are_a_feed_that_goes_on_after_a_number(made: Lab, seen: Api) -> None:
    first = seen.get("/events?after=0&limit=2")
    assert first[0]["kind"] == "mission applied"
    rest = seen.get(f"/events?after={first[-1]['id']}&limit=500")
    assert not {one["id"] for one in first} & {one["id"] for one in rest}
    assert seen.get(f"/events?after={rest[-1]['id']}") == []
    assert seen.get("/events?limit=1")[0]["id"] == rest[-1]["id"]
    assert {one["kind"] for one in seen.get("/events?kind=build%20built")} == {"build built"}
    assert "no event 999999" in seen.refused(404, "/events?after=999999")


def test_why_a_product_is_there_and_why_not(made: Lab, seen: Api) -> None:
    assert seen.get("/why/l2/2020-01-01")["made"]
    answer = seen.get("/why/l2/2020-01-03")
    assert not answer["made"]
    assert "none has arrived" in answer["reason"]


def test_a_method_that_a_route_does_not_have_is_refused(lab: Lab, api: Api) -> None:
    answer = api.ask("DELETE", f"{API}/builds")
    assert "not possible" in api.sentence(405, answer)


def test_a_mission_that_is_not_there_is_told(api: Api) -> None:
    with_lab = "/api/missions/LAB"  # its slug is that of the mission, its name is not
    assert "no mission 'LAB'" in api.sentence(404, api.ask("GET", with_lab))
