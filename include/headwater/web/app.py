"""The app: all routes behind one guard, and its description in OpenAPI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI

from headwater import __version__
from headwater.web.access import OWN_PAGE_HEADER, Identify
from headwater.web.errors import ERROR_ANSWERS, handle_errors
from headwater.web.guard import Guard
from headwater.web.provided import OpenCatalog
from headwater.web.routes import ROUTERS

_DESCRIPTION = f"""
What Headwater's pages show and do, for programs too. Every route needs a login: the token of
Airflow's `POST /auth/token` as `Authorization: Bearer`, or the cookie of Airflow's UI; with the
cookie alone a change also needs the header `{OWN_PAGE_HEADER}: 1`. Dates are UTC, in ISO 8601;
times end in `Z`. An error is one sentence: `{{"error": "..."}}`.
"""


class HeadwaterApi(FastAPI):
    """A FastAPI app whose description says what it really does."""

    def openapi(self) -> dict[str, Any]:
        """The description, with the logins and without answers that are never given."""
        if self.openapi_schema is None:
            described = super().openapi()
            schemes = described.setdefault("components", {})
            schemes["securitySchemes"] = {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "_token"},
            }
            described["security"] = [{"token": []}, {"cookie": []}]
            for path in described["paths"].values():
                for operation in path.values():
                    _mend_answers(operation["responses"])
            for name in ("HTTPValidationError", "ValidationError"):
                schemes.get("schemas", {}).pop(name, None)
        return super().openapi()


def _mend_answers(responses: dict[str, Any]) -> None:
    """Wrong use is answered by 400, and every error as JSON, whatever the route gives."""
    responses.pop("422", None)
    for status, answer in responses.items():
        if status >= "400":
            (shape,) = answer["content"].values()
            answer["content"] = {"application/json": shape}


def create_app(
    open_catalog: OpenCatalog, identify: Identify, script: Path | None = None
) -> FastAPI:
    """The app.

    Parameters
    ----------
    open_catalog
        Gives the process's catalog; raises an error of the family where it cannot.
    identify
        Gives the caller of a request, or raises `NotLoggedInError`.
    script
        The script of the pages, which is given to who has logged in; none for an app without.
    """
    app = HeadwaterApi(
        title="Headwater",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url=None,  # both would be open to everybody, and the page of docs loads from afar
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=ERROR_ANSWERS,
        separate_input_output_schemas=False,
    )
    app.state.open_catalog = open_catalog
    app.state.script = script
    for router in ROUTERS:
        app.include_router(router)
    handle_errors(app)
    app.add_middleware(Guard, identify=identify)
    return app
