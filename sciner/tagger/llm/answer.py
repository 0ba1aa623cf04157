"""The answers of a language model, and how they become spans.

An entity that cannot be found in the sentence is counted and left out, never guessed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from sciner.text.corpus import tagset
from sciner.text.prediction import Floats
from sciner.text.spans import Span, encode

Fault = Literal["unaligned", "unknown_class", "overlapping", "malformed", "truncated", "refused"]
FAULTS: tuple[Fault, ...] = get_args(Fault)


class Mention(NamedTuple):
    """An entity as the model names it: its text, without a position, and its class."""

    text: str
    label: str


@dataclass(frozen=True)
class Reading:
    """The spans of one answer.

    Attributes:
        spans: in tokens, disjoint.
        usable: whether the answer could be parsed.
        faults: what went wrong, and how often.
    """

    spans: tuple[Span, ...] = ()
    usable: bool = True
    faults: Counter[str] = field(default_factory=Counter)


def schema(labels: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of an answer."""
    entity = {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "label": {"type": "string", "enum": list(labels)},
        },
        "required": ["text", "label"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"entities": {"type": "array", "items": entity}},
        "required": ["entities"],
        "additionalProperties": False,
    }


def read_answer(
    content: str | None, finish: str | None, tokens: Sequence[str], labels: Sequence[str]
) -> Reading:
    """Turn one answer into spans.

    An answer that is not JSON of the requested form gives no spans.

    Args:
        content: the answer; None if the model refused.
        finish: why it ended, as the API calls it: ``length`` for an answer that was cut off.
        tokens: of the sentence.
        labels: the known classes.
    """
    said = content if finish != "content_filter" else None
    mentions = parse(said) if said else None
    if mentions is None:
        # also without a word: a model that thinks first may have used up all of its tokens
        fault = "truncated" if finish == "length" else "malformed" if said else "refused"
        return Reading(usable=False, faults=Counter({fault: 1}))
    known = [m for m in mentions if m.label in labels]
    spans, faults = align(known, tokens)
    if stray := len(mentions) - len(known):
        faults["unknown_class"] = stray
    return Reading(spans, True, faults)


def parse(content: str) -> list[Mention] | None:
    """The mentions of an answer, in its order; None if it does not have the requested form."""
    found = loaded(content)
    entities = found.get("entities") if isinstance(found, dict) else None
    if not isinstance(entities, list):
        return None
    mentions = []
    for entity in entities:
        match entity:
            case {"text": str(text), "label": str(label)}:
                mentions.append(Mention(text, label.strip()))
            case _:
                return None
    return mentions


def loaded(content: str) -> Any:
    """The JSON of an answer, which may be in a fenced block; None if there is none."""
    text = content.strip()
    if text.startswith("```") and text.endswith("```"):
        text = text[3:-3].removeprefix("json")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def align(
    mentions: Iterable[Mention], tokens: Sequence[str]
) -> tuple[tuple[Span, ...], Counter[str]]:
    """Find the mentions of an answer in its sentence.

    A mention matches whole tokens with its text, white space aside. Mentions are searched from left
    to right, each after the previous one, so that repeated mentions match different places. A
    mention that occurs only further left is found there. A mention that does not occur is
    ``unaligned``; one whose places are all taken is ``overlapping``.

    Returns:
        The spans in order, and the number of faults of each kind.
    """
    spans: list[Span] = []
    faults: Counter[str] = Counter()
    behind = 0
    for mention in mentions:
        places = list(occurrences(mention.text, tokens))
        free = [p for p in places if all(p[1] <= s.start or s.end <= p[0] for s in spans)]
        place = next((p for p in free if p[0] >= behind), free[0] if free else None)
        if place is None:
            faults["overlapping" if places else "unaligned"] += 1
            continue
        behind = place[1]
        spans.append(Span(*place, mention.label))
    return tuple(sorted(spans)), faults


def occurrences(text: str, tokens: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield (start, end) wherever whole tokens have this text, white space aside."""
    wanted = squashed(text)
    words = [squashed(token) for token in tokens]
    for start, word in enumerate(words):
        if not word or not wanted.startswith(word):
            continue
        rest, end = wanted, start
        while rest and end < len(words) and rest.startswith(words[end]):
            rest, end = rest[len(words[end]) :], end + 1
        if not rest:
            yield start, end


def squashed(text: str) -> str:
    """``text`` without white space."""
    return "".join(text.split())


def votes(readings: Sequence[Reading], length: int, labels: Sequence[str]) -> Floats:
    """The share of usable answers that give each token each tag.

    If no answer is usable, all tags are equally likely, because nothing is known.

    Args:
        readings: the answers about one sentence.
        length: of the sentence, in tokens.
        labels: the classes.

    Returns:
        [tokens, tags], with the columns of ``tagset``.
    """
    tags = tagset(labels)
    number = {tag: i for i, tag in enumerate(tags)}
    said = [reading for reading in readings if reading.usable]
    if not said:
        return np.full((length, len(tags)), 1 / len(tags), dtype=np.float32)
    shares = np.zeros((length, len(tags)), dtype=np.float32)
    for reading in said:
        for i, tag in enumerate(encode(reading.spans, length)):
            shares[i, number[tag]] += 1
    found: Floats = shares / np.float32(len(said))
    return found
