"""Word pieces, in windows that fit the encoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sciner.text.corpus import Sentence
from sciner.text.prediction import Floats

BLOCK = 1024  # sentences tokenised at once
# of one word: only the first piece is classified, and a 5,000-character "word" must not fill a
# window
MAX_PIECES = 32


@dataclass(frozen=True, slots=True)
class Window:
    """A part of one sentence as the encoder reads it.

    Attributes:
        sentence: its position in the sequence.
        start: the first word.
        ids: pieces with special tokens.
        firsts: for each word, the position in ``ids`` of its first piece.
        keep: the words (from, to) that this window predicts; over a sentence's windows, they
            partition its words.
    """

    sentence: int
    start: int
    ids: list[int]
    firsts: list[int]
    keep: tuple[int, int]


def special_tokens(tokenizer: Any) -> tuple[list[int], list[int]]:
    """What the tokenizer puts before and behind a text (``[CLS]`` and ``[SEP]`` for BERT)."""
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    full = tokenizer("a")["input_ids"]
    at = next(i for i in range(len(full) - len(bare) + 1) if full[i : i + len(bare)] == bare)
    return full[:at], full[at + len(bare) :]


def pieces_of(tokenizer: Any, sentences: Sequence[Sentence]) -> Iterator[list[list[int]]]:
    """Yield piece ids [word][piece] of each sentence.

    A word that the tokenizer deletes (zero-width characters) becomes its unknown token. What the
    tokenizer says of a text takes ten times the text's memory, so it is asked for BLOCK sentences
    at a time.
    """
    for at in range(0, len(sentences), BLOCK):
        block = sentences[at : at + BLOCK]
        encoded = tokenizer(
            [list(s.tokens) for s in block],
            is_split_into_words=True,
            add_special_tokens=False,
            return_attention_mask=False,
        )
        for i, sentence in enumerate(block):
            words: list[list[int]] = [[] for _ in sentence.tokens]
            for piece, word in zip(encoded["input_ids"][i], encoded.word_ids(i), strict=True):
                if word is not None and len(words[word]) < MAX_PIECES:
                    words[word].append(piece)
            yield [word or [tokenizer.unk_token_id] for word in words]


def windows(
    tokenizer: Any, sentences: Sequence[Sentence], max_length: int, overlap: int
) -> list[Window]:
    """The windows of all sentences at once (``each_window``)."""
    return list(each_window(tokenizer, sentences, max_length, overlap))


def each_window(
    tokenizer: Any, sentences: Sequence[Sentence], max_length: int, overlap: int
) -> Iterator[Window]:
    """Yield every sentence as one window or, above ``max_length`` pieces, as several that overlap.

    Args:
        tokenizer: of the encoder.
        sentences: without labels.
        max_length: pieces of a window, special tokens included.
        overlap: pieces that neighbouring windows share; each half of them is predicted by the
            window that sees more context.

    Raises:
        ValueError: a window would hold less than one word.
    """
    before, after = special_tokens(tokenizer)
    room = max_length - len(before) - len(after)
    if not 0 <= overlap < room - MAX_PIECES:
        raise ValueError(
            f"an overlap of {overlap} pieces leaves no room in windows of {max_length}"
        )
    for i, words in enumerate(pieces_of(tokenizer, sentences)):
        ends = np.cumsum([len(word) for word in words])
        stretches = (
            [(0, len(words))] if not words or ends[-1] <= room else _stretches(ends, room, overlap)
        )
        for n, (start, end) in enumerate(stretches):
            low = 0 if n == 0 else (start + stretches[n - 1][1]) // 2
            high = end if n == len(stretches) - 1 else (stretches[n + 1][0] + end) // 2
            ids, firsts = list(before), []
            for word in words[start:end]:
                firsts.append(len(ids))
                ids += word
            yield Window(i, start, ids + after, firsts, (low, high))


def _stretches(ends: np.ndarray[Any, Any], room: int, overlap: int) -> list[tuple[int, int]]:
    """(from, to) word ranges of at most ``room`` pieces that cover all words.

    ends: pieces up to each word's end.
    """
    stretches, start = [], 0
    while True:
        used = ends[start - 1] if start else 0
        end = int(np.searchsorted(ends, used + room, side="right"))
        stretches.append((start, end))
        if end == len(ends):
            return stretches
        start = max(start + 1, int(np.searchsorted(ends, ends[end - 1] - overlap, side="right")))


def answered(window: Window, row: Floats) -> Floats:
    """The rows of the words that a window predicts, of all its (padded) rows."""
    low, high = window.keep
    return row[low - window.start : high - window.start]


def merge(count: int, found: Sequence[Window], rows: Sequence[Floats]) -> list[Floats]:
    """Join the rows of windows, [words of the window, tags] each, to [words, tags] per sentence."""
    parts: list[list[Floats]] = [[] for _ in range(count)]
    for window, row in zip(found, rows, strict=True):
        parts[window.sentence].append(answered(window, row))
    return [np.concatenate(p) for p in parts]
