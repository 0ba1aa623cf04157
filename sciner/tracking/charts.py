"""The names of metrics in MLflow.

Its UI draws one section of charts for all names that agree up to the last slash.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sciner.score.names import escaped


def grouped(scores: Mapping[str, float], labels: Iterable[str]) -> dict[str, float]:
    """Insert ``class/`` before class names, so that classes and averages get separate sections.

    >>> grouped({"test/f1/micro": 0.5, "test/f1/Task": 0.4}, ["Task"])
    {'test/f1/micro': 0.5, 'test/f1/class/Task': 0.4}
    """
    classes = set(map(escaped, labels))
    found = {}
    for name, value in scores.items():
        measure, _, last = name.rpartition("/")
        of_class = last in classes and "/" in measure
        found[f"{measure}/class/{last}" if of_class else name] = value
    return found
