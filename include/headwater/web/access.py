"""Who calls, and what they may do: the rule that every route names (docs/reference/api.md)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Any, Protocol

from fastapi import Request, params

from headwater.core.actor import Actor
from headwater.core.errors import SettingError
from headwater.flows.started_runs import Airflow
from headwater.missions.slug import slug
from headwater.web.errors import ForeignPageError, NotAllowedError

CALLER = "headwater_caller"
"""The name of the caller in the state of a request."""
OWN_PAGE_HEADER = "X-Headwater"
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class Right(StrEnum):
    """What somebody may do with a mission; each includes those before it."""

    LOOK = "look"
    """See everything of it (Airflow's viewer)."""
    TRIGGER = "trigger"
    """Have things made (Airflow's user)."""
    OPERATE = "operate"
    """Hold, let go, approve and abort (Airflow's op)."""
    ADMINISTER = "administer"
    """What only an administrator may (Airflow's admin)."""


class Caller(Protocol):
    """Somebody who has logged in."""

    @property
    def name(self) -> str:
        """The name by which they log in."""

    def may(self, right: Right, mission_slug: str) -> bool:
        """Whether they have this right on the mission of that slug."""

    def airflow(self) -> AbstractContextManager[Airflow]:
        """Airflow's REST interface as this caller, so that its own rules and log apply."""


Identify = Callable[[Request], Awaitable[Caller]]
"""Gives the caller of a request, or raises `NotLoggedInError`."""


def caller_of(request: Request) -> Caller:
    """The caller that the guard found; there is none only if the guard is not there."""
    caller: Caller = getattr(request.state, CALLER)
    return caller


def actor_of(request: Request) -> Actor:
    """The caller as events name them."""
    return Actor(caller_of(request).name)


def refuse_foreign_page(request: Request) -> None:
    """Refuse a change that a page of another site may have sent with the browser's cookie.

    A browser sends the cookie by itself, but lets no page of another site set a header of its own
    without asking this server first (CORS), nor write `Sec-Fetch-Site`. A token in
    `Authorization` is never sent by itself.

    Raises
    ------
    ForeignPageError
        If the request changes something, has no token of its own, and does not show that one of
        our pages sent it.
    """
    if request.method in _SAFE_METHODS or _has_token(request):
        return
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if OWN_PAGE_HEADER not in request.headers or site not in ("same-origin", "none"):
        raise ForeignPageError(
            f"a change that is logged in by cookie must come from a page of this server and carry "
            f"the header '{OWN_PAGE_HEADER}: 1': send it, or use a token"
        )


def _has_token(request: Request) -> bool:
    return request.headers.get("Authorization", "").lower().startswith("bearer ")


class Rule:
    """The right that a route asks for on the mission in its path; without a mission, a login.

    The mission is the path's ``mission``, or the first part of its ``dag_id``.
    """

    def __init__(self, right: Right | None) -> None:
        self.right = right

    def __call__(self, request: Request) -> None:
        """Let the caller pass.

        Raises
        ------
        NotAllowedError
            If they do not have the right.
        SettingError
            If the query has a name that the route does not know: a filter with a slip of the pen
            would show everything.
        """
        mission = _mission_slug(request.path_params)
        if self.right is not None and mission is not None:
            require(request, self.right, mission)
        _refuse_unknown_names(request)


def _refuse_unknown_names(request: Request) -> None:
    described = request.app.openapi()["paths"].get(request.scope["route"].path)
    if described is None:  # no part of the API, but a file for a browser
        return
    parameters = described[request.method.lower()].get("parameters", ())
    known = {one["name"] for one in parameters if one["in"] == "query"}
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        names = ", ".join(sorted(known)) or "none"
        raise SettingError(f"the query has no {unknown[0]!r} here: there are {names}")


def require(request: Request, right: Right, mission_slug: str) -> None:
    """Refuse a caller who does not have a right on a mission.

    Raises
    ------
    NotAllowedError
        Always the same, whether or not there is such a mission.
    """
    caller = caller_of(request)
    if not caller.may(right, mission_slug):
        raise NotAllowedError(
            f"{caller.name} may not {right.value} in mission {mission_slug!r}: ask an "
            "administrator of Airflow for the role"
        )


def _mission_slug(path: dict[str, Any]) -> str | None:
    if "mission" in path:
        return slug(str(path["mission"]))
    if "dag_id" in path:
        return str(path["dag_id"]).split(".", 1)[0]
    return None


def needs(right: Right) -> params.Depends:
    """The rule of a route: this right on the mission of its path."""
    return params.Depends(Rule(right))


def needs_login() -> params.Depends:
    """The rule of a route that tells each caller only what they may know."""
    return params.Depends(Rule(None))
