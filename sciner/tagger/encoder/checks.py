"""What a model folder must not hold, and what its parts must have, before anything is done with
it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sciner.errors import InputError


def refuse_code(folder: Path) -> None:
    """Raise InputError for a model that is classes of its own (``auto_map``), or an adapter of
    another model. No library has looked at the folder by then."""
    if (folder / "adapter_config.json").exists():
        raise InputError(
            "this is an adapter, which names another model to load",
            file=folder / "adapter_config.json",
            hint="merge it into its model, and give the folder of the whole",
        )
    for file in [*folder.glob("config*.json"), *folder.glob("tokenizer_config*.json")]:
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"broken JSON ({error})", file=file, hint="download it anew") from None
        if not isinstance(values, dict):
            raise InputError("no JSON object", file=file, hint="download it anew")
        if "auto_map" in values:
            raise InputError(
                "auto_map asks for Python code that came with the model: sciner never runs it",
                file=file,
                hint="take a model whose classes are part of transformers",
            )


def usable(place: str, tokenizer: Any) -> None:
    """Raises InputError for a tokenizer that cannot say which word a piece is of, or cannot pad."""
    if not tokenizer.is_fast:
        raise InputError(
            f"{place} has no fast tokenizer: its pieces cannot be aligned with words",
            hint="take another model",
        )
    if tokenizer.pad_token_id is None or tokenizer.unk_token_id is None:
        raise InputError(
            f"{place} has no padding or no unknown token: it is no encoder's",
            hint="take another model",
        )


def fitting(place: str, tokenizer: Any, net: Any) -> None:
    """Raises InputError for a tokenizer with more pieces than the net knows, and for weights that
    are no numbers."""
    pieces, rows = max(tokenizer.get_vocab().values()), net.get_input_embeddings().num_embeddings
    if pieces >= rows:
        raise InputError(
            f"{place}: the tokenizer has a piece with the id {pieces}, the net embeddings for "
            f"{rows}",
            hint="take a tokenizer and weights that were saved together",
        )
    for name, values in net.state_dict().items():
        if values.is_floating_point() and not values.isfinite().all():
            raise InputError(
                f"{place}: {name} holds NaN or infinite weights",
                hint="train it anew, or take another model",
            )
