"""A machine that loses its power: two file systems of its own, for the database and the archive.

What the program has not synced is only in the kernel's memory of the mounted file system; the
image beneath holds what reached the disk. So the images, copied while nobody writes, are the disks
after the power was cut.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from headwater.catalog.connection import Catalog
from headwater.local.postgres import LocalPostgres, processes_in

_SIZE = 256 << 20
_MEGABYTES_OF_JOURNAL = "8"


def may_mount() -> bool:
    """Whether file systems can be made and mounted here."""
    return os.geteuid() == 0 and all(map(shutil.which, ("mkfs.ext4", "mount", "umount")))


def copy_sparsely(source: Path, target: Path) -> None:
    """Copy an image without its holes."""
    subprocess.run(["cp", "--sparse=always", str(source), str(target)], check=True)


@dataclass
class Disk:
    """One ext4 file system in a file; its journal is written only when somebody asks for it."""

    folder: Path
    name: str

    @property
    def place(self) -> Path:
        return self.folder / self.name

    @property
    def image(self) -> Path:
        return self.folder / f"{self.name}.img"

    def make(self) -> None:
        self.place.mkdir()
        with self.image.open("wb") as image:
            image.truncate(_SIZE)
        make = ["mkfs.ext4", "-q", "-J", f"size={_MEGABYTES_OF_JOURNAL}", str(self.image)]
        subprocess.run(make, check=True)

    def mount(self) -> None:
        options = "loop,commit=600"
        subprocess.run(["mount", "-o", options, str(self.image), str(self.place)], check=True)

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.place)], check=True)

    def sync(self) -> None:
        """What senders have written is theirs to make durable: they have."""
        subprocess.run(["sync", "-f", str(self.place)], check=True)

    def as_it_is(self) -> Path:
        """What is on the disk at this moment, without what is only in memory."""
        copy = self.folder / f"{self.name}.cut"
        copy_sparsely(self.image, copy)
        return copy


@dataclass
class Machine:
    """Postgres on one disk, a mission on the other."""

    folder: Path
    disks: tuple[Disk, Disk] = field(init=False)
    server: LocalPostgres = field(init=False)

    def __post_init__(self) -> None:
        self.disks = (Disk(self.folder, "database"), Disk(self.folder, "archive"))
        for disk in self.disks:
            disk.make()
        self.server = LocalPostgres(self.disks[0].place / "data")

    @property
    def archive(self) -> Path:
        return self.disks[1].place

    def start(self) -> None:
        for disk in self.disks:
            disk.mount()
        self.server.start()
        self.server.wanted_port = self.server.port

    def stop(self) -> None:
        self.server.stop()
        for disk in self.disks:
            disk.unmount()

    def catalog(self) -> Catalog:
        return Catalog(self.server.url("headwater"))

    def keep(self, folder: Path) -> None:
        """Copy the disks of a machine that stands still."""
        for disk in self.disks:
            copy_sparsely(disk.image, folder / disk.image.name)

    def take(self, folder: Path) -> None:
        """Let a machine that stands still have the disks of :meth:`keep`."""
        for disk in self.disks:
            copy_sparsely(folder / disk.image.name, disk.image)

    def lose_power(self, victim: int) -> None:
        """Everything stops at once; the disks are as they were written."""
        running = [psutil.Process(victim), *processes_in(self.server.data_dir)]
        for process in running:
            process.send_signal(signal.SIGSTOP)
        cut = [disk.as_it_is() for disk in self.disks]
        for process in running:
            process.kill()
        self.server.stop()
        psutil.wait_procs(running, timeout=10)
        for disk, copy in zip(self.disks, cut, strict=True):
            disk.unmount()
            copy.replace(disk.image)
