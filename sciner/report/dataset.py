"""The annotated corpus as a folder that `datasets.load_dataset` reads: Parquet files and a card."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sciner.report.model_card import settings
from sciner.report.render import Table, markdown
from sciner.results.people import PeopleFolder
from sciner.results.records import Record
from sciner.run.saved import CARD
from sciner.text.catalog.known import CATALOG
from sciner.text.corpus import Example, gold_example, tags_of, tagset
from sciner.text.formats.jsonl import read_examples_jsonl, read_jsonl

Origin = Callable[[Example], tuple[int, str]]  # the round and the annotator
TAGS = "int64"  # what `datasets` has for the numbers of classes
COLUMNS = {  # the type, whether there is a value for each token, and the meaning
    "id": ("string", False, "`document#index`"),
    "tokens": ("string", True, "the words"),
    "ner_tags": (TAGS, True, "IOB2 tags; `O` where `masked`"),
    "confidence": (
        "float32",
        True,
        "of the label of a token: 1 for gold; for silver, the lowest probability of the tokens of "
        "its span, and null outside of accepted spans",
    ),
    "masked": ("bool", True, "tokens whose label is not known or was not accepted for training"),
    "source": ("string", False, "`gold` or `silver`"),
    "round": ("int32", False, "in which the sentence was labelled; 0 for the seed set and test"),
    "annotator": (
        "string",
        False,
        "who labelled it: a person, or a kind of annotator; `corpus`: the labels came with the "
        "text; `tagger` or `llm`: silver",
    ),
}


def write_dataset(folder: Path, record: Record) -> None:
    """Write the last round's training data and the test set, with gold, into a new folder."""
    last = record.folder / f"round_{record.rounds[-1]['round']}"
    test = record.folder / "test_gold.jsonl"
    splits = {"train": read_examples_jsonl(last / "annotated.jsonl")}
    origin = {"train": origins(record), "test": lambda example: (0, "corpus")}
    if test.is_file():  # the gold of some test sets is not known
        gold = read_jsonl(test, split="test", notes=Counter())
        splits["test"] = [gold_example(sentence) for sentence in gold]
    folder.mkdir()
    tags = tagset(record.labels)
    for name, examples in splits.items():
        write_parquet(folder / f"{name}.parquet", examples, tags, origin[name])
    (folder / CARD).write_text(data_card(record, splits), encoding="utf-8")


def write_parquet(
    file: Path,
    examples: Sequence[Example],
    tags: Sequence[str],
    origin: Origin,
) -> None:
    """Write the columns COLUMNS.

    Args:
        file: to be written.
        examples: one for each row.
        tags: the names of the numbers in ner_tags.
        origin: of each example.
    """
    import pyarrow as pa
    from pyarrow import parquet

    number = {tag: i for i, tag in enumerate(tags)}
    rows = [row_of(example, number, *origin(example)) for example in examples]
    types = {
        name: pa.list_(pa.type_for_alias(kind)) if each else pa.type_for_alias(kind)
        for name, (kind, each, _) in COLUMNS.items()
    }
    about = {"info": {"features": features(tags)}}
    schema = pa.schema(types, metadata={"huggingface": json.dumps(about, ensure_ascii=False)})
    parquet.write_table(pa.Table.from_pylist(rows, schema=schema), file)


def row_of(
    example: Example, number: dict[str, int], round: int, annotator: str
) -> dict[str, object]:
    """A row; ``number`` has the tags."""
    masked, length = example.uncertain(), len(example.sentence.tokens)
    gold = example.source == "gold"
    confidence: list[float | None] = [1.0 if gold else None] * length
    for span, sure in zip(example.spans, example.confidences, strict=True):
        confidence[span.start : span.end] = [sure] * (span.end - span.start)
    return {
        "id": example.sentence.id,
        "tokens": example.sentence.tokens,
        "ner_tags": [number["O" if i in masked else tag] for i, tag in enumerate(tags_of(example))],
        "confidence": [None if i in masked else sure for i, sure in enumerate(confidence)],
        "masked": [i in masked for i in range(length)],
        "source": example.source,
        "round": round,
        "annotator": annotator,
    }


