"""The script of the pages inside the Airflow UI."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse

from headwater.core.errors import NotFoundError
from headwater.web.access import needs_login

router = APIRouter(tags=["about"])

_ASK_AGAIN = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
"""The browser keeps it, and asks each time whether it is still the same."""


@router.get(
    "/pages.js",
    summary="The script of the pages",
    response_class=FileResponse,
    responses={200: {"content": {"text/javascript": {"example": "/* the pages */"}}}},
    dependencies=[needs_login()],
)
def script(
    request: Request,
    v: Annotated[
        int | None, Query(description="Changes with the script; it is not looked at.")
    ] = None,
) -> FileResponse:
    """The script, as the build of the plug-in made it.

    Raises
    ------
    NotFoundError
        If this Headwater was installed without its pages.
    """
    path: Path | None = request.app.state.script
    if path is None or not path.is_file():
        raise NotFoundError(
            "this Headwater was installed without the script of its pages: install it again "
            "without HEADWATER_WITHOUT_PAGES"
        )
    return FileResponse(path, media_type="text/javascript", headers=_ASK_AGAIN)
