"""Hydra's door to a search: ``hydra/sweeper=sciner_optuna``.

Hydra imports this module at every start: nothing heavy stands at its top. ``hydra_plugins`` is a
namespace package and has no ``__init__.py``.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from sciner.search.options import TARGET, SearchOptions, parse_options


class SearchSweeper(Sweeper):
    """Asks the study for trials and launches them, until it has as many as were asked for."""

    def __init__(self, **options: Any) -> None:
        self.options = parse_options(options)

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        from hydra.core.override_parser.overrides_parser import OverridesParser
        from hydra.core.plugins import Plugins

        self.parser = OverridesParser.create(config_loader=hydra_context.config_loader)
        jobs = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )
        # the better trials are known, the better the next one is: more at once only if asked for
        self.jobs, self.slots = jobs, int(config.hydra.launcher.get("n_jobs") or 1)

    def sweep(self, arguments: Sequence[str]) -> None:
        from sciner.launch.capacity import has_accelerator
        from sciner.search.space import read_space
        from sciner.search.study import SharedStudy
        from sciner.search.worker import Worker

        committed = [f"{key}={value}" for key, value in (self.options.params or {}).items()]
        at_once = self.options.n_jobs or (self.slots if self.slots > 0 else os.cpu_count() or 1)
        # of every trial, also of a last one that runs alone: threads change the digits of a fit
        words = [*committed, *arguments]
        given = any(word.lstrip("+").startswith("trainer.threads=") for word in words)
        threads = (
            ["trainer.threads=1"] if at_once > 1 and not given and not has_accelerator() else []
        )
        space = read_space(self.parser.parse_overrides([*words, *threads]))
        worker = Worker(SharedStudy.load(self.options, Path.cwd()), space, at_once)
        worker.work(
            lambda batch: self.jobs.launch(
                [trial.overrides for trial in batch], initial_job_idx=batch[0].number
            )
        )


ConfigStore.instance().store(
    group="hydra/sweeper",
    name="sciner_optuna",
    node={
        "_target_": TARGET,
        "_recursive_": False,
        "_convert_": "all",
        **SearchOptions().model_dump(),
    },
    provider="sciner",
)
