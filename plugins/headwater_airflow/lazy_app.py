"""The web app as every Airflow process can list it: nothing of it is there until it is asked."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class LazyApp:
    """An ASGI app that is made by the first request that it gets.

    Only the API server sends it any. It is made there after a fork, and in a thread, since its
    modules take a while to load.
    """

    def __init__(self) -> None:
        self._app: ASGIApp | None = None
        self._making = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on."""
        app = await asyncio.to_thread(self._made) if self._app is None else self._app
        await app(scope, receive, send)

    def _made(self) -> ASGIApp:
        with self._making:
            if self._app is None:
                from headwater.web.app import create_app
                from headwater_airflow.callers import identify
                from headwater_airflow.shared_catalog import shared_catalog
                from headwater_airflow.views import SCRIPT

                self._app = create_app(shared_catalog, identify, SCRIPT)
            return self._app
