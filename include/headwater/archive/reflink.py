"""A copy that shares its blocks with the original until one of them is written (``FICLONE``).

Btrfs, XFS, bcachefs and a few others can; it takes no time and no room, and, unlike a second link,
what a sender still writes to his file does not reach the copy.
"""

from __future__ import annotations

import errno
import fcntl
import os

_FICLONE = 0x40049409  # _IOW(0x94, 9, int), linux/fs.h
_CANNOT = {errno.EXDEV, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM}
_unable: set[tuple[int, int]] = set()
"""Pairs of devices (source, target) that have said no; they are not asked again."""


def reflink(source: int, target: int) -> bool:
    """Make the empty open file `target` a clone of the open file `source`; whether it is one now.

    Raises
    ------
    OSError
        If the disk can clone and fails, for example because it is full.
    """
    devices = (os.fstat(source).st_dev, os.fstat(target).st_dev)
    if devices in _unable:
        return False
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        _unable.add(devices)
        return False
    return True
