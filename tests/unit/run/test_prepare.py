"""A corpus that cannot be learnt from, or scored on, is refused before anything is computed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sciner.errors import InputError
from sciner.run.prepare import classes_without_training, refuse_without_entities
from sciner.text.corpus import Corpus, Sentence
from sciner.text.spans import Span

TASK = Sentence("a#0", ("parsing",), (Span(0, 1, "Task"),))
CORPUS = Corpus("c", ("Task",), (TASK,), (replace(TASK, id="b#0"),))


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_split_without_any_entity_is_refused(split: str) -> None:
    bare = tuple(replace(s, spans=()) for s in getattr(CORPUS, split))
    with pytest.raises(InputError, match=f"no entity in data.{split}"):
        refuse_without_entities(replace(CORPUS, **{split: bare}))
    refuse_without_entities(CORPUS)


def test_classes_that_only_test_has_are_named() -> None:
    other = replace(CORPUS, test=(replace(TASK, id="b#0", spans=(Span(0, 1, "task"),)),))
    assert classes_without_training(other) == ["task"]
    assert classes_without_training(CORPUS) == []
