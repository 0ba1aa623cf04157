"""Class names as parts of metric names.

A class and an average share one place in a metric name (``f1/<Class>``, ``f1/micro``), and MLflow
takes letters, digits, ``_ - . space : /`` in names of at most 250 characters. So a class whose name
could be taken for an average, or would be refused, is escaped there. All other names stay as they
are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256

# averages and their intervals: no class may be called so, whatever averages are added later
RESERVED = re.compile(r"(micro|macro|weighted|rare|token)(_.*)?", re.DOTALL)
LEGAL = re.compile(r"[\w.\- ]")
LONGEST = 150  # characters, so that the whole metric name stays below MLflow's 250
DIGEST = 16  # characters of it that stand for the rest of a longer name


def escaped(label: str) -> str:
    """Return ``label`` as a part of a metric name: legal in MLflow and distinct from all averages.

    A character that is not legal becomes ``:XX`` for each of its UTF-8 bytes. So does the first
    character of a reserved name, of ``.`` and of ``..``. A name of over 150 characters is cut, and
    ends in ``::`` and a digest of the whole. No two labels have the same name.

    >>> escaped("Method"), escaped("C++"), escaped("micro"), escaped("a/b")
    ('Method', 'C:2B:2B', ':6Dicro', 'a:2Fb')
    """
    parts = [c if LEGAL.fullmatch(c) else _bytes_of(c) for c in label]
    if parts and (RESERVED.fullmatch(label) or label in (".", "..")):
        parts[0] = _bytes_of(label[0])
    name = "".join(parts)
    if len(name) <= LONGEST:
        return name
    kept = name[: LONGEST - DIGEST - 2]
    kept = kept[: -2 + kept[-2:].index(":")] if ":" in kept[-2:] else kept  # no half of an escape
    return f"{kept}::{sha256(label.encode()).hexdigest()[:DIGEST]}"


def unescaped(name: str) -> str:
    """Return the label that ``escaped`` made ``name`` of.

    Raises:
        ValueError: the name was cut; ``labels_by_name`` finds it among the run's labels.

    >>> unescaped("C:2B:2B")
    'C++'
    """
    if "::" in name:
        raise ValueError(f"{name} was cut: only the run's own labels tell what it was")
    return re.sub(r"(:[0-9A-F]{2})+", _decoded, name)


def labels_by_name(labels: Iterable[str]) -> dict[str, str]:
    """Return each label by the name that it has in metrics."""
    return {escaped(label): label for label in labels}


def _bytes_of(character: str) -> str:
    return "".join(f":{byte:02X}" for byte in character.encode())


def _decoded(escapes: re.Match[str]) -> str:
    return bytes.fromhex(escapes[0].replace(":", "")).decode()
