"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[Path, typer.Argument(help="The model/ folder of a run with save_model=true.")]
Threshold = Annotated[
    str,
    typer.Option(
        metavar="run|NUMBER|none",
        help="Which spans are kept: as the run accepted silver, from a confidence, or all.",
    ),
]
Threads = Annotated[int | None, typer.Option(min=1, help="Threads on the CPU; default: all cores.")]
Int8 = Annotated[
    bool, typer.Option("--int8", help="Quantise an encoder on the CPU to int8 (docs/annotate.md).")
]
