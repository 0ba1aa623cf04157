"""CRFsuite's model file: what is torn never reaches the C library."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sciner.tagger.crf.model_file import check_model

pycrfsuite = pytest.importorskip("pycrfsuite")


def trained(place: Path, sentences: int = 30, **params: float) -> bytes:
    """A model of nonsense: many words, three tags, names beyond ASCII."""
    draw = np.random.default_rng(0)
    trainer = pycrfsuite.Trainer(params={"max_iterations": 5, **params}, verbose=False)
    for _ in range(sentences):
        words = draw.integers(0, 99, draw.integers(1, 9))
        tags = draw.choice(["O", "B-Größe", "I-Größe"], len(words))
        trainer.append([["bias", f"word={word}µ"] for word in words], tags.tolist())
    trainer.train(str(place))
    return place.read_bytes()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return trained(tmp_path_factory.mktemp("crf") / "model")


def test_what_crfsuite_writes_is_whole(model: bytes, tmp_path: Path) -> None:
    check_model(model)
    check_model(trained(tmp_path / "sparse", c1=1.0))
    check_model(trained(tmp_path / "without a single feature", c1=1e6))


def test_a_model_that_ends_too_soon_is_torn_wherever_it_ends(model: bytes) -> None:
    for end in range(0, len(model), 7):
        with pytest.raises(ValueError, match="torn"):
            check_model(model[:end])
    with pytest.raises(ValueError, match="torn"):
        check_model(model + b"\0")


def test_a_model_with_a_hole_is_torn_wherever_it_is(model: bytes) -> None:
    """A disk was full for a while: the file has its length, and zeros in the place of something."""
    for start in range(0, len(model) - 64, 32):
        holed = model[:start] + bytes(64) + model[start + 64 :]
        if holed != model:
            with pytest.raises(ValueError, match="torn"):
                check_model(holed)


USE = """
import random, sys
import pycrfsuite
from sciner.tagger.crf.model_file import check_model
model, seed = open(sys.argv[1], "rb").read(), random.Random(0)
passed = 0
for _ in range(5000):
    changed = bytearray(model)
    for _ in range(seed.randrange(1, 4)):
        changed[seed.randrange(len(changed))] = seed.choice([0, 1, 127, 255, seed.randrange(256)])
    try:
        check_model(bytes(changed))
    except ValueError:
        continue
    passed += 1
    tagger, kept = pycrfsuite.Tagger(), bytes(changed)  # CRFsuite reads on in what it was given
    tagger.open_inmemory(kept)
    try:
        tagger.set([["bias", f"word={n}µ"] for n in range(99)])
        for label in tagger.labels():
            tagger.marginal(label, 9)
    except (UnicodeDecodeError, RuntimeError):  # of a label whose name was changed
        pass
print(passed)
"""


@pytest.mark.slow
def test_no_change_that_passes_ends_the_process(model: bytes, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(model)
    done = subprocess.run(
        [sys.executable, "-c", USE, tmp_path / "model"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert 0 < int(done.stdout) < 5000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", place]).returncode:
        pytest.skip("mounting is not permitted here")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_temporary_folder_is_an_error_of_the_fit(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sciner.tagger.crf.crf import CrfTagger, CrfTrainingConfig
    from sciner.text.corpus import Example
    from tests.fakes import small_corpus

    monkeypatch.setattr("tempfile.tempdir", str(small_disk))
    corpus = small_corpus(4, 2)
    tagger = CrfTagger(CrfTrainingConfig(0.0, 1.0, 5), corpus.labels)
    examples = [Example(s, s.spans or (), "gold", 0) for s in corpus.train]
    with pytest.raises(OSError, match="CRFsuite could not write its model") as error:
        tagger.fit(examples, seed=0)
    assert error.value.errno == errno.ENOSPC and str(small_disk) in error.value.filename
