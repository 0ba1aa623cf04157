from __future__ import annotations

from sciner.score.names import escaped
from sciner.tracking.charts import grouped

LABELS = ["Task", "micro", "C++", "tokens"]


def test_classes_and_averages_are_never_in_one_section_of_charts() -> None:
    measures = ("test/f1", "silver/errors/again", "drift/share")
    classes = [f"{measure}/{escaped(label)}" for measure in measures for label in LABELS]
    averages = ["test/f1/micro", "test/f1/macro_low", "silver/errors/again", "budget/tokens"]
    found = list(grouped(dict.fromkeys([*classes, *averages], 0.0), LABELS))
    sections = [name.rpartition("/")[0] for name in found]
    assert not set(sections[: len(classes)]) & set(sections[len(classes) :])
    assert found[len(classes) :] == averages


def test_values_stay_and_no_two_names_become_one() -> None:
    scores = {"test/f1/micro": 0.5, f"test/f1/{escaped('micro')}": 0.25, "test/f1/Task": 1.0}
    found = grouped(scores, LABELS)
    assert list(found.values()) == list(scores.values()) and len(found) == 3
