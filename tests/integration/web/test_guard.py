"""Who is let in: a login for everything, rights for each route, nothing from foreign pages."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from processing_lab import Lab

from headwater.catalog.connection import Catalog
from headwater.web import guard
from headwater.web.access import Right
from headwater.web.routes.action_shapes import RIGHTS, ActionName
from web.api_lab import API, ROLES, Api, api_on
from web.doors import Door, doors


@pytest.fixture(scope="module")
def lab(module_catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """One mission for all: what is refused changes nothing, and what is let in finds nothing."""
    return Lab(module_catalog, tmp_path_factory.mktemp("lab"))


@pytest.fixture
def api(lab: Lab) -> Api:
    return api_on(lambda: lab.catalog)


def status(api: Api, door: Door, role: str | None, mission: str = "lab") -> int:
    path = door.path.replace("/lab", f"/{mission}")
    return api.ask(door.method, path, role=role, json={}).status_code


def test_nobody_sees_anything_without_a_login(api: Api) -> None:
    found = list(doors(api.app))
    assert len(found) > 20
    closed = {str(door): status(api, door, None) for door in found}
    assert set(closed.values()) == {401}, closed
    for path in ("/", "/api", "/docs", "/redoc", "/openapi.json", "/api/docs", "/nothing", "/%2e"):
        assert api.ask("GET", path, role=None).status_code == 401, path
    for header in ("Bearer", "Bearer x", "Basic b3A6YW5u", "Bearer root:ann"):
        answer = api.client.get("/api/missions", headers={"Authorization": header})
        assert answer.status_code == 401, header
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("role", list(ROLES))
def test_a_role_passes_the_doors_of_its_rights_and_no_other(api: Api, role: str) -> None:
    for door in doors(api.app):
        passed = status(api, door, role) != 403
        wanted = door.right is None or door.right in ROLES[role]
        assert passed is wanted, f"{role} at {door}"


def test_a_right_in_one_mission_is_none_in_another(api: Api) -> None:
    for door in doors(api.app):
        if door.right is not None:
            other = status(api, door, "admin", mission="other")
            assert other == 403, str(door)


def test_every_action_has_its_right(api: Api) -> None:
    assert RIGHTS.keys() == set(ActionName)
    for role, rights in ROLES.items():
        for action, right in RIGHTS.items():
            refused = api.action(action, "l9", role=role).status_code == 403
            assert refused is (right not in rights), f"{role} {action}"


def test_changes_need_more_than_the_right_to_look(api: Api) -> None:
    """But for the actions, which have rights of their own."""
    for door in doors(api.app):
        if door.method != "GET" and not door.path.endswith("/actions"):
            assert door.right in (Right.TRIGGER, Right.OPERATE, Right.ADMINISTER), str(door)


def test_a_page_of_another_site_cannot_change_anything_with_the_browsers_cookie(api: Api) -> None:
    def sent(path: str = f"{API}/campaigns/1/abort", **headers: str) -> int:
        api.client.cookies.set("_token", "op:ann")
        return api.client.post(path, json={"reason": "x"}, headers=headers).status_code

    assert sent() == 403
    assert sent(Authorization="Basic b3A6YW5u") in (401, 403)
    assert sent(**{"X-Headwater": "1", "Sec-Fetch-Site": "cross-site"}) == 403
    assert sent(**{"X-Headwater": "1", "Sec-Fetch-Site": "same-site"}) == 403
    assert sent(**{"X-Headwater": "1"}) == 404  # it passed: there is no such campaign
    assert sent(**{"X-Headwater": "1", "Sec-Fetch-Site": "same-origin"}) == 404
    assert sent(Authorization="Bearer op:ann") == 404
    api.client.cookies.set("_token", "viewer:vic")
    assert api.client.get(f"{API}/builds").status_code == 200  # looking needs no header


def test_a_form_of_another_site_is_not_taken_for_json(api: Api) -> None:
    for kind in ("", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = api.ask("POST", f"{API}/campaigns/1/abort", content=b'{"reason": "x"}',
                         headers={"Content-Type": kind})  # fmt: skip
        assert answer.status_code == 400, kind


def test_a_large_body_is_refused_before_it_is_read(api: Api) -> None:
    answer = api.ask("POST", f"{API}/actions", content=b"x" * (guard.MOST_BYTES + 1))
    assert "larger than 1048576 bytes" in api.sentence(413, answer)


def test_a_large_body_without_a_length_is_refused_too(api: Api) -> None:
    parts = (b"x" * 65_536 for _ in range(100))
    assert api.ask("POST", f"{API}/actions", content=parts).status_code == 413


def test_a_fault_is_told_without_its_traceback(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("headwater.web.routes.reasons.explain", broken)
    answer = api.ask("GET", f"{API}/why/l1/2020-01-01")
    assert "fault of Headwater" in api.sentence(500, answer)
    assert "secret" not in answer.text


def test_without_a_catalog_it_says_so_and_recovers(lab: Lab, tmp_path: Path) -> None:
    away = Catalog(lab.catalog.url.set(port=1, host="127.0.0.1"))
    here = [away]
    api = api_on(lambda: here[0])
    answer = api.ask("GET", "/api/missions")
    assert "does not answer" in api.sentence(503, answer)
    assert answer.headers["Retry-After"] == "5"
    assert api.action("hold", "l1").status_code == 503
    here[0] = lab.catalog
    assert api.ask("GET", "/api/missions").status_code == 200


def test_a_catalog_that_goes_and_comes_back_is_used_again(lab: Lab, api: Api) -> None:
    """All connections are cut, as by a restart of Postgres."""
    from sqlalchemy import text

    assert api.ask("GET", "/api/missions").status_code == 200
    with lab.catalog.session() as connection:
        connection.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        )
    assert api.ask("GET", "/api/missions").status_code == 200


def test_more_requests_than_the_pool_has_connections_wait_their_turn(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "LONGEST_WAIT", 0.3)
    going, most, lock = [0], [0], threading.Lock()

    def slow(*_: object) -> dict[str, object]:
        with lock:
            going[0] += 1
            most[0] = max(most[0], going[0])
        time.sleep(0.6)
        with lock:
            going[0] -= 1
        return {}

    monkeypatch.setattr("headwater.web.routes.missions.mission_dates", slow)
    found: list[int] = []
    clients = [
        threading.Thread(target=lambda: found.append(api.ask("GET", "/api/missions").status_code))
        for _ in range(guard.AT_ONCE + 3)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert most[0] <= guard.AT_ONCE
    assert sorted(set(found)) == [200, 503]
    assert api.ask("GET", "/api/me").status_code == 200  # every turn was given back
