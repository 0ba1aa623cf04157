"""An NFS server on loopback with one export, for tests: Ganesha, which needs nothing of the kernel.
Its clients are the kernel's."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.slurm import free_ports

CONF = """\
NFS_CORE_PARAM {{ Protocols = 4; NFS_Port = {port}; Bind_addr = 127.0.0.1; Enable_NLM = false;
    Enable_RQUOTA = false; Enable_UDP = false; }}
NFSv4 {{ Graceless = true; RecoveryBackend = fs; RecoveryRoot = {folder}/recovery; }}
EXPORT {{ Export_Id = 1; Path = {folder}/export; Pseudo = /export; Access_Type = RW;
    Squash = No_Root_Squash; SecType = sys; FSAL {{ Name = VFS; }} }}
"""


@dataclass
class Nfs:
    """folder: on a file system that can be exported, for the export, its mounts and the logs."""

    folder: Path
    mounted: list[Path] = field(default_factory=list)

    def __enter__(self) -> Nfs:
        (port,) = free_ports(1)
        self.port = port
        for name in ("export", "recovery"):
            (self.folder / name).mkdir()
        conf = self.folder / "ganesha.conf"
        conf.write_text(CONF.format(folder=self.folder, port=port))
        files = ["-f", conf, "-L", self.folder / "ganesha.log", "-p", self.folder / "ganesha.pid"]
        self.server = subprocess.Popen(["ganesha.nfsd", "-F", *files])
        return self

    def __exit__(self, *error: object) -> None:
        for place in self.mounted:
            subprocess.run(["umount", "-f", "-l", place], check=False)
        self.server.terminate()
        try:
            self.server.wait(10)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()

    def mount(self, name: str, seconds: float = 30) -> Path:
        """Mount the export as another machine would, with caches of its own.

        Raises AssertionError where it cannot be mounted.
        """
        place = self.folder / name
        place.mkdir()
        options = f"vers=4.1,proto=tcp,port={self.port},nosharecache,soft,timeo=50"
        words = ["mount", "-t", "nfs4", "-o", options, "127.0.0.1:/export", str(place)]
        end = time.monotonic() + seconds
        while (done := subprocess.run(words, capture_output=True, text=True)).returncode:
            assert self.server.poll() is None and time.monotonic() < end, done.stderr
            time.sleep(0.2)
        self.mounted.append(place)
        return place


def missing() -> str:
    """What this machine lacks for an export and its mounts; empty where it has all."""
    absent = [name for name in ("ganesha.nfsd", "mount.nfs4") if shutil.which(name) is None]
    if absent:
        return f"needs Debian's nfs-ganesha-vfs and nfs-common: no {', '.join(absent)}"
    if os.geteuid():
        return "needs root: it mounts"
    if "\tnfs4\n" not in Path("/proc/filesystems").read_text():
        subprocess.run(["modprobe", "nfsv4"], capture_output=True, check=False)
    if "\tnfs4\n" not in Path("/proc/filesystems").read_text():
        return "needs a kernel that can mount NFS"
    return ""
