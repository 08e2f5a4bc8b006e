"""Config files of scripts: sections of keys and values."""

from __future__ import annotations

import configparser
from pathlib import Path

from headwater.core.errors import SettingError


def read_sections(path: Path) -> dict[str, dict[str, str]]:
    """The sections of a config file, by name; a literal ``%`` is written ``%%``.

    Raises
    ------
    SettingError
        If it cannot be read.
    """
    parser = configparser.ConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8"), str(path))
        return {name: dict(parser.items(name)) for name in parser.sections()}
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        raise SettingError(f"the config file {path} cannot be read: {error}") from error
