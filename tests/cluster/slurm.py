"""A Slurm of one node with several slots, for tests: its configuration, and its daemons, which are
stopped by their process id."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol", "squeue")
STARTED = ("munged", "slurmctld", "slurmd")  # in this order
PRIVATE = "/tmp"  # what the node has of its own
NODE = f"mount -t tmpfs tmpfs {PRIVATE} && exec slurmd -D"
CONF = """\
ClusterName=sciner
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=5
JobRequeue=1
ReturnToService=2
SlurmdTimeout=20
KillWait=5
MpiDefault=none
NodeName={host} NodeAddr=127.0.0.1 CPUs={slots} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP OverTimeLimit=0
"""


def missing() -> str:
    """What this machine lacks for a Slurm of its own; empty where it has all."""
    absent = [name for name in DAEMONS if shutil.which(name) is None]
    if absent:
        return f"needs Debian's slurm-wlm and munge: no {', '.join(absent)}"
    if os.geteuid():
        return "needs root: the node gets a temporary folder of its own"
    if Path(__file__).is_relative_to(PRIVATE):
        return f"needs a checkout outside {PRIVATE}, of which the node has one of its own"
    return ""


@dataclass
class Slurm:
    """folder: of its configuration, logs and state, outside of what jobs have of their own. slots:
    jobs at once."""

    folder: Path
    slots: int = 4
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Slurm:
        for name in ("state", "spool"):
            (self.folder / name).mkdir(parents=True)
        conf = self.folder / "slurm.conf"
        host = socket.gethostname().partition(".")[0]
        conf.write_text(
            CONF.format(host=host, folder=self.folder, slots=self.slots, ports=free_ports(2))
        )
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        (self.folder / "munge.key").write_bytes(secrets.token_bytes(128))
        (self.folder / "munge.key").chmod(0o400)
        self.before = os.environ.get("SLURM_CONF")
        os.environ["SLURM_CONF"] = str(conf)
        try:
            for name in STARTED:
                self.start(name)
            self.until(lambda: "idle" in self.ask("sinfo", "-h", "-o", "%t"), "the node is up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.kill_node()
        for name in ("slurmctld", "munged"):
            if process := self.running.pop(name, None):
                process.terminate()
                process.wait(20)
        os.environ.pop("SLURM_CONF")
        if self.before:
            os.environ["SLURM_CONF"] = self.before

    def start(self, name: str) -> None:
        """Start a daemon, as a process of ours."""
        options = [
            f"--{what}={self.folder}/munge.{what.partition('-')[0]}"
            for what in ("key-file", "socket", "pid-file", "log-file", "seed-file")
        ]
        command = {
            "munged": ["munged", "--foreground", "--force", *options],
            "slurmctld": ["slurmctld", "-D"],
            # not job_container/tmpfs: in Slurm 22.05 it fails a job that is queued again
            "slurmd": ["unshare", "--mount", "sh", "-c", NODE],
        }[name]
        with (self.folder / f"{name}.out").open("ab") as out:
            self.running[name] = subprocess.Popen(command, cwd=self.folder, stdout=out, stderr=out)
        if name == "munged":
            self.until(lambda: (self.folder / "munge.socket").exists(), "munged listens")

    def kill_node(self) -> None:
        """Kill slurmd and all that it has started: they alone have its temporary folder."""
        if (slurmd := self.running.pop("slurmd", None)) is None:
            return
        if (node := mounts_of(slurmd.pid)) != mounts_of(os.getpid()):
            while there := [pid for pid in processes() if node and mounts_of(pid) == node]:
                for pid in there:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
        slurmd.kill()
        slurmd.wait()

    def ask(self, *words: str) -> str:
        """What a command of Slurm's says."""
        return subprocess.run(words, capture_output=True, text=True).stdout.strip()

    def until(
        self, holds: Callable[[], bool], what: str, seconds: float = 120, pause: float = 0.2
    ) -> None:
        """Wait until ``holds()``."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, f"not within {seconds} s: {what}"
            time.sleep(pause)


def processes() -> list[int]:
    """The ids of all processes of this machine."""
    return [int(place.name) for place in Path("/proc").iterdir() if place.name.isdigit()]


def mounts_of(pid: int) -> str:
    """What a process sees mounted, as an id; empty if it has ended."""
    try:
        return str(Path(f"/proc/{pid}/ns/mnt").readlink())
    except OSError:
        return ""


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on."""
    held = [socket.socket() for _ in range(number)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports
