"""Requests that are wrong: each is answered by one sentence and changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from processing_lab import Lab

from headwater.catalog.connection import Catalog
from web.api_lab import API, Api, api_on


@pytest.fixture(scope="module")
def lab(module_catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """One mission for all: nothing here changes it."""
    return Lab(module_catalog, tmp_path_factory.mktemp("lab"))


@pytest.fixture
def api(lab: Lab) -> Api:
    return api_on(lambda: lab.catalog)


WRONG_QUESTIONS: list[tuple[int, str, str]] = [
    (404, "/builds/999", "no build 999"),
    (404, "/builds/999/log", "no build 999"),
    (404, "/files/999", "no file 999"),
    (404, "/files/999/versions", "no file 999"),
    (404, "/files/999/provenance", "no file 999"),
    (404, "/arrivals/999", "no arrival 999"),
    (404, "/campaigns/999", "no campaign 999"),
    (404, "/why/l9/2020-01-01", "no product 'l9'"),
    (404, "/builds?process=mk_l9", "no process 'mk_l9'"),
    (404, "/arrivals?product=l9", "no product 'l9'"),
    (404, "/nothing", "nothing at"),
    (400, "/builds/0", "build"),
    (400, "/builds/99999999999999999999", "build"),
    (400, "/builds?state=broken", "state"),
    (400, "/builds?limit=100000", "limit"),
    (400, "/builds?stat=failed", "'stat'"),
    (400, "/builds?first=yesterday", "first"),
    (400, "/why/l2/0001-01-01", "1900-01-01"),
    (400, "/arrivals?name=%00", "character"),
    (400, "/arrivals?became=lost", "became"),
    (400, "/events?after=-1", "after"),
    (400, "/events?kind=x", "kind"),
]


@pytest.mark.parametrize(("status", "path", "said"), WRONG_QUESTIONS)
def test_a_wrong_question_is_answered_by_one_sentence(
    api: Api, status: int, path: str, said: str
) -> None:
    assert said in api.refused(status, path)


WRONG_ACTIONS: list[tuple[int, dict[str, Any], str]] = [
    (400, {"reason": "  "}, "needs a reason"),
    (400, {"action": "destroy"}, "action"),
    (400, {"products": []}, "products"),
    (404, {"products": ["l9"]}, "no product 'l9'"),
    (400, {"products": ["l1\0"]}, "character"),
    (400, {"reason": "\udc80"}, "reason"),
    (400, {"first": "2020-01-02"}, "ends before it starts"),
    (400, {"first": "0001-01-01"}, "1900-01-01"),
    (400, {"as_of": 999_999}, "no event 999999"),
    (400, {"as_of": 2**70}, "as_of"),
    (400, {"pruducts": ["l1"]}, "pruducts"),
]


@pytest.mark.parametrize(("status", "change", "said"), WRONG_ACTIONS)
def test_a_wrong_request_changes_nothing_and_says_what_is_wrong(
    lab: Lab, api: Api, status: int, change: dict[str, Any], said: str
) -> None:
    body = {"action": "hold", "products": ["l1"], "first": "2020-01-01", "last": "2020-01-01",
            "reason": "x", **change}  # fmt: skip
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    answer = api.ask("POST", f"{API}/actions", content=json.dumps(body), headers=headers)
    assert said in api.sentence(status, answer)
    assert lab.rows("select * from headwater.event where kind = 'action asked'") == []
    assert lab.rows("select * from headwater.asked_action") == []


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"x"', "\udcff"])
def test_a_body_that_is_none_is_refused(lab: Lab, api: Api, content: str) -> None:
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    data = content.encode("utf-8", "surrogateescape")
    api.sentence(400, api.ask("POST", f"{API}/actions", content=data, headers=headers))


def test_an_action_without_a_key_is_refused(lab: Lab, api: Api) -> None:
    body = {"action": "hold", "products": ["l1"], "first": "2020-01-01", "last": "2020-01-01",
            "reason": "x"}  # fmt: skip
    answer = api.ask("POST", f"{API}/actions", json=body)
    assert "Idempotency-Key" in api.sentence(400, answer)
