from __future__ import annotations

from itertools import pairwise
from operator import mul
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken
from tokenizers.implementations import BertWordPieceTokenizer, ByteLevelBPETokenizer
from tokenizers.processors import RobertaProcessing
from transformers import PreTrainedTokenizerFast

from sciner.tagger.encoder.weights import scratch
from sciner.tagger.encoder.windows import (
    MAX_PIECES,
    Window,
    merge,
    pieces_of,
    special_tokens,
    windows,
)
from sciner.text.corpus import Sentence

TINY = {"hidden_size": 2, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 2}
DELETED = ("\u200b", "\ufffd", "\x07", "\u200b\ufeff")  # what a BERT normalizer leaves nothing of
LENGTH = 64  # pieces of a window
MOST = LENGTH - 2 - MAX_PIECES - 1  # the widest overlap it allows


def uncased() -> Any:
    """WordPiece as BERT has it: lower case, no accents, pieces of several letters."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = [
        *special,
        *"abcxyz-(",
        "the",
        "net",
        "work",
        *(f"##{p}" for p in (*"abcxyz", "work", "net", "ing")),
    ]
    wordpiece = BertWordPieceTokenizer({piece: i for i, piece in enumerate(pieces)}, lowercase=True)
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return PreTrainedTokenizerFast(tokenizer_object=wordpiece._tokenizer, **names)


def bytelevel() -> Any:
    """Byte-level BPE as RoBERTa has it: a space before each word, nothing is unknown."""
    bpe = ByteLevelBPETokenizer(add_prefix_space=True)
    special = [AddedToken(t, special=True) for t in ("<s>", "<pad>", "</s>", "<unk>")]
    bpe.train_from_iterator(
        ["the network works", "abc abc xyz"],
        vocab_size=280,
        special_tokens=special,
        show_progress=False,
    )
    bpe._tokenizer.post_processor = RobertaProcessing(
        ("</s>", 2), ("<s>", 0), add_prefix_space=True
    )
    names = {"pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>"}
    return PreTrainedTokenizerFast(tokenizer_object=bpe._tokenizer, **names)


TOKENIZERS = {"characters": scratch(TINY, {})[0], "uncased": uncased(), "bytelevel": bytelevel()}
every_tokenizer = pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS.keys())

words = st.one_of(
    st.sampled_from(("the", "network", "Networking", "LSTM-CRF", "a(b", "é", "日本", *DELETED)),
    st.text("abcXyz-é\u200b", min_size=1, max_size=50),
)
# repeated: many windows
texts = st.lists(st.builds(mul, st.lists(words, max_size=10), st.integers(1, 15)), max_size=3)


def sentences_of(texts: list[list[str]]) -> list[Sentence]:
    return [Sentence(f"d#{i}", tuple(tokens)) for i, tokens in enumerate(texts)]


def alone(tokenizer: Any, word: str) -> list[int]:
    """The oracle: a word's pieces when nothing stands beside it."""
    ids = tokenizer.convert_tokens_to_ids(tokenizer.tokenize(word))
    return ids[:MAX_PIECES] or [tokenizer.unk_token_id]


def of_sentence(found: list[Window], i: int) -> list[Window]:
    return [w for w in found if w.sentence == i]


def end(window: Window) -> int:
    return window.start + len(window.firsts)


@every_tokenizer
@settings(deadline=None, max_examples=40)
@given(texts=texts, overlap=st.integers(0, MOST))
def test_kept_words_partition_the_sentence(
    tokenizer: Any, texts: list[list[str]], overlap: int
) -> None:
    """No word is dropped or answered twice, and a window answers only for words it sees."""
    found = windows(tokenizer, sentences_of(texts), LENGTH, overlap)
    for i, tokens in enumerate(texts):
        mine = of_sentence(found, i)
        assert [word for w in mine for word in range(*w.keep)] == list(range(len(tokens)))
        assert all(w.start <= w.keep[0] <= w.keep[1] <= end(w) for w in mine)


@every_tokenizer
@settings(deadline=None, max_examples=40)
@given(texts=texts, overlap=st.integers(0, MOST))
def test_a_window_holds_the_pieces_of_its_words(
    tokenizer: Any, texts: list[list[str]], overlap: int
) -> None:
    """No window exceeds its length; between the special tokens stand the words' own pieces, each
    word's at its ``first``."""
    before, after = special_tokens(tokenizer)
    for w in windows(tokenizer, sentences_of(texts), LENGTH, overlap):
        assert len(w.ids) <= LENGTH
        pieces = [alone(tokenizer, word) for word in texts[w.sentence][w.start : end(w)]]
        assert w.ids == [*before, *(p for word in pieces for p in word), *after]
        assert [w.ids[at] for at in w.firsts] == [word[0] for word in pieces]
        assert w.firsts == [len(before) + sum(map(len, pieces[:k])) for k in range(len(pieces))]


@every_tokenizer
def test_pieces_are_the_same_however_many_sentences_are_tokenised_at_once(
    tokenizer: Any, monkeypatch: Any
) -> None:
    sentences = sentences_of([["the", "network"], [], ["a(b"], ["é", "LSTM-CRF"], ["abc"]])
    at_once = list(pieces_of(tokenizer, sentences))
    monkeypatch.setattr("sciner.tagger.encoder.windows.BLOCK", 2)
    assert list(pieces_of(tokenizer, sentences)) == at_once and len(at_once) == 5


