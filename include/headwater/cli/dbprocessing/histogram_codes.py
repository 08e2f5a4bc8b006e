"""histogramCodes.py: how long the runs of each code took, from logs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from headwater.cli.dbprocessing.plotting import matplotlib_figures, save
from headwater.cli.dbprocessing.script_parser import script_parser
from headwater.cli.dbprocessing.speaking import say, say_aside

_SCRIPT = "histogramCodes.py"
_RUN = re.compile(r"INFO - Command: (.+) took ([0-9.eE+-]+) seconds")
_MOST_BINS = 60


def main(arguments: Sequence[str]) -> int:
    """Write a picture ``CODE.png`` into this folder for each code that ran."""
    parser = script_parser(_SCRIPT, "Draw how long the runs of each code took.")
    parser.add_argument("logfile", nargs="+", type=Path, help="a log of ProcessQueue.py")
    options = parser.parse_args(arguments)
    figures = matplotlib_figures(_SCRIPT)
    runs: dict[str, list[float]] = {}
    for path in options.logfile:
        for code, seconds in _runs_in(path):
            runs.setdefault(code, []).append(seconds)
    for code in sorted(runs):
        say(f"Collected {code}")
    for code in sorted(runs):
        path = Path(f"{code}.png")
        save(_histogram(figures.Figure, code, runs[code]), path)
        say(f"Plotted {path}")
    if not runs:
        say("the logs speak of no run of a code")
    return 0


def _runs_in(path: Path) -> Iterator[tuple[str, float]]:
    """The codes that ran, without folder, and their seconds; a log that cannot be read has none."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                found = _RUN.search(line)
                if found is None:
                    continue
                try:
                    yield Path(found[1]).name, float(found[2])
                except ValueError:
                    continue  # half a line: a log may end while it is being written
    except OSError as error:
        say_aside(f"{path} cannot be read: {error.strerror}")


def _histogram(figure_class: type, code: str, seconds: Sequence[float]) -> object:
    figure = figure_class(figsize=(7, 4.2), layout="constrained", dpi=130)
    axes = figure.subplots()
    bins = min(_MOST_BINS, max(5, round(len(seconds) ** 0.5)))
    axes.hist(seconds, bins=bins, color="tab:blue", edgecolor="white", linewidth=0.6)
    axes.set_title(f"{code}: {len(seconds)} runs", fontsize="medium", weight="bold")
    axes.set_ylabel("Occurrences")
    axes.set_xlabel("Execution Time [s]")
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
