"""``hydra/launcher=slurm``: one Slurm job for each point, submitted through submitit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sciner.config import RunConfig
from sciner.config.model import EncoderConfig
from sciner.errors import InputError
from sciner.launch import auto
from sciner.launch.display import short_names
from sciner.launch.order import first_fits, launch_order
from sciner.launch.signals import Stopped
from sciner.launch.slurm.record import Point, Record
from sciner.launch.slurm.snapshot import take_snapshot
from sciner.launch.slurm.states import cancel, wait
from sciner.launch.slurm.work import Work, folder_of
from sciner.redact import redacted
from sciner.report.terminal import console

if TYPE_CHECKING:
    from hydra.core.utils import JobReturn

# does the shell go on when the jobs are submitted?
leaves: ContextVar[bool] = ContextVar("leaves", default=False)

OWN = ("submitit_folder", "max_num_timeout", "setup")  # settings that are not passed as they are
# settings of all of submitit's executors; others are Slurm's
COMMON = (
    *("timeout_min", "cpus_per_task", "gpus_per_node", "tasks_per_node", "mem_gb", "nodes"),
    *("name", "stderr_to_stdout"),
)


@dataclass(frozen=True)
class Settings:
    """``hydra.launcher``, for points like those that are known."""

    values: Mapping[str, Any]
    points: Sequence[RunConfig]

    def refuse_several_gpus(self) -> None:
        """Raise InputError where one fit would have several GPUs, or nodes: it uses one."""
        gpus = re.findall(r"(?:^|,)gpu(?::[^,:]+)*:(\d+)", str(self.values.get("gres") or ""))
        told = {name: self.values.get(name) for name in ("gpus_per_node", "gpus_per_task")}
        told |= {name: self.values.get(name) for name in ("nodes", "tasks_per_node")}
        told |= {"gres": sum(map(int, gpus))}
        for name, number in told.items():
            if (number or 1) > 1:
                raise InputError(
                    f"hydra.launcher.{name}={self.values[name]}: a fit uses one GPU of one node",
                    hint="give each GPU its own point: hydra.launcher.array_parallelism=N",
                )

    @property
    def on_gpu(self) -> bool:
        return any(p.trainer.accelerator == "gpu" for p in self.points)

    @property
    def cpus(self) -> int:
        """Of each job: what the launcher says, else the threads of its fits."""
        threads = (config.trainer.threads or 1 for config in self.points)
        return self.values.get("cpus_per_task") or max(threads, default=1)

    @property
    def timeouts(self) -> int:
        """How often a point may reach its time limit."""
        return int(self.values.get("max_num_timeout") or 0)

    def of_submitit(self) -> dict[str, Any]:
        """Under submitit's names."""
        gres = str(self.values.get("gres") or "")
        asked = "gpu" in gres or any(self.values.get(k) for k in ("gpus_per_node", "gpus_per_task"))
        more = (
            {"gres": ",".join(filter(None, ("gpu:1", gres)))} if self.on_gpu and not asked else {}
        )
        values = {**self.values, "cpus_per_task": self.cpus, **more}
        return {
            name if name in COMMON else f"slurm_{name}": value
            for name, value in values.items()
            if name not in OWN and value is not None
        }

    def with_threads(self, words: Sequence[str], config: RunConfig) -> list[str]:
        """The overrides of a job and its threads (as many as it has CPUs), for its records."""
        said = any(word.startswith("trainer.threads=") for word in words)
        encoder = isinstance(config.model, EncoderConfig) and config.trainer.accelerator != "gpu"
        if said or config.trainer.threads or not encoder:
            return list(words)
        return [*words, f"trainer.threads={self.cpus}"]


def launch(
    hydra: Mapping[str, Any],
    values: Mapping[str, Any],
    jobs: Sequence[Sequence[str]],
    first: int,
) -> Sequence[JobReturn]:
    """Submit jobs and wait until they have ended, unless ``leaves``.

    Args:
        hydra: what Hydra's launchers are set up with.
        values: of ``hydra.launcher``.
        jobs: the overrides of each.
        first: the number of the first job.
    """
    from hydra.core.utils import JobReturn, JobStatus

    points = auto.points.get()
    if len(jobs) != len(points):
        raise InputError(
            "hydra.sweeper.max_batch_size cannot be used with Slurm",
            hint="hydra.launcher.array_parallelism=N runs N jobs at a time",
        )
    settings = Settings(values, points)
    settings.refuse_several_gpus()
    jobs = [
        settings.with_threads(words, config) for words, config in zip(jobs, points, strict=True)
    ]
    record = Record(auto.asked.get().outcomes)
    submit(hydra, settings, jobs, first, record)
    place = Path(hydra["config"].hydra.sweep.dir)
    console().print(f"{len(jobs)} jobs submitted: {place}", markup=False, soft_wrap=True)
    if not leaves.get():
        try:
            wait(record, console())
        except (Stopped, KeyboardInterrupt):
            cancel(record)
            raise
    return [
        JobReturn(overrides=words, status=JobStatus.COMPLETED, _return_value=0) for words in jobs
    ]


