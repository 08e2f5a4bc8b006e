"""The folder that holds all state of one local stack (``HEADWATER_HOME``)."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from headwater.core.errors import StackError
from headwater.local.secret_files import read_or_make_secret, write_private

ADMIN = "admin"
"""The person's account in the Airflow UI."""

SERVICE = "headwater"
"""The account that Headwater's own REST calls use."""


@dataclass(frozen=True)
class Secrets:
    """Secrets of one stack, made once and kept in ``secrets.json`` (mode 600)."""

    jwt: str
    api: str
    fernet: str
    postgres: str
    admin: str
    service: str

    @classmethod
    def make(cls) -> Secrets:
        """Return fresh ones from the system's random source."""
        return cls(
            jwt=secrets.token_urlsafe(48),
            api=secrets.token_urlsafe(32),
            fernet=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            postgres=secrets.token_urlsafe(32),
            admin=secrets.token_urlsafe(12),
            service=secrets.token_urlsafe(32),
        )


class LocalHome:
    """Paths and small files of a state folder; nothing is made before `create`.

    Parameters
    ----------
    root : the folder; None takes ``HEADWATER_HOME``, else ``./.headwater``.
    """

    def __init__(self, root: Path | None = None) -> None:
        chosen = root or Path(os.environ.get("HEADWATER_HOME") or ".headwater")
        self.root = Path(chosen).expanduser().resolve()
        self.postgres_data = self.root / "postgres"
        self.airflow = self.root / "airflow"
        self.logs = self.root / "logs"
        self.snapshots = self.root / "snapshots"
        """JSON mission snapshots that DAG files read (``HEADWATER_SNAPSHOTS``)."""
        self.secrets_file = self.root / "secrets.json"
        self.passwords_file = self.root / "passwords.json"
        """Names and passwords of the Airflow UI, mode 600."""
        self.state_file = self.root / "state.json"
        self.ports_file = self.root / "ports.json"
        self.lock_file = self.root / "stack.lock"

    @property
    def plugins(self) -> Path:
        """An empty folder for Airflow: the plug-in comes by its entry point alone."""
        return self.airflow / "plugins"

    def create(self) -> None:
        """Make the folders, the root with mode 700; raises `StackError` where that is refused."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.root.chmod(0o700)
            for folder in (self.airflow, self.plugins, self.logs, self.snapshots):
                folder.mkdir(exist_ok=True)
        except OSError as error:
            raise StackError(
                f"The state folder {self.root} cannot be used: {error.strerror}. "
                "Set HEADWATER_HOME to a folder that you own."
            ) from error

    def secrets(self) -> Secrets:
        """Return the stack's secrets, made at the first call."""
        text = read_or_make_secret(
            self.secrets_file, lambda: json.dumps(asdict(Secrets.make()), indent=1)
        )
        try:
            return Secrets(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise StackError(
                f"{self.secrets_file} is damaged: put a copy of it back. Without it the data in "
                f"{self.postgres_data} cannot be opened."
            ) from error

    def write_passwords(self) -> bool:
        """Write the UI's accounts; return True at the first time, when a person must be told.

        A password that the person changed in the file is kept.
        """
        made, known = self.secrets(), self._read_json(self.passwords_file)
        wanted = {ADMIN: made.admin, SERVICE: made.service}
        if known is None or {**wanted, **known} != known:
            write_private(self.passwords_file, json.dumps({**wanted, **(known or {})}) + "\n")
        self.passwords_file.chmod(0o600)
        return known is None

    def password(self, account: str) -> str:
        """Return the password of an account of the UI as it is in the file now."""
        known = self._read_json(self.passwords_file) or {}
        if account not in known:
            raise StackError(
                f"{self.passwords_file} has no account {account!r}: start the stack with "
                "`headwater up` to have it made."
            )
        return str(known[account])

    def read_state(self) -> dict[str, Any]:
        """Return what the last stack wrote about itself; empty when there was none."""
        return self._read_json(self.state_file) or {}

    def write_state(self, state: dict[str, Any]) -> None:
        """Replace the state file in one step."""
        write_private(self.state_file, json.dumps(state, indent=1))

    def read_ports(self) -> dict[str, int]:
        """Return the ports of the last start, so that the UI keeps its address."""
        return {name: int(port) for name, port in (self._read_json(self.ports_file) or {}).items()}

    def write_ports(self, ports: dict[str, int]) -> None:
        """Remember the ports for the next start."""
        write_private(self.ports_file, json.dumps(ports))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for one stack; the kernel frees it when this process ends, however.

        Raises `StackError`, naming the process and the address, when another stack holds it.
        """
        descriptor = os.open(self.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StackError(self.already_running()) from error
            yield
        finally:
            os.close(descriptor)

    def is_locked(self) -> bool:
        """Whether a stack holds the folder now."""
        if not self.lock_file.exists():
            return False
        try:
            with self.lock():
                return False
        except StackError:
            return True

    def already_running(self) -> str:
        """Return the sentence for a second start."""
        state = self.read_state()
        return (
            f"Headwater runs already from {self.root}: process {state.get('pid', 'unknown')}, "
            f"UI {state.get('url') or 'not ready yet'}. `headwater down` stops it."
        )

    @staticmethod
    def _read_json(path: Path) -> dict[str, Any] | None:
        try:
            found = json.loads(path.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return found if isinstance(found, dict) else None
