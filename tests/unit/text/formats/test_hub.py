"""Sets of the hub, as Parquet on this machine: nothing here is fetched."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from sciner.errors import InputError
from sciner.launch.overrides import check, parse_flags
from sciner.run.corpus import read_corpus
from sciner.text.corpus import Corpus
from sciner.text.formats.hub import Columns, read_hub
from sciner.text.formats.tags import OPENED_BY_I
from sciner.text.spans import Span

if find_spec("datasets") is None:
    pytest.skip("the extra hub is not installed", allow_module_level=True)
TAGS = ["O", "B-Task", "I-Task", "B-Method", "I-Method"]
TOKENS = [["We", "parse"], ["With", "a", "beam"], ["It", "works"]]
NUMBERS = [[0, 1], [0, 3, 4], [0, 0]]
GOLD = [(Span(1, 2, "Task"),), (Span(1, 3, "Method"),), ()]
SPLITS = {"train": "train", "dev": "validation", "test": "test"}

Write = Callable[..., Path]


@pytest.fixture(scope="session")
def datasets() -> Any:
    """The package, whose import takes a second."""
    import datasets

    return datasets


@pytest.fixture(autouse=True)
def cache(datasets: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.fixture
def write(datasets: Any, tmp_path: Path) -> Write:
    """Writes a split of the set ``acme``, with ``ner_tags`` as classes if ``names`` are given;
    returns the set's folder."""

    def write_split(
        split: str = "train", names: list[str] | None = TAGS, **columns: list[Any]
    ) -> Path:
        columns = columns or {"tokens": TOKENS, "ner_tags": NUMBERS}
        made = datasets.Dataset.from_dict(columns)
        if names and "ner_tags" in columns:
            made = made.cast_column("ner_tags", datasets.List(datasets.ClassLabel(names=names)))
        folder = tmp_path / "acme"
        folder.mkdir(exist_ok=True)
        made.to_parquet(folder / f"{split}.parquet")
        return folder

    return write_split


def read(path: Path | str, notes: Counter[str] | None = None, **options: Any) -> Any:
    columns = Columns(**{"tokens": "tokens", "tags": "ner_tags", **options.pop("columns", {})})
    notes = Counter() if notes is None else notes
    return read_hub(
        str(path), columns=columns, notes=notes, **{"splits": {"train": "train"}, **options}
    )


def run(*words: str) -> Corpus:
    """The corpus that a run with those words has."""
    return read_corpus(check(parse_flags(["data=hub", *words]))[0][0].data)


def test_numbers_get_their_names_from_the_set_and_ids_its_name(write: Write) -> None:
    for split in SPLITS.values():
        folder = write(split)
    found = read(folder, splits=SPLITS)
    assert [*found] == ["train", "dev", "test"]
    assert [s.id for s in found["dev"]] == ["dev/acme#0", "dev/acme#1", "dev/acme#2"]
    assert [s.tokens for s in found["train"]] == [tuple(tokens) for tokens in TOKENS]
    assert [s.spans for s in found["test"]] == GOLD


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        ([["O", "B-Task"], ["O", "B-Method", "I-Method"], ["O", "O"]], None),
        ([["O", "S-Task"], ["O", "B-Method", "E-Method"], ["O", "O"]], None),
        ([["O", "I-Task"], ["O", "I-Method", "I-Method"], ["O", "O"]], None),
        ([["O", "I-Task"], ["O", "I-Method", "I-Method"], ["O", "O"]], "IOB2"),
    ],
)
def test_words_are_tags_too_in_any_scheme(write: Write, tags: list[list[str]], scheme: Any) -> None:
    notes: Counter[str] = Counter()
    found = read(write(tokens=TOKENS, ner_tags=tags, names=None), notes, scheme=scheme)
    assert [s.spans for s in found["train"]] == GOLD
    opened = sum(row[1].startswith("I-") for row in tags)
    told = "tags repaired" if scheme else OPENED_BY_I
    assert notes == ({told: 2} if opened else {})


