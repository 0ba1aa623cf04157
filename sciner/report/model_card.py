"""The model card of an exported tagger: what the card of a saved one lacks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sciner.printable import code_span
from sciner.report.render import NONE, Table, as_markdown, markdown
from sciner.report.sentences import read_part
from sciner.results.records import Record
from sciner.score.entity import entity_counts
from sciner.score.names import escaped
from sciner.score.stats import Counts, f1_interval
from sciner.text.corpus import Example
from sciner.text.spans import Span

FEW = 20  # gold spans of a class in the test set, below which its score says little
PACKAGES = ("sciner", "torch", "transformers", "python-crfsuite")  # named in the card


ONNX = """\
```python
import json

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file("FOLDER/tokenizer.json")
tags = json.load(open("FOLDER/config.json", encoding="utf-8"))["id2label"]
session = onnxruntime.InferenceSession("FOLDER/model.onnx")

words = "We fine-tune BERT on SciERC .".split()
pieces = tokenizer.encode(words, is_pretokenized=True)
read = {"input_ids": [pieces.ids], "attention_mask": [pieces.attention_mask]}
(logits,) = session.run(["logits"], {name: np.array(rows) for name, rows in read.items()})
for i, word in enumerate(words):
    print(word, tags[str(logits[0, pieces.word_ids.index(i)].argmax())])
```"""


def write_model_card(file: Path, record: Record, difference: float | None = None) -> None:
    """Add to the card of a saved tagger its scores, its data, what they cost, and its limits.

    Args:
        file: the card.
        record: of the run.
        difference: of a probability in ONNX Runtime and in torch, at most; None: the tagger was not
            written as ONNX.
    """
    from huggingface_hub import EvalResult, ModelCard

    card = ModelCard.load(file)
    scores = record.rounds[-1]["scores"]
    card.data.model_name = file.parent.name
    card.data.eval_results = [
        EvalResult(
            task_type="token-classification",
            dataset_type=record.corpus,
            dataset_name=record.corpus,
            metric_type=name,
            metric_name=f"entity {name}, micro",
            metric_value=scores[f"test/{name}/micro"],
        )
        for name in ("f1", "precision", "recall")
        if f"test/{name}/micro" in scores
    ]
    sections = [
        *([] if difference is None else [("With ONNX Runtime", with_onnx(difference))]),
        ("Scores", score_table(record)),
        ("Training data", data_table(record)),
        ("How it was trained", settings(record)),
        ("Limits", "\n".join(f"- {line}" for line in limits(record))),
    ]
    card.text += "".join(f"\n## {title}\n\n{text}\n" for title, text in sections)
    card.save(file)


def with_onnx(difference: float) -> str:
    """What ``model.onnx`` is, and how to use it without torch."""
    return f"""\
`model.onnx` is the same encoder for ONNX Runtime. Inputs: `input_ids` and `attention_mask`
[batch, pieces]. Output: `logits` [batch, pieces, tags]; a word has the tag of its first piece. On
test sentences of the run, its probabilities differ from those of torch by at most {difference:.0e}.

{ONNX}"""


def score_table(record: Record) -> str:
    """Strict entity scores by class, with intervals over test documents."""
    scores = record.rounds[-1]["scores"]
    examples = read_part(record.folder, record.rounds[-1]["round"], "test")
    rows = []
    for shown, name, labels in [
        ("all classes", "micro", record.labels),
        *((label, escaped(label), [label]) for label in record.labels),
    ]:
        f1, precision, recall = (
            NONE if (value := scores.get(f"test/{figure}/{name}")) is None else f"{value:.3f}"
            for figure in ("f1", "precision", "recall")
        )
        counts = counts_of(examples, labels)
        ends = f1_interval(counts)
        between = f"{ends[0]:.3f} to {ends[1]:.3f}" if len(counts) > 1 else NONE
        rows.append((shown, f1, between, precision, recall, f"{counts[:, 2].sum():,}"))
    headings = ("class", "F1", "95% interval", "precision", "recall", "gold spans")
    notes = (
        "An entity is right if its class and both boundaries are.",
        "Intervals: bootstrap over test documents.",
    )
    return markdown(Table(headings, tuple(rows), 1, notes))


def counts_of(examples: Sequence[Example], labels: Collection[str]) -> Counts:
    """[documents, 3]: correct, predicted and gold spans of ``labels``."""

    def only(spans: Iterable[Span]) -> tuple[Span, ...]:
        return tuple(span for span in spans if span.label in labels)

    gold = [replace(e.sentence, spans=only(e.sentence.spans or ())) for e in examples]
    return entity_counts(gold, [only(e.spans) for e in examples])


def data_table(record: Record) -> str:
    """The parts of the corpus, and what their gold has cost."""
    units, scores = ("sentences", "tokens", "entities"), record.rounds[-1]["scores"]
    rows = [
        (part["context"], *(f"{part[unit]:,}" for unit in units))
        for part in record.about.get("datasets", ())
    ]
    parts = markdown(Table((record.corpus, *units), tuple(rows), 1))
    spent = ", ".join(f"{scores[f'budget/{unit}']:,.0f} {unit}" for unit in (*units, "minutes"))
    silver = scores.get("silver/accepted_sentences", 0.0)
    return (
        f"{parts}\nThe gold of seed set, dev and all rounds has cost {spent} (annotator: "
        f"{record.config['annotator']['kind']}). The tagger was trained on "
        f"{scores['train/sentences']:,.0f} sentences; of {silver:,.0f} the labels are a tagger's."
    )


def settings(record: Record) -> str:
    """The command, the model's settings, and the versions."""
    import yaml

    words: dict[str, Any] = {"command": record.about["name"], "model": record.config["model"]}
    kept = (f"version.{name}" for name in PACKAGES)
    tags = record.about["tags"]
    words |= {name: tags[name] for name in (*kept, "git.commit") if name in tags}
    return f"```yaml\n{yaml.safe_dump(words, sort_keys=False, allow_unicode=True)}```"


def limits(record: Record) -> list[str]:
    """What the scores do not promise."""
    last = record.rounds[-1]
    found = [f"The scores are of the test set of {record.corpus}: other text may be harder."]
    support = {c: last["scores"].get(f"test/support/{escaped(c)}", 0.0) for c in record.labels}
    if rare := [label for label, spans in support.items() if spans < FEW]:
        found.append(
            f"Fewer than {FEW} test spans, so that the score says little: "
            f"{', '.join(map(code_span, rare))}."
        )
    if last["scores"].get("silver/accepted_sentences"):
        found.append("Some of its training labels are a tagger's, with the errors of that tagger.")
    return [
        *found,
        *(f"The last round warned: {as_markdown(warning)}." for warning in last["warnings"]),
    ]
