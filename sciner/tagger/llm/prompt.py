"""The prompt: a template with the classes, the guideline, demonstrations and one sentence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from string import Template
from typing import Any, Literal

import numpy as np

from sciner.errors import InputError
from sciner.hashing import digest, digest_of_rows
from sciner.text.corpus import Example

DEFAULT = Path(__file__).with_name("template.txt")
FIELDS = ("classes", "guideline", "demonstrations", "sentence")

Choice = Literal["random", "nearest"]


@dataclass(frozen=True)
class Prompt:
    """Everything in the prompt except the sentence and its demonstrations.

    Attributes:
        template: contains ``$sentence``, and may contain ``$classes``, ``$guideline`` and
            ``$demonstrations``.
        guideline: the annotation guideline; may be empty.
        labels: the classes.
    """

    template: str
    guideline: str
    labels: tuple[str, ...]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of template, guideline and classes."""
        return digest([self.template, self.guideline, self.labels])

    def text(self, tokens: Sequence[str], demonstrations: Sequence[Example]) -> str:
        """Fill in the prompt for one sentence."""
        return Template(self.template).substitute(
            classes="\n".join(f"- {label}" for label in self.labels),
            guideline=self.guideline,
            demonstrations="\n".join(shown(e) for e in demonstrations),
            sentence=" ".join(tokens),
        )


def shown(example: Example) -> str:
    """A demonstration: a sentence, and the answer that is expected."""
    tokens = example.sentence.tokens
    entities = [
        {"text": " ".join(tokens[s.start : s.end]), "label": s.label} for s in example.spans
    ]
    answer = json.dumps({"entities": entities}, ensure_ascii=False)
    return f"Sentence: {' '.join(tokens)}\nAnswer: {answer}\n"


def read_template(file: str | None) -> str:
    """Read a template.

    Args:
        file: its path; None for sciner's own.

    Raises:
        InputError: the template has unknown variables or no ``$sentence``.
    """
    path = Path(file) if file else DEFAULT
    text = read_text(path)
    template = Template(text)
    if not template.is_valid():
        raise InputError("a $ without a name", file=path, hint="write $$ for a dollar sign")
    names = set(template.get_identifiers())
    if stray := sorted(names - set(FIELDS)):
        raise InputError(
            f"unknown variable ${stray[0]}",
            file=path,
            hint="known: " + ", ".join(f"${name}" for name in FIELDS),
        )
    if "sentence" not in names:
        raise InputError("the template has no $sentence", file=path, hint="add it at the end")
    return text


def read_text(path: Path) -> str:
    """The text of a UTF-8 file.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", file=path, hint="check the path"
        ) from None
    except UnicodeDecodeError:
        raise InputError("is not UTF-8", file=path, hint="save it as UTF-8") from None


class Demonstrations:
    """Chooses the demonstrations for each sentence.

    Args:
        candidates: to choose from.
        count: how many are shown.
        choice: ``random`` draws the same ones for all sentences; ``nearest`` takes those with the
            most similar words (cosine of TF-IDF vectors), the most similar one last, directly
            before the sentence.
        seed: of the random choice.
    """

    def __init__(
        self, candidates: Sequence[Example], count: int, choice: Choice, seed: int
    ) -> None:
        self.candidates, self.count, self.choice = tuple(candidates), count, choice
        chosen = np.random.default_rng(seed).permutation(len(self.candidates))[:count]
        self.drawn = tuple(self.candidates[i] for i in sorted(chosen.tolist()))

    def of(self, tokens: Sequence[str]) -> tuple[Example, ...]:
        """The demonstrations for one sentence."""
        if self.choice == "random" or len(self.candidates) <= self.count:
            return self.drawn
        vectorizer, vectors = self._vectors
        similarity = (vectors @ vectorizer.transform([tokens]).T).toarray().ravel()
        nearest = np.argsort(-similarity, kind="stable")[: self.count]
        return tuple(self.candidates[i] for i in reversed(nearest.tolist()))

    @cached_property
    def _vectors(self) -> tuple[Any, Any]:
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer = TfidfVectorizer(analyzer=lambda tokens: [t.casefold() for t in tokens])
        return vectorizer, vectorizer.fit_transform([e.sentence.tokens for e in self.candidates])


def digest_of_demonstrations(examples: Sequence[Example]) -> str:
    """SHA-256 of what is shown of examples; ids and sources are not."""
    return digest_of_rows([e.sentence.tokens, e.spans] for e in examples)
