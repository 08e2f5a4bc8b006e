"""Start one program so that it ends with its parent and, where it must, not as root.

Run as a file, never imported by the program it starts: ``python -I -S launch.py ORDER`` with a
JSON order. It uses the standard library alone, changes itself and then *becomes* the program, so
no process stays between parent and child. This is done in a program of its own because code
between fork and exec is not safe in a process with threads.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

NOBODY = 65534
"""User and group id that owns nothing, the same on every Linux."""

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522


@dataclass(frozen=True)
class Order:
    """What to start.

    Attributes
    ----------
    argv : the program and its arguments; empty when only ``reachable``/``runnable`` are asked.
    parent : pid whose death ends the program; 0 for none.
    death_signal : the signal that the program then gets.
    become : ``same`` user, ``namespace`` or ``nobody`` (see `become_ordinary`).
    reachable, runnable : a folder that the user must be able to enter, a program it must read.
    """

    argv: tuple[str, ...] = ()
    parent: int = 0
    death_signal: int = 15
    become: str = "same"
    reachable: str = ""
    runnable: str = ""

    def command(self) -> list[str]:
        """Return the command line that carries out this order."""
        return [sys.executable, "-I", "-S", __file__, json.dumps(asdict(self))]


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def enter_user_namespace() -> None:
    """Become user 65534 in a user namespace of our own.

    The kernel still sees the old user, so every path that was reachable stays reachable; the
    program inside sees a user that is not root. Raises OSError where the system forbids it.
    """
    user, group = os.geteuid(), os.getegid()
    _check(_libc().unshare(_CLONE_NEWUSER), "user namespace")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{NOBODY} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{NOBODY} {group} 1")


def become_nobody() -> None:
    """Become the user ``nobody``, who may still pass through folders that root closed.

    One capability (to pass by permission bits) is kept across the change; where the system
    withholds it, the paths must be reachable by their bits alone.
    """
    libc = _libc()
    libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    bit = 1 << _CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    if libc.capset(header, data) == 0:
        libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


def become_ordinary(how: str) -> None:
    """Change the user as `Order.become` says; ``same`` changes nothing."""
    if how == "namespace":
        enter_user_namespace()
    elif how == "nobody":
        become_nobody()


def end_with_parent(parent: int, signal_number: int) -> None:
    """Ask the kernel to signal this process when its parent dies (Linux; elsewhere nothing)."""
    if not parent or not sys.platform.startswith("linux"):
        return
    _libc().prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked
        sys.exit(1)


def _refusal(order: Order) -> str:
    """Return why the paths of the order cannot be used by the user that we are now, or ``""``."""
    if os.geteuid() == 0:
        return "still root"
    try:  # not access(2): it forgets the capability
        Path(order.reachable, "..").stat()
        Path(order.runnable).open("rb").close()
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    return ""


def main() -> None:
    """Carry out the order in ``argv[1]``; exits 125 when the user cannot be changed."""
    fields = json.loads(sys.argv[1])
    order = Order(**{**fields, "argv": tuple(fields["argv"])})
    try:
        become_ordinary(order.become)
    except OSError as error:
        sys.stderr.write(f"{error.strerror}\n")
        sys.exit(125)
    if not order.argv:
        refusal = _refusal(order)
        sys.stderr.write(refusal)
        sys.exit(125 if refusal else 0)
    # Last: a change of user clears the wish to be told of the parent's death.
    end_with_parent(order.parent, order.death_signal)
    os.execvp(order.argv[0], order.argv)  # noqa: S606 - the whole purpose of this file


if __name__ == "__main__":
    main()
