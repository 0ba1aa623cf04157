"""A saved tagger is served with the threshold that was saved beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sciner.config.model import GazetteerConfig, TrainerConfig
from sciner.errors import InputError
from sciner.policy.threshold.resolved import Resolved
from sciner.run.saved import save_tagger
from sciner.run.threshold import note_threshold
from sciner.serve.limits import Limits
from sciner.serve.service import Service, open_service
from sciner.serve.text import split
from tests.served import LABELS, TAGGER

TEXT = "BERT does named entity recognition"
TRAINER = TrainerConfig(accelerator="cpu", precision="32-true", threads=1)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_tagger(TAGGER, tmp_path, GazetteerConfig(kind="gazetteer"), LABELS)
    return tmp_path


def opened(folder: Path, threshold: str) -> Service:
    return open_service(folder, TRAINER, Limits(), threshold=threshold)


def test_the_threshold_of_the_run_has_a_value_for_each_class(saved: Path) -> None:
    note_threshold(saved, Resolved({"": 0.0, "Method": 1.0, "Task": 0.0}))
    labels = {
        word: [span.label for span, _ in opened(saved, word).annotate([split(TEXT)])[0][0].spans]
        for word in ("none", "run", "1")
    }
    assert labels == {"none": ["Method", "Task"], "run": ["Task"], "1": []}


@pytest.mark.parametrize(
    ("threshold", "told"),
    [("run", "no threshold was saved"), ("most", "--threshold most: there is no such choice")],
)
def test_a_threshold_that_there_is_not_is_refused(saved: Path, threshold: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        opened(saved, threshold)


def test_a_description_that_is_not_valid_is_refused_by_name(saved: Path) -> None:
    (saved / "sciner.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match=r"sciner\.json.*save the tagger again"):
        opened(saved, "none")
