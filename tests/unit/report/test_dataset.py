"""The exported corpus as others read it: what the run was trained on, and where its labels come
from."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import DatasetCard

from sciner.errors import InputError
from sciner.launch.main import main
from sciner.policy.people import Answer
from sciner.report.dataset import COLUMNS, licence, origins, write_dataset
from sciner.results.people import PeopleFolder
from sciner.results.records import Record, records
from sciner.text.corpus import Example, Sentence, tags_of, tagset
from sciner.text.formats.exchange.base import EXCHANGES
from sciner.text.formats.jsonl import read_examples_jsonl
from sciner.text.formats.read import read_files

WORDS = (
    "model=gazetteer data.limit=200 tracking=none iteration=active_learning iteration.rounds=1 "
    "acquire=random acquire.batch=7 threshold=fixed threshold.min_confidence=0.6 "
    "data.seed_size=40% annotator=noisy"
)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    folder = tmp_path_factory.mktemp("run")
    assert main([*WORDS.split(), f"hydra.run.dir={folder}", "store=none"]) == 0
    return records([folder])[0]


@pytest.fixture(scope="module")
def corpus(record: Record, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "corpus"
    write_dataset(folder, record)
    return folder


def rows(file: Path) -> list[dict[str, Any]]:
    from pyarrow import parquet

    return parquet.read_table(file).to_pylist()


def test_train_is_what_the_last_round_was_trained_on(record: Record, corpus: Path) -> None:
    """The labels that the loss saw, with their confidences; all else is masked or has none."""
    examples = read_examples_jsonl(record.folder / "round_1/annotated.jsonl")
    names = tagset(record.labels)
    found = rows(corpus / "train.parquet")
    assert [row["id"] for row in found] == [e.sentence.id for e in examples]
    assert {e.source for e in examples} == {"gold", "silver"} and any(e.masked for e in examples)
    for example, row in zip(examples, found, strict=True):
        known = replace(example, spans=example.accepted())
        assert tuple(row["tokens"]) == example.sentence.tokens
        assert [names[n] for n in row["ner_tags"]] == tags_of(known)
        assert {i for i, masked in enumerate(row["masked"]) if masked} >= example.masked
        for i, tag in enumerate(tags_of(known)):
            sure = row["confidence"][i]
            if row["masked"][i]:
                assert tag == "O" and sure is None
            elif example.source == "gold":
                assert sure == 1
            else:
                assert (sure is None) == (tag == "O")
        for span, sure in zip(example.spans, example.confidences, strict=True):
            expected = None if row["masked"][span.start] else pytest.approx(sure)
            assert all(told == expected for told in row["confidence"][span.start : span.end])


def test_every_sentence_says_who_labelled_it_and_when(record: Record, corpus: Path) -> None:
    found = rows(corpus / "train.parquet")
    bought = {row["id"] for row in found if row["source"] == "gold" and row["round"] == 1}
    assert bought == set(record.rounds[1]["acquired"]) and len(bought) == 7
    told = Counter((row["source"], row["round"], row["annotator"]) for row in found)
    assert told.keys() == {("gold", 0, "noisy"), ("gold", 1, "noisy"), ("silver", 1, "tagger")}
    assert {row["annotator"] for row in rows(corpus / "test.parquet")} == {"corpus"}


def test_people_are_named(record: Record, tmp_path: Path) -> None:
    """By the names of their files; one person alone has none."""
    answer = Answer(("a",), ())
    given = {"d#1": {"anna": answer, "ben": answer}, "d#2": {"": answer}}
    PeopleFolder(tmp_path).write_answers(given)
    rounds = [{"round": 0, "acquired": []}, {"round": 3, "acquired": ["d#1", "d#2"]}]
    config = record.config | {"annotator": {"kind": "people"}}
    origin = origins(replace(record, folder=tmp_path, rounds=rounds, config=config))
    told = [origin(Example(Sentence(f"d#{n}", ("a",)), ())) for n in range(3)]
    assert told == [(0, "corpus"), (3, "anna, ben"), (3, "people")]


def test_test_is_the_runs_and_no_withheld_gold_is_told(record: Record, corpus: Path) -> None:
    test = read_files(str(record.folder / "test_gold.jsonl"), split="test", notes=Counter())
    found = rows(corpus / "test.parquet")
    names = tagset(record.labels)
    assert [[names[n] for n in row["ner_tags"]] for row in found] == [
        tags_of(Example(s, s.spans or ())) for s in test
    ]
    told = {row["id"] for row in rows(corpus / "train.parquet") if row["source"] == "gold"}
    hidden = read_files(str(record.folder / "pool_gold.jsonl"), split="x", notes=Counter())
    assert told & {s.id for s in hidden} <= set(record.rounds[1]["acquired"])
    assert sorted(path.name for path in corpus.iterdir()) == [
        "README.md",
        "test.parquet",
        "train.parquet",
    ]


@pytest.mark.slow
@pytest.mark.skipif(find_spec("datasets") is None, reason="pip install 'sciner[hub]'")
def test_datasets_loads_the_folder_without_a_network(
    record: Record, corpus: Path, tmp_path: Path
) -> None:
    """In a process of its own, with the features that the card names."""
    script = f"""
