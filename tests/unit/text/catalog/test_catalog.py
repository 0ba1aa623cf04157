"""Named corpora: what the catalogue knows of them, and that they are read without loss."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from sciner.config.data import DataConfig
from sciner.errors import InputError
from sciner.launch.overrides import check, parse_flags
from sciner.run.corpus import read_splits
from sciner.text.catalog.corpora.cmu_sciner import name_papers
from sciner.text.catalog.fetch import fetch
from sciner.text.catalog.known import CATALOG, find
from sciner.text.catalog.read import read_named
from sciner.text.corpus import Corpus, Sentence
from sciner.text.formats.brat import BOUND
from sciner.text.formats.running import UNMET

MIRROR = os.environ.get("SCINER_MIRROR")
real = pytest.mark.skipif(
    not MIRROR, reason="SCINER_MIRROR names no mirror of the published corpora"
)
FIGURES = {  # sentences, tokens, spans
    "scierc": {"train": (1861, 45412, 5572), "dev": (275, 6521, 808), "test": (551, 13401, 1683)},
    "cmu_sciner": {
        "train": (4389, 111911, 3378),
        "test": (1233, 30808, 870),
        "unlabelled": (922, 72511, 0),
    },
    "bc5cdr": {
        "train": (4560, 118170, 9385),
        "dev": (4581, 117453, 9593),
        "test": (4797, 124750, 9809),
    },
    "matsci": {"train": (1876, 53394, 18570), "dev": (110, 3553, 1179), "test": (160, 4036, 1240)},
}
LABELS = {"scierc": 6, "cmu_sciner": 7, "bc5cdr": 2, "matsci": 21}


def test_every_file_has_a_checksum_and_a_place_at_a_fixed_commit() -> None:
    assert {name: len(e.files) for name, e in CATALOG.items()} == {
        "scierc": 3,
        "cmu_sciner": 35,
        "bc5cdr": 3,
        "matsci": 464,
    }
    for entry in CATALOG.values():
        for path, digest in entry.files.items():
            assert re.fullmatch("[0-9a-f]{64}", digest)
            assert re.fullmatch(
                r"https://raw\.githubusercontent\.com/[\w-]+/[\w-]+/[0-9a-f]{40}/[\w./-]+",
                entry.url(path),
            )
    assert find("cmu_sciner").url("unlabelled.txt").endswith("/data/anlp-sciner-test.txt")
    assert (
        find("cmu_sciner")
        .url("annotated/P15-1070.conll")
        .endswith("/data/annotated/P15-1070.conll")
    )


def test_a_misspelt_or_missing_corpus_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"there is no corpus 'scirec' in the catalogue; did you mean 'scierc'\?"
    ):
        find("scirec")
    with pytest.raises(InputError, match=r"scierc/dev.txt: no such file; sciner data fetch scierc"):
        read_named("scierc", cache=tmp_path)


def test_papers_name_the_sentences_of_a_split() -> None:
    split = [Sentence(f"train/train#{i}", (word,), ()) for i, word in enumerate("abcab")]
    papers = {"x": [Sentence("/x#0", ("c",), ())], "y": split[:2], "z": split[:2]}
    assert [s.id for s in name_papers(split, papers, "train", Path("f"))] == [
        "train/y#0",
        "train/y#1",
        "train/x#0",
        "train/z#0",
        "train/z#1",
    ]
    with pytest.raises(
        InputError, match="f: no paper has sentence 2 and those behind it; fetch the corpus again"
    ):
        name_papers(split, {"y": papers["y"]}, "train", Path("f"))


def configured(*words: str) -> DataConfig:
    """``data`` as a run with those words has it."""
    return check(parse_flags(words))[0][0].data


def test_a_run_asks_for_a_name_and_for_unlabelled_text_only_where_there_is_some() -> None:
    assert configured("data=cmu_sciner", "data.pool=unlabelled").name == "cmu_sciner"
    for words, fault in (
        (("data=scierc", "data.name=null"), "give data.name=NAME"),
        (("data=scierc", "data.name=scirec"), "did you mean 'scierc'"),
        (("data=scierc", "data.pool=both"), "give data.unlabelled=PATH"),
    ):
        with pytest.raises(InputError, match=fault):
            configured(*words)


# The corpora themselves


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def read(name: str, cache: Path) -> Corpus:
    fetch(find(name), cache=cache, mirror=MIRROR)
    return read_named(name, cache=cache)


@real
@pytest.mark.parametrize(
    "name",
    [
        "scierc",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("cmu_sciner", "bc5cdr", "matsci")),
    ],
)
def test_a_named_corpus_has_its_published_splits_and_figures(cache: Path, name: str) -> None:
    corpus = read(name, cache)
    found = {
        split: (
            len(sentences),
            sum(len(s.tokens) for s in sentences),
            sum(len(s.spans or ()) for s in sentences),
        )
        for split in ("train", "dev", "test", "unlabelled")
        if (sentences := getattr(corpus, split))
    }
    assert found == FIGURES[name]
    assert tuple(found) == find(name).splits
    assert len(corpus.labels) == LABELS[name]
    assert name == "matsci" or not corpus.notes


@real
@pytest.mark.slow
def test_cmu_sciner_knows_its_papers_and_gives_its_unlabelled_text_only_to_those_who_ask(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCINER_DATA", str(cache))
    for pool, paragraphs in (("withheld", 0), ("both", 922)):
        corpus = read_splits(configured("data=cmu_sciner", f"data.pool={pool}"))
        assert [len({s.document for s in split}) for split in (corpus.train, corpus.test)] == [
            24,
            8,
        ]
        assert len(corpus.unlabelled) == paragraphs
        assert all(s.spans is None for s in corpus.unlabelled)


@real
@pytest.mark.slow
def test_matsci_keeps_every_gold_span_or_counts_it(cache: Path) -> None:
    corpus = read("matsci", cache)
    assert corpus.notes == {"DOI lines left out": 230, UNMET: 356}
    kept: Counter[tuple[str, str, str]] = Counter()
    dropped: Counter[tuple[str, str]] = Counter()
    for sentence in (*corpus.train, *corpus.dev, *corpus.test):
        paper = sentence.document.rpartition("/")[2]
        for start, end, label in sentence.spans or ():
            assert 0 <= start < end <= len(sentence.tokens)
            kept[paper, label, "".join(sentence.tokens[start:end])] += 1
        dropped.update((paper, label) for label in sentence.dropped)
    gold: Counter[tuple[str, str, str]] = Counter()
    for file in (cache / "matsci" / "data").glob("*.ann"):
        for line in file.read_text(encoding="utf-8").splitlines():
            if match := BOUND.fullmatch(line):
                gold[file.stem, match[2], "".join(match[4].split())] += 1
    assert kept <= gold
    assert Counter((paper, label) for paper, label, _ in (gold - kept).elements()) == dropped
    assert gold.total() == 21345