def test_columns_may_have_any_name_and_tell_documents_apart(write: Write) -> None:
    folder = write(
        words=TOKENS,
        labels=[["O"] * len(tokens) for tokens in TOKENS],
        paper=["a", "b", "a"],
        more=[1, 2, 3],
    )
    found = read(folder, columns={"tokens": "words", "tags": "labels", "document": "paper"})
    assert [s.id for s in found["train"]] == ["train/a#0", "train/b#0", "train/a#1"]


def test_a_file_is_one_split_of_which_slices_can_be_taken(write: Write) -> None:
    file = write() / "train.parquet"
    found = read(file, splits={"train": "train[:2]", "dev": None, "test": "train[2:]"})
    assert [len(sentences) for sentences in found.values()] == [2, 0, 1]
    assert found["test"][0].id == "test/train#0"


def test_a_file_that_changed_is_read_anew(write: Write) -> None:
    assert read(write())["train"][0].tokens == ("We", "parse")
    assert read(write(tokens=[["Us", "parse"], *TOKENS[1:]], ner_tags=NUMBERS))["train"][
        0
    ].tokens == ("Us", "parse")


def test_rows_without_tokens_are_counted_and_left_out(write: Write) -> None:
    notes: Counter[str] = Counter()
    folder = write(tokens=[["We"], [], ["It"]], ner_tags=[[0], [], [0]])
    found = read(folder, notes)
    assert [s.id for s in found["train"]] == ["train/acme#0", "train/acme#1"]
    assert notes == {"rows without tokens left out": 1}
    with pytest.raises(
        InputError,
        match=r"acme \(train\[1:2\]\): no sentence in it; set data.splits.train to another split",
    ):
        read(folder, splits={"train": "train[1:2]"})


def test_a_run_reads_a_set_by_its_words(write: Write) -> None:
    folder = write("train", tokens=TOKENS, labels=[["O", "B-A"], ["O"] * 3, ["O"] * 2])
    write("test", tokens=TOKENS, labels=[["O", "B-B"], ["O"] * 3, ["O"] * 2])
    corpus = run(f"data.path={folder}", "data.columns.tags=labels", "data.leak_guard=none")
    assert (corpus.name, corpus.labels, corpus.dev) == (str(folder), ("A", "B"), ())
    assert [len(corpus.train), len(corpus.test)] == [3, 3]


def test_a_run_takes_columns_and_parts_of_splits_at_once(write: Write) -> None:
    file = write(tokens=TOKENS, labels=[["O", "B-A"], ["O"] * 3, ["O"] * 2]) / "train.parquet"
    words = (
        "data.columns={tags: labels}",
        "data.splits={train: 'train[:2]', dev: null, test: 'train[2:]'}",
    )
    corpus = run(f"data.path={file}", *words)
    assert [len(corpus.train), len(corpus.dev), len(corpus.test)] == [2, 0, 1]


def test_a_set_without_entities_trains_nothing(write: Write) -> None:
    nothing = {"tokens": [["We"]], "ner_tags": [[0]]}
    folder = write("train", **nothing)
    write("test", **nothing)
    with pytest.raises(
        InputError,
        match=r"no entity in data.path=.*acme; check data.format or data.columns, and data.scheme",
    ):
        run(f"data.path={folder}")


