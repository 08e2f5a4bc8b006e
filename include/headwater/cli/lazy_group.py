"""A command group whose commands are imported when they are asked for.

Loading all of them takes most of a second, and `headwater` is called from cron, loops and tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, ClassVar, NamedTuple

import typer
from typer.core import TyperGroup
from typer.main import get_command


class Place(NamedTuple):
    """Where a command is: a module of this package, a function or a Typer app, a help panel."""

    module: str
    attribute: str
    panel: str


class LazyGroup(TyperGroup):
    """A group of the commands in `places`, by name, in their order."""

    places: ClassVar[Mapping[str, Place]] = {}

    # Click's classes are private to Typer since it carries its own copy: hence Any.

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401  see above
        """The names of all commands, without importing one."""
        return list(self.places)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401  see above
        """Import one command; none if there is no such name."""
        if cmd_name not in self.places:
            return None
        place = self.places[cmd_name]
        found: Any = getattr(import_module(f"headwater.cli.{place.module}"), place.attribute)
        command: Any = get_command(
            found if isinstance(found, typer.Typer) else _alone(cmd_name, found)
        )
        command.name = cmd_name
        command.rich_help_panel = place.panel
        return command


def _alone(name: str, function: Callable[..., object]) -> typer.Typer:
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(name)(function)
    return app
