"""What stands in front of every route: a login, a limit of what is sent, a limit of what runs."""

from __future__ import annotations

import asyncio
import threading
import time

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headwater.core.errors import HeadwaterError
from headwater.web.access import CALLER, Identify, refuse_foreign_page
from headwater.web.errors import BusyError, TooMuchError, answer_to

MOST_BYTES = 1_048_576
"""The largest body of a request; the largest honest one is a few thousand bytes."""
AT_ONCE = 8
"""So many requests run at a time: as many as the pool has connections. The others wait without
holding one of the threads that Airflow's own pages need."""
LONGEST_WAIT = 10.0
"""Seconds that a request waits for its turn."""


class Guard:
    """ASGI middleware that lets nobody in without a login, whatever lies behind it.

    It covers also what has no route, so that nobody learns which routes there are.
    """

    def __init__(self, app: ASGIApp, identify: Identify) -> None:
        self._app = app
        self._identify = identify
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with an error, or let the request in with its caller."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # there is no other door
            await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(scope, receive)
        try:
            caller = await self._identify(request)
            refuse_foreign_page(request)
            body = await _limited_body(request)
            await self._wait()
        except HeadwaterError as error:
            await answer_to(error)(scope, receive, send)
            return
        setattr(request.state, CALLER, caller)
        try:
            await self._app(scope, _replayed(body, receive), send)
        finally:
            self._turns.release()

    async def _wait(self) -> None:
        end = time.monotonic() + LONGEST_WAIT
        while not self._turns.acquire(blocking=False):
            if time.monotonic() > end:
                raise BusyError(f"{AT_ONCE} requests are being answered: try again in a moment")
            await asyncio.sleep(0.02)


async def _limited_body(request: Request) -> bytes:
    """The whole body, which is small.

    Raises
    ------
    TooMuchError
        As soon as it is more than `MOST_BYTES`.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise TooMuchError(f"the body is larger than {MOST_BYTES} bytes, which is the limit")
    return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """What gives the body that was read already, and then what comes after it."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again
