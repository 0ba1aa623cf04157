"""`sciner export`: a finished run's tagger and annotated corpus, each with a card, for others."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.report.render import NONE, Table, markdown
from sciner.report.sentences import read_part
from sciner.results.records import Record, records
from sciner.run.saved import CARD
from sciner.score.entity import entity_counts
from sciner.score.names import escaped
from sciner.score.stats import Counts, f1_interval
from sciner.text.catalog.known import CATALOG
from sciner.text.corpus import Example
from sciner.text.formats.jsonl import read_examples_jsonl
from sciner.text.spans import Span

MODEL, CORPUS = "model", "corpus"
FEW = 20  # gold spans of a class in the test set, below which its score says little
PACKAGES = ("sciner", "torch", "transformers", "python-crfsuite")  # named in the card


def export(run: Path, out: Path) -> None:
    """Write ``model/`` and ``corpus/`` into the new folder ``out``, which is complete or absent.

    Raises:
        InputError: the run has not ended or has not saved its tagger, or ``out`` exists.
    """
    if not run.is_dir():
        raise InputError("there is no such folder", file=run, hint="name the folder of a run")
    record, *others = records([run])
    if others:
        raise InputError(
            f"the folder has {1 + len(others)} runs",
            file=run,
            hint="name the folder of one of them",
        )
    saved = record.folder / MODEL
    if not saved.is_dir():
        raise InputError(
            "the run has not saved its tagger",
            file=run,
            hint="type its command again with save_model=true: the store knows its steps",
        )
    if out.exists():
        raise InputError("it exists already", file=out, hint="name another folder")
    number = int(record.rounds[-1]["round"])
    corpus = record.folder / f"round_{number}" / "annotated.jsonl"
    unfinished = out.with_name(f".{out.name}.tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        shutil.copytree(saved, unfinished / MODEL)
        (unfinished / CORPUS).mkdir()
        shutil.copyfile(corpus, unfinished / CORPUS / "train.jsonl")
        write_model_card(unfinished / MODEL / CARD, record)
        write_data_card(unfinished / CORPUS / CARD, record, read_examples_jsonl(corpus))
        unfinished.replace(out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def write_model_card(file: Path, record: Record) -> None:
    """Add to the card of a saved tagger its scores, its data, what they cost, and its limits."""
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
        ("Scores", score_table(record)),
        ("Training data", data_table(record)),
        ("How it was trained", settings(record)),
        ("Limits", "\n".join(f"- {line}" for line in limits(record))),
    ]
    card.text += "".join(f"\n## {title}\n\n{text}\n" for title, text in sections)
    card.save(file)


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
            f"Fewer than {FEW} test spans, so that the score says little: {', '.join(rare)}."
        )
    if last["scores"].get("silver/accepted_sentences"):
        found.append("Some of its training labels are a tagger's, with the errors of that tagger.")
    return [*found, *(f"The last round warned: {warning}." for warning in last["warnings"])]


def write_data_card(file: Path, record: Record, examples: Sequence[Example]) -> None:
    """The card of the annotated corpus: where each label comes from."""
    from huggingface_hub import DatasetCard, DatasetCardData

    licence = f" ({CATALOG[record.corpus].licence})" if record.corpus in CATALOG else ""
    data = DatasetCardData(
        pretty_name=f"{record.corpus}, annotated with sciner",
        task_categories=["token-classification"],
        tags=["named-entity-recognition", "sciner"],
        configs=[{"config_name": "default", "data_files": "train.jsonl"}],
    )
    sources = Counter(e.source for e in examples)
    spans = Counter((e.source, s.label) for e in examples for s in e.accepted())
    rows = tuple(
        (label, f"{spans['gold', label]:,}", f"{spans['silver', label]:,}")
        for label in sorted({label for _, label in spans})
    )
    kind = record.config["annotator"]["kind"]
    text = f"""---
{data.to_yaml()}
---

# {data.pretty_name}

The training data of the last round of a run of sciner: {sources["gold"]:,} sentences of gold
(labels from an annotator: {kind}) and {sources["silver"]:,} of silver (labels of a tagger).

{markdown(Table(("spans", "gold", "silver"), rows, 1))}
One sentence a line:

| key | meaning |
| --- | --- |
| `id`, `tokens` | the sentence; an id is `document#index` |
| `spans` | entities: `start` and `end` (exclusive) in tokens, `label`, `confidence` (1 for gold) |
| `source`, `round` | `gold` or `silver`; the round in which silver was labelled |
| `masked`, `rejected` | tokens and spans of silver that were not accepted for training |

The text belongs to its authors{licence}: check that you may share it.

## Where it comes from

{settings(record)}
"""
    DatasetCard(text).save(file)
