"""What is read of an experiment's files is what Hydra composes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sciner.config.conf import CONF
from sciner.errors import InputError
from sciner.launch.experiment import read_experiment
from sciner.launch.hydra_errors import choices_of
from sciner.launch.overrides import check, configurations, parse_flags
from sciner.launch.points import Bases

SWEEPS = sorted(choices_of("experiment") - {"search/minilm"})
BASES: Bases = {}


def test_words_are_those_of_bases_then_its_own_and_axes_are_told_apart() -> None:
    found = read_experiment("paper_iterations/minilm_long")
    assert found.constants == {
        "data.seed_size": "10%",
        "iteration.rounds": "2",
        "model": "minilm",
        "model.steps": "600",  # for the 150 of its base
        "data": "cmu_sciner",
    }
    assert {key: found.words[key] for key in found.axes} == {
        "seed": "0,1,2",
        "threshold": "accept_none,accept_all",
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", SWEEPS)
def test_words_make_the_same_configuration_without_the_file(name: str) -> None:
    found = read_experiment(name)
    axes = [f"{key}={found.words[key].split(',')[-1]}" for key in sorted(found.axes)]
    by_file = check(parse_flags([f"experiment={name}", *axes])).points
    assert by_file == configurations(
        [[f"{key}={value}" for key, value in found.constants.items()] + axes], BASES
    )


def test_an_experiment_may_stand_in_a_folder_of_the_users(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    defaults = "[/experiment/_crf, _self_, override /data: scierc, override /hydra/launcher: basic]"
    values = "seed: 3\ndata: {limit: 50, train: [a, b], dev: null}"
    (tmp_path / "experiment" / "mine.yaml").write_text(f"defaults: {defaults}\n{values}\n")

    found = read_experiment("mine", [CONF, tmp_path])
    assert found.words["seed"] == "0,1,2"  # the axis of its base, which a value does not replace
    assert found.constants == {
        "model": "crf",
        "data": "scierc",
        "data.limit": "50",
        "data.train": "[a,b]",
        "data.dev": "null",
    }
    with pytest.raises(InputError, match=r"mine\.yaml is in no folder"):
        read_experiment("mine")
