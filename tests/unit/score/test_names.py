"""A class has its own place among the metrics, whatever it is called."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mlflow.utils.validation import MAX_ENTITY_KEY_LENGTH, _validate_metric_name

from sciner.score.names import RESERVED, escaped, labels_by_name, unescaped

LABELS = st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300
) | st.sampled_from(["micro", "micro_low", "token_weighted", "rare", "..", ".", "C++", "F1@k"])


@given(LABELS)
@example("Metric(%)")
@example("a,b")
@example("Ме́тод")  # an accent that is a character of its own
@example("x" * 250)
@example("é" * 149 + "+")
def test_mlflow_takes_every_class_and_no_class_has_an_averages_name(label: str) -> None:
    name = escaped(label)
    for metric in (f"test/f1/{name}", f"silver/errors/before/{name}", f"x/{name}/precision"):
        _validate_metric_name(metric)
        assert len(metric) <= MAX_ENTITY_KEY_LENGTH
    assert not RESERVED.fullmatch(name) and "/" not in name


@given(LABELS)
def test_a_name_tells_its_class(label: str) -> None:
    name = escaped(label)
    assert labels_by_name([label])[name] == label
    if "::" not in name:
        assert unescaped(name) == label


@given(st.sets(LABELS, min_size=2, max_size=20))
def test_no_two_classes_have_one_name(labels: set[str]) -> None:
    assert len(labels_by_name(labels)) == len(labels)


@pytest.mark.parametrize(
    "label", ["Method", "OtherScientificTerm", "B-cell line", "Größe", "a.b_c-1"]
)
def test_ordinary_names_stay_as_they_are(label: str) -> None:
    assert escaped(label) == label