@every_tokenizer
@settings(deadline=None, max_examples=40)
@given(texts=texts, overlap=st.integers(0, MOST))
def test_neighbours_share_about_the_overlap(
    tokenizer: Any, texts: list[list[str]], overlap: int
) -> None:
    """Words are not torn: the least run of them that reaches the overlap, or all but a window's
    first, so that the next goes on. A sentence that fits is one window, and no window has room for
    a word more."""
    sentences = sentences_of(texts)
    found, pieces = (
        windows(tokenizer, sentences, LENGTH, overlap),
        list(pieces_of(tokenizer, sentences)),
    )
    for i in range(len(sentences)):
        mine = of_sentence(found, i)
        assert (len(mine) == 1) == (sum(map(len, pieces[i])) <= LENGTH - 2)
        for left, right in pairwise(mine):
            assert left.start < right.start and end(left) <= end(right)
            *shared, following = map(len, pieces[i][right.start : end(left) + 1])
            assert sum(shared) >= overlap or right.start == left.start + 1
            assert sum(shared[1:]) < overlap or not shared
            assert sum(shared) < overlap + MAX_PIECES and len(left.ids) + following > LENGTH


@settings(deadline=None, max_examples=40)
@given(st.lists(words, min_size=5, max_size=15))
def test_the_window_that_sees_more_answers(tokens: list[str]) -> None:
    """Of two windows that share a word, the one with more words between it and their edge keeps
    it."""
    found = windows(TOKENIZERS["characters"], sentences_of([tokens * 20]), 128, 16)
    for left, right in pairwise(found):
        for word in range(right.start, end(left)):
            behind, ahead = word - right.start, end(left) - 1 - word
            assert (ahead >= behind) if word < left.keep[1] else (behind >= ahead)


@every_tokenizer
@pytest.mark.parametrize("word", DELETED, ids=ascii)
def test_words_the_tokenizer_deletes_keep_their_place(tokenizer: Any, word: str) -> None:
    """Alone, between words and at the ends."""
    neighbour = alone(tokenizer, "abc")
    for tokens in ([word], [word, "abc"], ["abc", word, "abc"], ["abc", word], [word, word]):
        (pieces,) = pieces_of(tokenizer, sentences_of([tokens]))
        assert len(pieces) == len(tokens) and all(pieces)
        assert all(
            p == neighbour for p, token in zip(pieces, tokens, strict=True) if token == "abc"
        )


def test_deleted_words_become_the_unknown_token() -> None:
    for name in ("characters", "uncased"):
        (pieces,) = pieces_of(TOKENIZERS[name], sentences_of([list(DELETED)]))
        assert pieces == [[TOKENIZERS[name].unk_token_id]] * len(DELETED)


@every_tokenizer
@pytest.mark.parametrize("letter", ["x", "-", "日"])
def test_a_word_of_5000_characters_is_cut(tokenizer: Any, letter: str) -> None:
    """It takes few pieces, its neighbours keep theirs, and the sentence fits one window."""
    text = sentences_of([["the", letter * 5000, "abc"]])
    (pieces,) = pieces_of(tokenizer, text)
    assert 1 <= len(pieces[1]) <= MAX_PIECES
    assert (pieces[0], pieces[2]) == (alone(tokenizer, "the"), alone(tokenizer, "abc"))
    assert [w.keep for w in windows(tokenizer, text, LENGTH, 0)] == [(0, 3)]


def test_a_sentence_of_5000_words_is_windowed() -> None:
    """Every word is in exactly one window's answer, and no window is wasted."""
    found = windows(
        TOKENIZERS["uncased"],
        sentences_of([["the", "network", "abc"] * 1666 + ["é", "\u200b"]]),
        256,
        64,
    )
    assert [word for w in found for word in range(*w.keep)] == list(range(5000))
    assert all(len(w.ids) > 256 - MAX_PIECES for w in found[:-1]) and len(found) < 60


@settings(deadline=None, max_examples=40)
@given(texts, st.integers(0, MOST), st.randoms(use_true_random=False))
def test_merge_restores_the_words_in_order(
    texts: list[list[str]], overlap: int, random: Any
) -> None:
    """One row a word, from a window that answers for it, however the sentences' windows are
    interleaved."""
    found = windows(TOKENIZERS["characters"], sentences_of(texts), LENGTH, overlap)
    queues = [of_sentence(found, i) for i in range(len(texts))]
    mixed = [queues[i].pop(0) for i in random.sample([w.sentence for w in found], len(found))]
    rows = [
        np.array([[w.sentence, w.start + k] for k in range(len(w.firsts))], np.float32).reshape(
            -1, 2
        )
        for w in mixed
    ]
    merged = merge(len(texts), mixed, rows)
    assert [m.tolist() for m in merged] == [
        [[i, k] for k in range(len(tokens))] for i, tokens in enumerate(texts)
    ]


@every_tokenizer
def test_special_tokens_are_those_of_the_tokenizer(tokenizer: Any) -> None:
    assert special_tokens(tokenizer) == ([tokenizer.cls_token_id], [tokenizer.sep_token_id])


def test_sentences_without_words_have_a_window() -> None:
    """They are carried along, so that positions stay."""
    found = windows(TOKENIZERS["uncased"], sentences_of([[], ["abc"], []]), LENGTH, 0)
    assert [(w.sentence, w.keep) for w in found] == [(0, (0, 0)), (1, (0, 1)), (2, (0, 0))]
    assert windows(TOKENIZERS["uncased"], [], LENGTH, 0) == []


@pytest.mark.parametrize("overlap", [MOST + 1, LENGTH, -1])
def test_too_much_overlap_is_refused(overlap: int) -> None:
    """A window must go on by at least a word, whatever the word."""
    assert windows(TOKENIZERS["uncased"], sentences_of([["abc"]]), LENGTH, MOST)
    with pytest.raises(ValueError, match=f"overlap of {overlap} .* windows of {LENGTH}"):
        windows(TOKENIZERS["uncased"], sentences_of([["abc"]]), LENGTH, overlap)
