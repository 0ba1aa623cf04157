"""Hydra's doors to jobs side by side, ``hydra/launcher=auto``, and on Slurm, ``=slurm``.

Hydra imports this module at every start: nothing heavy stands at its top. ``hydra_plugins`` is a
namespace package and has no ``__init__.py``.
"""

from collections.abc import Sequence
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class AutoLauncher(Launcher):
    """Runs as many jobs at once as pay on this machine (``sciner.launch.auto``). n_jobs: another
    number of them."""

    def __init__(self, n_jobs: int | None) -> None:
        self.n_jobs = n_jobs

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        self.hydra: dict[str, Any] = {
            "hydra_context": hydra_context,
            "task_function": task_function,
            "config": config,
        }

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        from sciner.launch.auto import launch

        return launch(self.hydra, self.n_jobs, job_overrides, initial_job_idx)


class SlurmLauncher(Launcher):
    """Submits a Slurm job for each point (``sciner.launch.slurm``). settings: submitit's, and
    those of its plugin."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        self.hydra: dict[str, Any] = {"hydra_context": hydra_context, "config": config}

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        from omegaconf import OmegaConf

        from sciner.launch.slurm.submit import launch

        plain = OmegaConf.to_container(OmegaConf.create(self.settings), resolve=True)
        return launch(self.hydra, plain, job_overrides, initial_job_idx)  # type: ignore[arg-type]


ConfigStore.instance().store(
    group="hydra/launcher",
    name="auto",
    node={
        "_target_": "hydra_plugins.sciner_launcher.AutoLauncher",
        "n_jobs": "${oc.decode:${oc.env:SCINER_N_JOBS,null}}",
    },
    provider="sciner",
)
