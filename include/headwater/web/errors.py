"""Every error as one sentence with a fitting status, and never a traceback."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from headwater.core.errors import (
    ArchiveError,
    CatalogSchemaError,
    CatalogUnavailableError,
    HeadwaterError,
    IntervalError,
    NotFoundError,
    SelectionTooLargeError,
    SettingError,
    TooLateError,
)
from headwater.flows.airflow_rest import AirflowRefusedError, AirflowUnavailableError

_LOG = logging.getLogger(__name__)


class ErrorAnswer(BaseModel):
    """What an error looks like."""

    error: str = Field(
        description="One sentence for a person.",
        examples=["mission demo has no product 'l9'; there are: l0, l1, l2"],
    )


class NotLoggedInError(HeadwaterError):
    """Nobody has logged in, or what they hold is not valid any more."""


class NotAllowedError(HeadwaterError):
    """The caller does not have the right."""


class ForeignPageError(NotAllowedError):
    """A change may have been sent by a page of another site."""


class TooMuchError(HeadwaterError):
    """A request is larger than is taken; the message gives the number and the limit."""


class BusyError(HeadwaterError):
    """More is asked at the same time than is answered."""


class NotSetUpError(HeadwaterError):
    """A setting of this server is missing."""


STATUSES: tuple[tuple[type[HeadwaterError], int], ...] = (
    (NotLoggedInError, 401),
    (NotAllowedError, 403),
    (NotFoundError, 404),
    (TooLateError, 409),
    (TooMuchError, 413),
    (SelectionTooLargeError, 413),
    (SettingError, 400),
    (IntervalError, 400),
    (CatalogUnavailableError, 503),
    (CatalogSchemaError, 503),
    (AirflowUnavailableError, 503),
    (BusyError, 503),
    (NotSetUpError, 503),
    (ArchiveError, 503),
)
"""The first that fits; an error of no such kind is 500."""
ERROR_ANSWERS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer, "description": said}
    for status, said in {
        400: "Wrong use.",
        401: "Nobody is logged in.",
        403: "The caller lacks the right, or the change may come from a page of another site.",
        404: "What was named does not exist.",
        503: "The catalog or Airflow is away, or too much is asked at once: try again.",
    }.items()
}
TOO_LATE: dict[int | str, dict[str, Any]] = {
    409: {"model": ErrorAnswer, "description": "Somebody else was first: what, who and when."}
}
TOO_MUCH: dict[int | str, dict[str, Any]] = {
    413: {"model": ErrorAnswer, "description": "More than is taken: the number and the limit."}
}


def status_of(error: HeadwaterError) -> int:
    """The HTTP status of an error of the family."""
    if isinstance(error, AirflowRefusedError):
        return 403 if error.status in (401, 403) else 409
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 500)


def answer_to(error: HeadwaterError) -> JSONResponse:
    """The answer that tells of an error; one that is away may be asked again in five seconds."""
    status = status_of(error)
    if status >= 500:
        _LOG.warning("%s", error, exc_info=error if status == 500 else None)
    headers = {"Retry-After": "5"} if status == 503 else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({"error": _safe(str(error))}, status, headers=headers)


def handle_errors(app: FastAPI) -> None:
    """Let `app` answer every error so."""
    app.add_exception_handler(HeadwaterError, _on_headwater)
    app.add_exception_handler(RequestValidationError, _on_wrong_use)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_fault)


def _on_headwater(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HeadwaterError)  # noqa: S101  as it was registered
    return answer_to(error)


def _on_wrong_use(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  as it was registered
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part not in ("query", "path", "body"))
    said = str(first["msg"]).removeprefix("Value error, ")
    more = len(error.errors()) - 1
    also = f", and {more} more" if more else ""
    return JSONResponse({"error": _safe(f"{place or 'the body'}: {said}{also}")}, 400)


def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  as it was registered
    said = {
        404: f"there is nothing at {request.url.path}: see api/openapi.json",
        405: f"{request.method} is not possible at {request.url.path}",
    }.get(error.status_code, str(error.detail))
    return JSONResponse({"error": _safe(said)}, error.status_code, headers=error.headers)


def _on_fault(request: Request, error: Exception) -> JSONResponse:
    _LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    said = "this is a fault of Headwater: its API server's log says more"
    return JSONResponse({"error": said}, 500)


def _safe(text: str) -> str:
    """Text that can be sent whatever it holds: half a surrogate pair cannot."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
