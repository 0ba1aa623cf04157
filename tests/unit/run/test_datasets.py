from __future__ import annotations

from dataclasses import replace

from sciner.config.data import DataConfig
from sciner.launch.overrides import check, parse_flags
from sciner.run.datasets import datasets_of, source_of
from tests.fakes import small_corpus
from tests.specs.test_loop import parts_of

CORPUS = small_corpus(4, 2)


def config(*words: str) -> DataConfig:
    data: DataConfig = check(parse_flags(words)).points[0].data
    return data


def test_the_parts_have_their_own_sizes_and_digests_and_empty_ones_are_left_out() -> None:
    parts = parts_of(CORPUS, "25%", dev_size="20%")
    found = {one.context: one for one in datasets_of(config(), CORPUS, parts)}
    assert list(found) == ["seed set", "pool", "dev", "test"]
    texts = [parts.seed_set, parts.pool, parts.dev, CORPUS.test]
    for one, sentences in zip(found.values(), texts, strict=True):
        assert (one.sentences, one.tokens, one.entities) == (
            len(sentences),
            sum(len(s.tokens) for s in sentences),
            sum(len(s.spans or ()) for s in sentences),
        )
    assert len({one.digest for one in found.values()}) == 4
    assert all(len(one.digest) == 16 and one.name == CORPUS.name for one in found.values())
    bare = replace(parts, pool=(), dev=())
    assert [one.context for one in datasets_of(config(), CORPUS, bare)] == ["seed set", "test"]


def test_a_digest_tells_of_tokens_and_gold() -> None:
    parts = parts_of(CORPUS, "25%")
    first, *rest = parts.seed_set
    digests = {
        datasets_of(config(), CORPUS, replace(parts, seed_set=seed_set))[0].digest
        for seed_set in (
            parts.seed_set,
            (replace(first, spans=()), *rest),
            (replace(first, tokens=("other", *first.tokens[1:])), *rest),
        )
    }
    assert len(digests) == 3


def test_a_source_is_a_page_a_set_of_the_hub_a_file_or_the_folder_of_several() -> None:
    assert source_of(config("data=scierc"), None)[1]["url"].startswith("http")
    hub = source_of(config("data=hub", "data.path=tner/bc5cdr"), None)
    assert hub[0] == "hugging_face" and hub[1]["path"] == "tner/bc5cdr"
    assert source_of(config(), "/c/train.conll") == ("local", {"uri": "/c/train.conll"})
    assert source_of(config(), ["/c/a/1.conll", "/c/b/2.conll"]) == ("local", {"uri": "/c"})
