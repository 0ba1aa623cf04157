"""A training is done once, whatever becomes of its files."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from sciner.loop.steps import fit as module
from sciner.loop.steps.files import write_json
from sciner.loop.steps.runner import StepRunner
from sciner.store.disk import DiskStore
from sciner.text.corpus import gold_example
from tests.fakes import FakeTagger, small_corpus

CORPUS = small_corpus(1, 1)
EXAMPLES = [gold_example(s) for s in CORPUS.train]


@pytest.mark.parametrize("full", [False, True])
def test_a_fit_is_trained_once_also_where_it_cannot_be_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    def refuse(file: Path, value: Any) -> None:
        if full and file.is_relative_to(tmp_path):
            raise OSError(errno.ENOSPC, "No space left on device")
        write_json(file, value)

    monkeypatch.setattr(module, "write_json", refuse)
    tagger, store = FakeTagger(CORPUS.labels), DiskStore(tmp_path)
    fit = StepRunner(tagger, store, CORPUS.labels).fit(EXAMPLES, seed=0)
    assert fit.live() is fit.live() and len(tagger.fits) == 1
    assert store.has(fit.key) != full
