"""Every route of the app, with the right that it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from headwater.web.access import Right, Rule

NAMES = {"mission": "lab", "product": "l1", "date": "2020-01-01", "build": "1", "file": "1",
         "arrival": "1", "campaign": "1", "dag_id": "lab.make.mk_l1", "run_id": "r"}  # fmt: skip
"""Something for each field of a path."""


@dataclass(frozen=True)
class Door:
    """A route with the right that its rule names."""

    method: str
    path: str
    right: Right | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def doors(app: FastAPI, *, filled: bool = True) -> Iterator[Door]:
    """Every route of the app; one that is no route of ours, or has not one rule, is a fault.

    Their paths are filled with names, or stand as they are written.
    """
    for route in _all(app.router.routes):
        assert isinstance(route, APIRoute), f"{route} is open to whoever is logged in"
        rules = [one.dependency for one in route.dependencies if isinstance(one.dependency, Rule)]
        assert len(rules) == 1, f"{route.path} has {len(rules)} rules"
        for method in route.methods:
            path = route.path.format(**NAMES) if filled else route.path
            yield Door(method, path, rules[0].right)


def _all(routes: list[BaseRoute]) -> Iterator[BaseRoute]:
    """Routes; FastAPI keeps those of a router in a router of their own."""
    for route in routes:
        inner = getattr(route, "routes", None) or getattr(
            getattr(route, "original_router", None), "routes", None
        )
        if inner and not isinstance(route, APIRoute):
            yield from _all(list(inner))
        else:
            yield route