def submit(
    hydra: Mapping[str, Any],
    settings: Settings,
    jobs: Sequence[Sequence[str]],
    first: int,
    record: Record,
) -> None:
    """Submit one array for the points that do a first fit, and one for those that share it.

    The second begins when that fit is in the store (``Work.after_round``), at the latest when the
    first array has ended.
    """
    works = works_of(hydra, settings, jobs, first)
    names = [redacted(name) for name in short_names(jobs)]
    fits = first_fits(settings.points)
    order = launch_order(fits)
    leading, waiting = order[: len(set(fits))], order[len(set(fits)) :]
    setup = [*(settings.values.get("setup") or ()), *take_snapshot(record.folder / "code")]
    record.keep_secrets()
    folder = Path(str(settings.values["submitit_folder"])).absolute()
    # a pickled point may hold a password of a configuration's file
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    sent: dict[int, Any] = {}  # submitit's jobs
    for group in filter(None, (leading, waiting)):
        more: dict[str, Any] = {"slurm_setup": setup}
        if sent:
            arrays = sorted({str(job.job_id).partition("_")[0] for job in sent.values()})
            more["slurm_dependency"] = f"afterany:{':'.join(arrays)}"
        try:
            submitted = to_slurm([works[i] for i in group], settings, folder, more)
        except InputError:
            record.drop_secrets()
            if sent:
                cancel(record)
            raise
        sent |= zip(group, submitted, strict=True)
        points = {
            first + i: Point(
                name=names[i],
                job=str(job.job_id),
                fit=fits[i],
                waits=i in waiting,
                directory=str(folder_of(works[i].config)),
                log=str(job.paths.stdout),
            )
            for i, job in sent.items()
        }
        record.write(str(auto.asked.get().sweep), points)  # at once: it can be cancelled


def works_of(
    hydra: Mapping[str, Any], settings: Settings, jobs: Sequence[Sequence[str]], first: int
) -> list[Work]:
    """The points as their jobs are told of them."""
    from hydra.core.singleton import Singleton

    state = Singleton.get_state()
    return [
        Work(
            number=first + i,
            name=" ".join(words),
            config=composed(hydra, words, first + i),
            context=hydra["hydra_context"],
            state=state,
            asked=auto.asked.get(),
            timeouts=settings.timeouts,
        )
        for i, words in enumerate(jobs)
    ]


def to_slurm(
    works: Sequence[Work], settings: Settings, folder: Path, more: Mapping[str, Any]
) -> Sequence[Any]:
    """Submit an array. Raises InputError where Slurm, or submitit, does not take it."""
    import submitit

    try:
        executor = submitit.AutoExecutor(
            folder, cluster="slurm", slurm_max_num_timeout=settings.timeouts
        )
        executor.update_parameters(**settings.of_submitit(), **more)
        return list(executor.submit_array(works))
    # no srun, a setting that submitit or sbatch does not know, a folder that cannot be made
    except (RuntimeError, ValueError, OSError) as error:
        said = next((line for line in reversed(str(error).splitlines()) if line.strip()), "")
        raise InputError(
            f"Slurm rejects the jobs: {said.strip()}", hint="see hydra.launcher in docs/cluster.md"
        ) from None


def composed(hydra: Mapping[str, Any], words: Sequence[str], number: int) -> Any:
    """Compose the configuration of a point at submission: files of conf/ may change later."""
    from omegaconf import open_dict

    loader = hydra["hydra_context"].config_loader
    config = loader.load_sweep_config(hydra["config"], list(words))
    with open_dict(config):
        config.hydra.job.id = f"{config.hydra.job.name}_{number}"
        config.hydra.job.num = number
        config.hydra.sweep.dir = str(Path(config.hydra.sweep.dir).absolute())
    return config
