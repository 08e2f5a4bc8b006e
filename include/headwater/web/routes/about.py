"""Who the caller is, and what this API is."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field

from headwater import __version__
from headwater.web.access import caller_of, needs_login
from headwater.web.fields import Answer

router = APIRouter(prefix="/api", tags=["about"])


class Me(Answer):
    """The caller."""

    name: str = Field(examples=["alice"])
    version: str = Field(description="Headwater's.", examples=["0.1.0"])


@router.get("/me", summary="Who the caller is", dependencies=[needs_login()])
def me(request: Request) -> Me:
    """The name by which the caller logged in, and by which events name them."""
    name = caller_of(request).name
    return Me(name=name, version=__version__)


@router.get("/openapi.json", summary="This description", dependencies=[needs_login()])
def description(request: Request) -> dict[str, Any]:
    """The description of the API in OpenAPI 3.1; like all else it needs a login."""
    described: dict[str, Any] = request.app.openapi()
    return {**described, "servers": [{"url": request.scope.get("root_path") or "/"}]}
