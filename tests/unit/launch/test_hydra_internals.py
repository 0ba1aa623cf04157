"""The installed Hydra has what is taken of it without being promised."""

from __future__ import annotations

import inspect

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from omegaconf import OmegaConf

from sciner.config.conf import CONF
from sciner.launch.hydra_internals import (
    argument_parser,
    compose_files_once,
    forget_initialisation,
    list_no_bases,
    set_values,
    skip_batch_validation,
)
from sciner.launch.main import FLAGS_WITHOUT_JOB


def test_the_parser_has_the_flags_that_are_asked_for() -> None:
    flags = argument_parser().parse_intermixed_args(["seed=1", "-m", "model=tiny"])
    assert flags.overrides == ["seed=1", "model=tiny"] and flags.multirun
    # at --version it ends the process
    assert {*FLAGS_WITHOUT_JOB, "config_dir"} - {"version"} <= vars(flags).keys()


def test_values_that_are_set_are_those_that_hydra_composes() -> None:
    words = ["seed=7", "data.limit=50"]
    for _ in range(2):  # it may begin again
        forget_initialisation()
        with initialize_config_dir(str(CONF), version_base="1.3"):
            config = compose("run")
            set_values(OverridesParser.create().parse_overrides(words), config)
            assert config == compose("run", words)


def test_hydra_asks_the_method_that_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    Plugins.instance()  # imports the sweeper anew
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    original = BasicSweeper.validate_batch_is_legal
    # restores it behind the test
    monkeypatch.setattr(BasicSweeper, "validate_batch_is_legal", original)
    assert list(inspect.signature(original).parameters) == ["self", "batch"]
    assert "self.validate_batch_is_legal(" in inspect.getsource(BasicSweeper.sweep)
    skip_batch_validation()
    assert BasicSweeper.validate_batch_is_legal is not original


@pytest.mark.parametrize(
    "point",
    [
        ["seed=3", "data.limit=50", "model=crf"],
        ["model=crf", "seed=4"],
        ["model=crf", "+threshold.more=1", "threshold=fixed", "threshold.min_confidence=0.5"],
        ["model=crf", "hydra.job.name=other", "seed=4"],
        ["seed=4", "++seed=5", "data.limit=3", "data=sample"],
    ],
)
def test_a_point_of_a_sweep_is_what_hydra_composes(
    point: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from hydra._internal.config_loader_impl import ConfigLoaderImpl
    from hydra.core.global_hydra import GlobalHydra
    from hydra.types import RunMode

    original = ConfigLoaderImpl.load_sweep_config
    monkeypatch.setattr(ConfigLoaderImpl, "load_sweep_config", original)
    forget_initialisation()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        whole = loader.load_configuration("run", [], RunMode.MULTIRUN)
        compose_files_once()
        # what another point was composed of does not show
        loader.load_sweep_config(whole, ["model=crf", "seed=9", "data.limit=9"])
        ours, hydras = loader.load_sweep_config(whole, point), original(loader, whole, point)
        assert OmegaConf.to_yaml(ours) == OmegaConf.to_yaml(hydras)


def test_a_group_lists_no_bases_however_often_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from hydra._internal.config_loader_impl import ConfigLoaderImpl
    from hydra.core.global_hydra import GlobalHydra

    monkeypatch.setattr(ConfigLoaderImpl, "get_group_options", ConfigLoaderImpl.get_group_options)
    forget_initialisation()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        for _ in range(2):
            list_no_bases()
            assert loader.get_group_options("experiment") == []
            assert loader.get_group_options("experiment/search") == ["minilm"]
        assert "rounds" in loader.list_groups("experiment")