import datasets
file = {str(corpus / "train.parquet")!r}
found = datasets.load_dataset({str(corpus)!r}, cache_dir={str(tmp_path)!r})
assert list(found) == ["train", "test"], found
assert datasets.get_dataset_config_names({str(corpus)!r}) == ["default"]
for split in found.values():
    assert list(split.features) == {list(COLUMNS)}
    assert split.features["ner_tags"].feature.names == {list(tagset(record.labels))}
    assert split.features["confidence"].feature.dtype == "float32"
    assert split.features["masked"].feature.dtype == "bool"
alone = datasets.Dataset.from_parquet(file, cache_dir={str(tmp_path)!r})
assert alone.features == found["train"].features
print(found["train"][0]["tokens"])
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(rows(corpus / "train.parquet")[0]["tokens"])


@pytest.mark.slow
@pytest.mark.skipif(find_spec("datasets") is None, reason="pip install 'sciner[hub]'")
def test_sciner_data_convert_keeps_what_is_masked(record: Record, corpus: Path) -> None:
    examples = read_examples_jsonl(record.folder / "round_1/annotated.jsonl")
    found = EXCHANGES["datasets"].read(corpus / "train.parquet", notes := Counter())
    assert [(r.id, r.masked, len(r.marks or ())) for r in found] == [
        (e.sentence.id, e.uncertain(), len(e.accepted())) for e in examples
    ]
    assert notes == {"columns left out": 4}

    from pyarrow import parquet

    table = parquet.read_table(corpus / "train.parquet")
    at = table.schema.get_field_index("masked")
    parquet.write_table(table.set_column(at, "masked", table["round"]), corpus.parent / "x.parquet")
    with pytest.raises(InputError, match=r"x\.parquet:1: \"masked\" is not true or false for each"):
        list(EXCHANGES["datasets"].read(corpus.parent / "x.parquet", notes))


@pytest.mark.slow
@pytest.mark.skipif(find_spec("datasets") is None, reason="pip install 'sciner[hub]'")
def test_a_run_reads_what_a_run_has_exported(corpus: Path, tmp_path: Path) -> None:
    words = "model=gazetteer iteration=supervised tracking=none store=none data=hub"
    splits = "data.splits={train:train,dev:null,test:test}"
    place = [f"data.path={corpus}", f"hydra.run.dir={tmp_path}/run"]
    assert main([*words.split(), splits, *place]) == 0


def test_the_card_says_what_is_known_of_the_rights(corpus: Path) -> None:
    card = DatasetCard.load(corpus / "README.md")
    assert card.data.task_categories == ["token-classification"]
    told = Counter(row["source"] for row in rows(corpus / "train.parquet"))
    assert f"{told['gold']:,} sentences of\ngold" in card.text
    assert f"{told['silver']:,} of\nsilver" in card.text
    assert "Apache-2.0" in card.text
    assert "CC BY 4.0" in licence("bc5cdr") and "Cite:" in licence("bc5cdr")
    assert "does not know the licence" in licence("scierc")
    assert "does not know where the text comes from" in licence("files")
    assert "does not know where it comes from" in licence("sample", added=True)
