"""The description in OpenAPI: complete, with examples, and what the API does keeps to it."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from processing_lab import Lab
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from headwater.catalog.connection import Catalog
from headwater.processing import asking
from headwater.processing.campaigns import propose
from web.api_lab import Api, api_on, the_app
from web.doors import doors

DAY = date(2020, 1, 1)
EXAMPLES = 4
"""Right requests, and as many wrong ones, that are made up for each operation."""


def description() -> dict[str, Any]:
    return dict(the_app().openapi())


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, item in description()["paths"].items()
        for method, operation in item.items()
    ]


@pytest.mark.parametrize(("method", "path", "operation"), operations())
def test_an_operation_says_what_it_is_for_and_shows_an_example(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    assert {"400", "401", "403", "404", "503"} <= operation["responses"].keys()
    assert "422" not in operation["responses"]
    for parameter in operation.get("parameters", ()):
        assert "description" in parameter or "schema" in parameter, parameter


def test_every_field_of_an_answer_has_an_example_or_is_a_choice_or_made_of_fields() -> None:
    bare = [
        f"{name}.{field}"
        for name, schema in description()["components"]["schemas"].items()
        for field, shape in schema.get("properties", {}).items()
        if "examples" not in shape and not _speaks_for_itself(shape)
    ]
    assert bare == []


def _speaks_for_itself(shape: dict[str, Any]) -> bool:
    """A choice of names, a list of described things, or a plain type with a description."""
    kinds = [shape, *shape.get("anyOf", ()), shape.get("items", {})]
    return any("$ref" in one or "enum" in one or one.get("type") == "boolean" for one in kinds) or (
        "description" in shape
    ) or shape.get("title") in ("Sha256", "Caveats", "Checked At", "Met Start Time",
                                "Met Stop Time")  # fmt: skip


def test_the_description_is_given_to_who_has_logged_in(catalog: Catalog) -> None:
    api = api_on(lambda: catalog)
    found = api.ask("GET", "/api/openapi.json", role="viewer").json()
    assert found["openapi"].startswith("3.1")
    assert found["security"] == [{"token": []}, {"cookie": []}]
    mounted = TestClient(api.app, root_path="/headwater")
    answer = mounted.get("/headwater/api/openapi.json", headers={"Authorization": "Bearer op:a"})
    assert answer.json()["servers"] == [{"url": "/headwater"}]


@pytest.fixture(scope="module")
def busy(module_catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Api:
    """A mission with files, builds and a campaign of the low numbers that examples use."""
    lab = Lab(module_catalog, tmp_path_factory.mktemp("busy"))
    lab.put_many("l0", [DAY, date(2020, 1, 2)])
    lab.process()
    propose(lab.catalog, lab.mission, lab.actor, "x", processes={"mk_l1": True})
    return api_on(lambda: module_catalog)


NEVER = [positive_data_acceptance]
"""What is valid by its form may still be refused: a date out of the calendar, an empty reason."""


def test_whatever_is_sent_is_answered_as_described(
    busy: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never a fault, never a status, type or field that the description does not have."""
    monkeypatch.setattr(asking, "LONGEST_WAIT", 0.5)
    busy.take_the_app()
    login = {"Authorization": "Bearer op:ann"}
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", busy.app, headers=login)
    seen: Counter[int] = Counter()

    def holds(case: schemathesis.Case) -> None:
        _name_what_is_there(case)
        answer = case.call_and_validate(headers=login, excluded_checks=NEVER)
        seen[answer.status_code] += 1

    for mode in GenerationMode:
        for result in schema.get_all_operations():
            strategy = result.ok().as_strategy(generation_mode=mode)
            settings(
                max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
                phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
            )(given(case=strategy)(holds))()  # fmt: skip
    assert {200, 400, 404} <= seen.keys(), seen


def _name_what_is_there(case: schemathesis.Case) -> None:
    """Ask for what is there, so that a request gets behind the first refusal."""
    known = {"mission": "lab", "product": "l1", "dag_id": "lab.make.mk_l1", "run_id": "r"}
    for name, value in known.items():
        if name in (case.path_parameters or {}):
            case.path_parameters[name] = value


def test_the_reference_has_every_route_with_its_right() -> None:
    """``docs/reference/api.md`` is written by hand, and this keeps it true."""
    page = (Path(__file__).parents[3] / "docs" / "reference" / "api.md").read_text()
    written = {line for line in page.splitlines() if line.startswith(("| `GET ", "| `POST "))}
    summaries = {(method, path): one["summary"] for method, path, one in operations()}
    wanted = {
        f"| `{door.method} {door.path}` | {door.right or 'login'} | "
        f"{summaries[door.method.lower(), door.path]} |"
        for door in doors(the_app(), filled=False)
    }
    assert sorted(written ^ wanted) == []
