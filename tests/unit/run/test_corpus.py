"""From a configuration to a corpus: what is refused, and what is warned of, before anything is
trained."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from sciner.config.data import DataConfig
from sciner.errors import InputError
from sciner.run.corpus import compare_tokens, read_corpus
from sciner.text.corpus import Corpus, Sentence
from tests.pdfs import Shown, pdf

TRAIN = "We O\nuse O\nBERT B-Method\n. O\n\nIt O\nwins O\n. O\n"


def corpus(**words: Any) -> Corpus:
    base: dict[str, Any] = {
        "kind": "files",
        "train": "train.conll",
        "test": "train.conll",
        "seed_size": 1,
        "dev_size": 0,
    }
    base |= {"seed_order": "random", "pool": "withheld", "limit": None, "unlabelled": None}
    return read_corpus(DataConfig(**base | {"leak_guard": "none", "leak_min_tokens": 4} | words))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.conll").write_text(TRAIN)
    return tmp_path


def test_the_pool_is_running_text_unless_it_is_said_to_be_tokenised(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Tokens that differ in kind from those of the training text are warned of."""
    caplog.set_level(logging.WARNING)
    (folder / "pool.txt").write_text("We train it. It wins, of course.\n" * 20)
    words = {"pool": "unlabelled", "unlabelled": "pool.txt"}
    first, second = corpus(**words).unlabelled[:2]
    assert (first.tokens, second.tokens[-3:]) == (("We", "train", "it", "."), ("of", "course", "."))
    assert not caplog.messages
    assert corpus(**words, tokenised=True).unlabelled[0].tokens[:3] == ("We", "train", "it.")
    (told,) = caplog.messages
    assert (
        "data.unlabelled is tokenised differently" in told
        and "43%" in told
        and "data.tokenised=false" in told
    )


def test_training_text_with_other_tokens_than_ours_is_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    theirs, ours = Sentence("a#0", ("-LRB-", "see", "it"), ()), Sentence("b#0", ("(", "see", "it"))
    compare_tokens([theirs], [ours])
    assert "data.tokenised=true: plain text is" in caplog.text


def test_masked_tokens_are_no_gold_to_score_against(folder: Path) -> None:
    (folder / "masked.jsonl").write_text(
        '{"tokens": ["a", "b"], "spans": [[0, 1, "Method"]], "masked": [1]}\n'
    )
    file = "masked.jsonl"
    for words in ({"test": file}, {"dev": file}, {"train": file, "dev_size": 1}):
        with pytest.raises(InputError, match=r"masked#0 in data\.\w+ has masked tokens; give"):
            corpus(**words)
    assert corpus(train=file).train[0].masked == {1}


def test_the_pool_is_a_folder_with_its_subfolders(
    folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text and PDF; what is left out is counted, and test sentences are found in it."""
    pytest.importorskip("pypdfium2", reason="needs pypdfium2")
    monkeypatch.setenv("SCINER_DATA", str(folder / "cache"))
    (folder / "raw/sub").mkdir(parents=True)
    (folder / "raw/a.txt").write_text("We use BERT. We train it.\n")
    (folder / "raw/sub/a.pdf").write_bytes(pdf([Shown("WE USE BERT.", 700)], []))
    (folder / "raw/b.png").touch()
    words = {"pool": "unlabelled", "unlabelled": "raw", "leak_guard": "drop"}
    with caplog.at_level("INFO"):
        found = corpus(**words)
    assert [(s.id, s.tokens[-2]) for s in found.unlabelled] == [("unlabelled/a#1", "it")]
    assert found.notes.items() >= {
        (".png files left out", 1),
        ("pages of PDF files without text", 1),
        ("unlabelled sentences dropped, because they are also in dev or test", 2),
    }
    assert caplog.messages == ["data.unlabelled: 1 .pdf, 1 .txt"]
