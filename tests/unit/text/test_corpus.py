"""A corpus is known by its text and gold."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

from sciner.text.corpus import Corpus, Example, Sentence
from sciner.text.spans import Span
from tests.fakes import small_corpus

BARE = Sentence("d#0", ("Ünder", '"'))


def test_a_digest_is_that_of_the_corpus_as_json() -> None:
    whole = small_corpus(2, 1)
    for corpus in (
        whole,
        replace(whole, dev=(whole.train[0], BARE), train=whole.train[1:]),
        Corpus("none", (), (), ()),
    ):
        splits = {name: getattr(corpus, name) for name in ("train", "dev", "test", "unlabelled")}
        rows = {name: [[s.id, s.tokens, s.spans] for s in split] for name, split in splits.items()}
        text = json.dumps([corpus.labels, rows], sort_keys=True, ensure_ascii=False)
        assert corpus.digest() == sha256(text.encode()).hexdigest()


def test_a_span_is_accepted_unless_a_token_of_it_is_masked() -> None:
    spans = (Span(0, 2, "Task"), Span(2, 3, "Task"))
    example = Example(Sentence("d#0", ("a", "b", "c")), spans, "silver", 1, (0.5, 0.5))
    found = [
        replace(example, masked=frozenset(masked)).accepted() for masked in ((), (1,), (2,), (0, 2))
    ]
    assert found == [spans, spans[1:], spans[:1], ()]