def origins(record: Record) -> Origin:
    """The round and the annotator of a run's examples."""
    annotator, teacher = record.config["annotator"], record.config["iteration"]["teacher"]
    kind = annotator["kind"]
    bought = {id: row["round"] for row in record.rounds for id in row["acquired"]}
    given = PeopleFolder(record.folder).answers()
    known = kind == "people" or annotator.get("seed_set") == "people"
    seed_set, silver = "corpus" if known else kind, "tagger, llm" if teacher == "both" else teacher

    def origin(example: Example) -> tuple[int, str]:
        id = example.sentence.id
        if example.source != "gold":
            return example.round, silver
        if id not in bought:
            return 0, seed_set
        return bought[id], ", ".join(filter(None, given.get(id, ()))) or kind

    return origin


def features(tags: Sequence[str]) -> dict[str, Any]:
    """The features as `datasets` writes them into a Parquet file."""

    def feature(name: str, kind: str, each: bool) -> dict[str, Any]:
        value: dict[str, Any] = {"dtype": kind, "_type": "Value"}
        if name == "ner_tags":
            value = {"names": list(tags), "_type": "ClassLabel"}
        # Sequence: versions before 4 do not know List
        return {"feature": value, "_type": "Sequence"} if each else value

    return {name: feature(name, kind, each) for name, (kind, each, _) in COLUMNS.items()}


def listed(tags: Sequence[str]) -> list[dict[str, Any]]:
    """The features as the card names them."""
    names = {"class_label": {"names": {str(i): tag for i, tag in enumerate(tags)}}}
    return [
        {"name": name, "sequence" if each else "dtype": names if name == "ner_tags" else kind}
        for name, (kind, each, _) in COLUMNS.items()
    ]


def data_card(record: Record, splits: dict[str, list[Example]]) -> str:
    """The card of the corpus: where each label comes from, and what is known of its licence."""
    from huggingface_hub import DatasetCardData

    files = [{"split": name, "path": f"{name}.parquet"} for name in splits]
    data = DatasetCardData(
        pretty_name=f"{record.corpus}, annotated with sciner",
        task_categories=["token-classification"],
        tags=["named-entity-recognition", "sciner"],
        configs=[{"config_name": "default", "data_files": files}],
        dataset_info={"features": listed(tagset(record.labels))},
    )
    train = splits["train"]
    sources = Counter(e.source for e in train)
    spans = Counter((e.source, s.label) for e in train for s in e.accepted())
    rows = tuple(
        (label, f"{spans['gold', label]:,}", f"{spans['silver', label]:,}")
        for label in sorted({label for _, label in spans})
    )
    columns = tuple((f"`{name}`", meaning) for name, (_, _, meaning) in COLUMNS.items())
    test = (
        f"`test` is the test set of the run, {len(splits['test']):,} sentences with the gold that "
        "came with them. The tagger was not trained on it."
        if "test" in splits
        else "There is no test set: its gold is not known."
    )
    return f"""---
{data.to_yaml()}
---

# {data.pretty_name}

```python
from datasets import load_dataset

corpus = load_dataset("FOLDER")
```

`train` is the training data of the last round of a run of sciner: {sources["gold"]:,} sentences of
gold (labels from an annotator: {record.config["annotator"]["kind"]}) and {sources["silver"]:,} of
silver (labels of a tagger). {test} The dev set of the run is not included.

{markdown(Table(("spans of train", "gold", "silver"), rows, 1))}
{markdown(Table(("column", "meaning"), columns, 2))}
To train on it, leave the tokens that are `masked` out of the loss (label -100).

## Licence

{licence(record.corpus, bool(record.config["data"].get("unlabelled")))}

## Where it comes from

{settings(record)}
"""


def licence(corpus: str, added: bool = False) -> str:
    """What is known of the rights to a corpus, for whoever wants to share it.

    Args:
        corpus: its name.
        added: whether other text without labels was added to it.
    """
    share = "These files contain the text itself, so to share them is to share the corpus."
    entry = CATALOG.get(corpus)
    if corpus == "sample":
        known = "The text is that of sciner's own corpus `sample`, under Apache-2.0, as sciner is."
    elif entry is None:
        known = (
            "sciner does not know where the text comes from, who owns it, and under which licence. "
            f"{share} Find out whether you may."
        )
    else:
        stated = (
            "sciner does not know the licence; ask the authors"
            if entry.licence == "see source"
            else f"the licence of the corpus: {entry.licence}"
        )
        known = (
            f"The text and the gold are those of {corpus} ({entry.source}); {stated}. {share}\n\n"
            f"Cite: {entry.citation}"
        )
    if added:
        known += (
            "\n\nText without labels was added (`data.unlabelled`). sciner does not know where it "
            "comes from, nor who owns it."
        )
    return known
