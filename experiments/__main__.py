"""Make RESULTS.md of artefacts: `python -m experiments [NAME…] [key=value…] [--render]`.

Of an artefact that is made of runs and named, the points that runs.csv lacks are run first,
unless with --render. key=value replaces an axis of its sweep (model=minilm). Without a NAME all
are rendered, and nothing is run.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Sequence

from experiments import artefact
from experiments.artefact import HERE


def rendered(name: str) -> dict[str, str]:
    """{file name: text} of RESULTS.md, as the artefact's ``table.py`` makes it of ``figures.json``
    or ``runs.csv``, and of what it shows."""
    if not (HERE / name / "figures.json").exists():
        return dict(artefact.rendered(name))
    figures = json.loads((HERE / name / "figures.json").read_text(encoding="utf-8"))
    return {"RESULTS.md": importlib.import_module(f"experiments.{name}.table").render(figures)}


def names() -> list[str]:
    return sorted([*(p.parent.name for p in HERE.glob("*/figures.json")), *artefact.names()])


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("python -m experiments", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="NAME|key=value")
    parser.add_argument("--render", action="store_true", help="run nothing")
    given = parser.parse_intermixed_args(words)
    asked = [word for word in given.words if "=" not in word]
    overrides = [word for word in given.words if "=" in word]
    for name in asked:
        if not (HERE / name / "table.py").exists():
            parser.error(f"there is no artefact {name}; there are {', '.join(names())}")
    failed = 0
    for name in asked or names():
        if asked and not given.render and not (HERE / name / "figures.json").exists():
            failed += artefact.complete(name, overrides)
        for file, text in rendered(name).items():
            (HERE / name / file).write_text(text, encoding="utf-8")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
