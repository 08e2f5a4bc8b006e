"""Pictures of scripts: matplotlib, which is only in the extra ``demo``."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from headwater.core.errors import SettingError

if TYPE_CHECKING:
    from pathlib import Path


def matplotlib_figures(script: str) -> ModuleType:
    """The module ``matplotlib.figure``, whose figures need no display.

    Raises
    ------
    SettingError
        If matplotlib is not installed; it says how to.
    """
    try:
        import matplotlib.figure
    except ImportError as error:
        raise SettingError(
            f"{script} needs matplotlib: install it with pip install 'headwater[demo]'"
        ) from error
    return matplotlib.figure


def check_colours(colours: Sequence[str], place: str) -> None:
    """Refuse what matplotlib knows no colour for.

    Raises
    ------
    SettingError
        With the place where it stands.
    """
    from matplotlib.colors import is_color_like

    for colour in colours:
        if not is_color_like(colour):
            raise SettingError(f"{place}: {colour!r} is no colour, such as green or #2e8b57")


def save(figure: Any, path: Path) -> None:  # noqa: ANN401  a Figure; matplotlib may not be there
    """Write a picture, in the form that the path's ending names.

    Raises
    ------
    SettingError
        If it cannot be written, or the form is not known.
    """
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise SettingError(f"{path} cannot be written: {error}") from error


def save_pages(figures: Sequence[Any], path: Path) -> None:
    """Write pictures as the pages of one PDF.

    Raises
    ------
    SettingError
        If it cannot be written.
    """
    from matplotlib.backends.backend_pdf import PdfPages

    try:
        with PdfPages(path) as pages:
            for figure in figures:
                pages.savefig(figure)
    except OSError as error:
        raise SettingError(f"{path} cannot be written: {error}") from error