FAULTY: dict[str, tuple[dict[str, Any], str]] = {
    "no such column": (
        {"words": [["We"]], "ner_tags": [[0]]},
        ": no column 'tokens'; set data.columns.tokens to one of words, ner_tags",
    ),
    "running text": (
        {"tokens": ["We"], "ner_tags": [[0]]},
        r": column 'tokens' is Value\('string'\); a row should be a list of",
    ),
    "numbers without names": (
        {"tokens": [["We"]], "ner_tags": [[0]], "names": None},
        r": column 'ner_tags' is List\(Value\('int64'\)\)",
    ),
    "hidden gold": (
        {"tokens": [["We"], ["It"]], "ner_tags": [[0], [-1]]},
        ":2: -1 in column 'ner_tags' has no name; choose a split that",
    ),
    "a hole": (
        {"tokens": [["We"], ["It", None]], "ner_tags": [[0], [0, 0]]},
        ":2: no value in column 'tokens'; ",
    ),
    "no list": (
        {"tokens": [["We"], None], "ner_tags": [[0], [0]]},
        ":2: no value in column 'tokens'; ",
    ),
    "white space": (
        {"tokens": [["New York"]], "ner_tags": [[0]]},
        ":1: token 'New York' is empty or has white space in it; split or",
    ),
    "another length": (
        {"tokens": [["We"]], "ner_tags": [[0, 0]]},
        ":1: 2 tags for 1 tokens; check data.columns",
    ),
    "endless": (
        {"tokens": [["We"] * 2001], "ner_tags": [[0] * 2001]},
        ":1: a sentence of 2,001 tokens; each row should be one sentence",
    ),
    "no scheme": (
        {"tokens": [["We"]], "ner_tags": [[1]], "names": ["O", "Task"]},
        ":1: tag 'Task' belongs to no known scheme; tags",
    ),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_what_a_split_must_not_hold_is_one_line_with_its_row(write: Write, fault: str) -> None:
    columns, told = FAULTY[fault]
    folder = write(**columns)
    with pytest.raises(InputError, match=rf"^{folder} \(train\){told}") as error:
        read(folder)
    assert "\n" not in str(error.value)


def test_an_unknown_label_or_a_faulty_document_is_one_line(write: Write) -> None:
    folder = write(tokens=TOKENS, ner_tags=NUMBERS, paper=["a", "b", None])
    with pytest.raises(InputError, match=r"acme \(train\):2: unknown label 'Method'; known: Task"):
        read(folder, labels=["Task"])
    with pytest.raises(
        InputError,
        match=r"acme \(train\):3: document None is not a valid name; use one line of text",
    ):
        read(folder, columns={"document": "paper"})


def test_a_split_that_is_not_there_is_one_line_that_names_those_that_are(write: Write) -> None:
    folder = write("train")
    for split, told in (
        (
            "test",
            r"acme: no split 'test'; set data.splits.test to one of train, or to a part of it: "
            r"train\[80%:\]$",
        ),
        ("train+eval[:5]", "no split 'eval'"),
        ("train[:x]", r"acme: Unrecognized instruction format: train\[:x\]; check data.path"),
    ):
        with pytest.raises(InputError, match=told):
            read(folder, splits={"test": split})


def test_what_cannot_be_loaded_is_one_line_and_scripts_are_not_run(
    write: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = write()
    for name in ("empty", "script", "broken"):
        (tmp_path / name).mkdir()
    (tmp_path / "script" / "script.py").write_text("raise SystemExit('executed')")
    (tmp_path / "broken" / "train.parquet").write_bytes(b"PAR1")
    for path, options, told in (
        ("org/nowhere", {}, "Couldn't reach 'org/nowhere' on the Hub"),
        (tmp_path / "nowhere", {}, "Couldn't find any data file"),
        (
            tmp_path / "empty",
            {},
            "doesn't contain any data files; check data.path, .config, .revision and .splits",
        ),
        (
            tmp_path / "script",
            {},
            "scripts are no longer supported.*; try data.revision=refs/convert/parquet",
        ),
        (tmp_path / "script" / "script.py", {}, "not a parquet file"),
        (tmp_path / "broken", {}, "Parquet"),
        (folder, {"config": "ner"}, "BuilderConfig 'ner' not found. Available: "),
    ):
        with pytest.raises(InputError, match=rf"^{path}: .*{told}") as error:
            read(path, **options)
        assert "\n" not in str(error.value)
    assert capfd.readouterr().err == ""


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(
        InputError, match=r"^data=hub needs the package datasets; pip install 'sciner\[hub\]'$"
    ):
        read("org/set")
