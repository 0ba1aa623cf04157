"""Rounds with the taggers that are no encoder: the real ones, down from the words of a command
line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sciner.config.conf import CONF
from sciner.errors import InputError
from sciner.launch.main import main
from sciner.launch.overrides import check, parse_flags
from sciner.loop.iteration import Iteration
from sciner.loop.rounds import Round, run_rounds
from sciner.loop.steps.runner import StepRunner
from sciner.run import prepare
from sciner.run.build import build_tagger, build_threshold
from sciner.store.disk import DiskStore
from sciner.store.store import NoStore, Store
from tests.fakes import small_corpus
from tests.specs.test_loop import parts_of

SAMPLE = small_corpus(6, 2)
QUICK = "model.max_iterations=20"
WORDS = {"crf": ("model=crf", QUICK), "gazetteer": ("model=gazetteer",)}

crfsuite = pytest.importorskip("pycrfsuite", reason="pip install 'sciner[crf]'")
both = pytest.mark.parametrize("model", sorted(WORDS))


def turn(*words: str, store: Store | None = None) -> Iterator[Round]:
    """Two rounds on the sample's first papers."""
    (config,), *_ = check(parse_flags(words))
    steps = StepRunner(build_tagger(config, SAMPLE.labels), store or NoStore(), SAMPLE.labels)
    return run_rounds(
        SAMPLE,
        parts_of(SAMPLE, "50%"),
        steps,
        build_threshold(config, SAMPLE.labels),
        Iteration(1),
        seed=0,
    )


def test_a_command_names_them(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "read_corpus", lambda config: SAMPLE)
    assert (
        main(["model=gazetteer", "tracking=none", "iteration.rounds=1", "hydra.run.dir=here"]) == 0
    )
    assert len(Path("here/rounds.jsonl").read_text(encoding="utf-8").splitlines()) == 2


@both
def test_they_annotate_and_are_trained_again(model: str) -> None:
    before, after = turn(*WORDS[model])
    assert before.scores["test/f1/micro"] > 0 and after.scores["silver/f1/micro"] > 0
    assert len(after.examples) > len(before.examples)
    assert before.scores["train/steps"] == (20 if model == "crf" else 0)


@pytest.mark.parametrize("threshold", sorted(p.stem for p in (CONF / "threshold").glob("*.yaml")))
def test_every_threshold_judges_a_crf(threshold: str) -> None:
    *_, after = turn(*WORDS["crf"], f"threshold={threshold}")
    accepted = after.scores["silver/accepted_sentences"]
    assert accepted == 0 if threshold == "accept_none" else accepted > 0


@pytest.mark.parametrize(
    ("model", "granularity"), [("crf", "span"), ("crf", "token"), ("gazetteer", "span")]
)
def test_silver_that_is_masked_in_part_is_trained_on(model: str, granularity: str) -> None:
    bar = ("threshold=quantile", "threshold.share=0.9", f"threshold.granularity={granularity}")
    *_, after = turn(*WORDS[model], *bar)
    assert after.scores["silver/masked_tokens"] > 0 and after.scores["silver/accepted_spans"] > 0


@both
def test_a_second_run_finds_every_step_in_the_store(model: str, tmp_path: Path) -> None:
    first, second = (
        list(turn(*WORDS[model], store=DiskStore(tmp_path / "store"))) for _ in range(2)
    )
    assert all(step.hit for done in second for step in done.steps)
    assert [done.scores for done in first] == [done.scores for done in second]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["model=crf", "iteration.silver_weight=0.5"],
            "iteration.silver_weight=0.5 cannot be used with model=crf",
        ),
        (
            ["model=crf", "iteration.init=previous"],
            "iteration.init=previous starts from trained weights",
        ),
        (
            ["model=gazetteer", "iteration.init=previous"],
            "iteration.init=previous starts from trained weights",
        ),
    ],
)
def test_what_they_cannot_do_is_refused_before_anything_starts(words: list[str], told: str) -> None:
    with pytest.raises(InputError, match=told):
        check(parse_flags(words))


@pytest.mark.slow
@both
def test_they_import_no_torch(model: str, project: Path) -> None:
    words: list[Any] = [*WORDS[model], "iteration.rounds=1", "tracking=none", "hydra.run.dir=here"]
    script = (
        f"import sys; from sciner.launch import main; code = main({words}); "
        "print(json.dumps([code, 'torch' in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import json; {script}"],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [0, False]
