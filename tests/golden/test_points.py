"""Which points of every artefact are in its runs.csv, and which `make table-NAME` would still run.

`SCINER_GOLDEN=write pytest tests/golden` writes the list anew; a change of it is a reviewed diff.
"""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

from experiments import artefact

FILE = Path(__file__).parent / "points.json"


def test_the_points_that_are_missing_are_the_ones_that_were() -> None:
    found = {}
    for name in artefact.names():
        points, known = artefact.points(name), artefact.known(artefact.read(name)[0])
        missing = [shlex.join(words) for key, words in points.items() if key not in known]
        found[name] = {"points": len(points), "runs": len(known), "missing": sorted(missing)}
    if os.environ.get("SCINER_GOLDEN") == "write":
        FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    assert found == json.loads(FILE.read_text(encoding="utf-8"))
