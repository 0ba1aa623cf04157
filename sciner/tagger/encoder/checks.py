"""What a model folder must not contain, and what its parts must have, before it is used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sciner.errors import InputError

# transformers loads other implementations from the hub where the package kernels is installed
IMPLEMENTATION = ("implementation", "implementation_internal")  # ends of such keys
PLAIN = (None, "eager", "sdpa")


def refuse_code(folder: Path) -> None:
    """Refuse a model folder that would run code, before any library reads it.

    Raises:
        InputError: the model is classes of its own (``auto_map``), an adapter of another model,
            names kernels of the hub (compiled code), or has its weights elsewhere.
    """
    if (folder / "adapter_config.json").exists():
        raise InputError(
            "this is an adapter, which names another model to load",
            file=folder / "adapter_config.json",
            hint="merge it into its model, and give the folder of the whole",
        )
    for file in folder.glob("*.index.json"):  # which file holds which weight
        suffix = Path(file.name.removesuffix(".index.json")).suffix
        shards = values_of(file).get("weight_map")
        names = {*map(str, shards.values())} if isinstance(shards, dict) else set()
        if strange := sorted(n for n in names if Path(n).name != n or Path(n).suffix != suffix):
            raise InputError(
                f"its weights are in {strange[0]}: only {suffix} files of this folder are read",
                file=file,
                hint="download it again",
            )
    for file in [*folder.glob("config*.json"), *folder.glob("tokenizer_config*.json")]:
        values = values_of(file)
        if asking := [key for key, value in values.items() if wants_kernels(key, value)]:
            raise InputError(
                f"{asking[0]} asks for kernels or for quantised weights: sciner runs no code that "
                "a model names",
                file=file,
                hint="take a model of plain weights, or remove the key",
            )
        if "auto_map" in values:
            raise InputError(
                "auto_map asks for Python code that came with the model: sciner never runs it",
                file=file,
                hint="take a model whose classes are part of transformers",
            )


def wants_kernels(key: str, value: Any) -> bool:
    """Whether a setting of a configuration asks for kernels of the hub."""
    implementation = key.strip("_").endswith(IMPLEMENTATION)
    return key == "quantization_config" or (implementation and value not in PLAIN)


def values_of(file: Path) -> dict[str, Any]:
    """Read the object in a JSON file of a model.

    Raises:
        InputError: it contains anything else.
    """
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"broken JSON ({error})", file=file, hint="download it again") from None
    if not isinstance(values, dict):
        raise InputError("no JSON object", file=file, hint="download it again")
    return values


def usable(place: str, tokenizer: Any) -> None:
    """Check a tokenizer.

    Raises:
        InputError: it cannot say which word a piece belongs to, or cannot pad.
    """
    if not tokenizer.is_fast:
        raise InputError(
            f"{place} has no fast tokenizer: its pieces cannot be aligned with words",
            hint="take another model",
        )
    if tokenizer.pad_token_id is None or tokenizer.unk_token_id is None:
        raise InputError(
            f"{place} has no padding or no unknown token: it does not belong to an encoder",
            hint="take another model",
        )


def fitting(place: str, tokenizer: Any, net: Any) -> None:
    """Check that tokenizer and net fit together.

    Raises:
        InputError: the tokenizer has more pieces than the net, or weights are not finite.
    """
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
                hint="train it again, or use another model",
            )
