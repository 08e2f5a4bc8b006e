"""Persons of each role who have logged in to the stack's Airflow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from on_airflow.site import Site

PEOPLE = {"viewer": "vic", "user": "uma", "op": "ola", "admin": "admin"}


@contextmanager
def somebody(site: Site, role: str | None, *, by_cookie: bool = False) -> Iterator[httpx.Client]:
    """A client of the API server that has logged in as a person of this role, or has not."""
    with httpx.Client(base_url=site.stack.status().url, trust_env=False, timeout=30) as client:
        if role is not None:
            account = {"username": PEOPLE[role], "password": site.stack.home.password(PEOPLE[role])}
            token = client.post("/auth/token", json=account).json()["access_token"]
            if by_cookie:
                client.cookies.set("_token", token)
            else:
                client.headers["Authorization"] = f"Bearer {token}"
        yield client
