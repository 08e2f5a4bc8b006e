"""makeLatestSymlinks.py: links to the newest versions of a folder's files, by name alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from headwater.cli.dbprocessing.latest_links import LinkTask, read_tasks
from headwater.cli.dbprocessing.script_parser import script_parser
from headwater.cli.dbprocessing.speaking import say, say_aside


def main(arguments: Sequence[str]) -> int:
    """Bring the links of each section's folder up to date; the catalog is not asked."""
    parser = script_parser("makeLatestSymlinks.py", "Link the newest versions of files.")
    parser.add_argument("--verbose", action="store_true", help="print each link")
    parser.add_argument("-l", "--list", action="store_true", help="only list the sections")
    parser.add_argument(
        "-f", "--filter", help="only sections whose names hold all of these texts: TEXT,TEXT"
    )
    parser.add_argument("config", type=Path, help="the config file")
    options = parser.parse_args(arguments)
    if not options.config.expanduser().is_file():
        parser.error(f"the config file {options.config} cannot be read")
    tasks = _chosen(read_tasks(options.config.expanduser()), options.filter)
    for name, task in tasks.items():
        if options.list:
            say(name)
        else:
            _sync(name, task, options.verbose)
    return 0


def _chosen(tasks: Mapping[str, LinkTask], texts: str | None) -> dict[str, LinkTask]:
    wanted = [text.strip() for text in texts.split(",")] if texts else []
    return {name: task for name, task in tasks.items() if all(text in name for text in wanted)}


def _sync(name: str, task: LinkTask, verbose: bool) -> None:
    say(f"Processing [{name}]")
    for glob in task.globs:
        say(glob)
        done = task.sync(glob)
        for trouble in done.troubles:
            say_aside(trouble)
        if verbose:
            for link in done.removed:
                say(f"removing unneeded link {link}")
            for link in done.made:
                say(f"linking {link.readlink()}->{link}")
        if not done.sources:
            say(f"   No files found for [{name}]")
