"""Who asks: the person behind a request that changes something in Airflow.

Airflow's listeners are not told who marked a task. They run within the request, so a middleware of
the API server leaves the person in a context variable for them. Where the variable is empty, no
person did it: a scheduler, a task process, a heartbeat.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookies import CookieError, SimpleCookie
from typing import Any

from headwater_airflow.cleared_tasks import ClearRequest

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

UNNAMED = "somebody whom Airflow let in"
"""Where Airflow's route accepts a login that this module cannot read."""

_CHANGES = frozenset({"PATCH", "POST", "PUT", "DELETE"})
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asking:
    """The person of the request that is served now, and when it came (UTC)."""

    person: str
    since: datetime


asking: ContextVar[Asking | None] = ContextVar("headwater_asking", default=None)


class PersonMiddleware:
    """A pure ASGI middleware; anything that changes nothing passes through untouched.

    It lets nobody in and keeps nobody out: that is for Airflow's routes.
    """

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not _changes_something(scope):
            await self.app(scope, receive, send)
            return
        since = datetime.now(UTC)
        person = await _person(_token(scope)) or UNNAMED
        was = asking.set(Asking(person, since))
        try:
            cleared = ClearRequest.of(scope["path"])
            if cleared is None:
                await self.app(scope, receive, send)
            else:
                await self.app(scope, cleared.reading(receive), cleared.watching(send))
                await cleared.tell(person)
        finally:
            asking.reset(was)


def _changes_something(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] not in _CHANGES:
        return False
    path = scope["path"]
    return "/api/v2/" in path or "/ui/" in path


def _token(scope: Scope) -> str | None:
    """The login that a request carries; a bearer token counts before the cookie, as in Airflow."""
    from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN

    headers: dict[bytes, str] = {name: value.decode("latin-1") for name, value in scope["headers"]
               if name in (b"authorization", b"cookie")}  # fmt: skip
    kind, _, token = headers.get(b"authorization", "").partition(" ")
    if kind.lower() == "bearer" and token:
        return token.strip()
    try:
        found = SimpleCookie(headers.get(b"cookie", "")).get(COOKIE_NAME_JWT_TOKEN)
    except CookieError:
        return None
    return str(found.value) if found else None


async def _person(token: str | None) -> str | None:
    """The name that Airflow's auth manager gives the owner of a token; none if it is not good."""
    from airflow.api_fastapi.app import get_auth_manager

    if token is None:
        return None
    try:
        user = await get_auth_manager().get_user_from_token(token)
        return str(user.get_name())
    except Exception:  # whatever is wrong with it, the route itself says so to the person
        _LOG.debug("a request carries a login that says nothing", exc_info=True)
        return None
