"""Saved encoders for others: ``transformers.pipeline`` and sciner read the same words.

sciner classifies a word by its first piece, and a word ends at a blank. The pipeline's ``first``
does the same, except for tokenizers with a prefix for pieces inside a word (BERT's ``##``): there
it begins a word at every piece without the prefix, so that ``LSTM-CRF`` is three words, and two of
their labels come from pieces that were never trained.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# Begins a word in the saved vocabulary. For private use: BERT's normalizer removes it from texts.
MARK = "\ue000"
METASPACE = {"type": "Metaspace", "replacement": MARK, "prepend_scheme": "always", "split": False}


def mark_beginnings(folder: Path, inputs: list[str]) -> None:
    """Rewrite a saved WordPiece tokenizer so that pieces that begin a word carry a mark.

    In place of a prefix for the others. The pieces and their ids are the same; any other tokenizer
    stays as it is.

    Args:
        folder: of the saved model.
        inputs: what the net is called with, as the tokenizer's own class had it.
    """
    file = folder / "tokenizer.json"
    tokenizer = json.loads(file.read_text(encoding="utf-8"))
    model = tokenizer["model"]
    prefix = model.get("continuing_subword_prefix")
    if model.get("type") != "WordPiece" or not prefix:
        return
    kept = {token["content"] for token in tokenizer["added_tokens"]} | {model["unk_token"]}
    vocabulary = {marked(piece, prefix, kept): i for piece, i in model["vocab"].items()}
    if len(vocabulary) < len(model["vocab"]) or any(MARK in piece for piece in model["vocab"]):
        return
    model |= {"vocab": vocabulary, "continuing_subword_prefix": ""}
    model["max_input_chars_per_word"] += 1
    before = [tokenizer["pre_tokenizer"]] if tokenizer["pre_tokenizer"] else []
    tokenizer["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [*before, METASPACE]}
    tokenizer["decoder"] = METASPACE
    write_json(file, tokenizer)
    # BertTokenizer would read the vocabulary alone, and build the rest anew
    about = folder / "tokenizer_config.json"
    values = json.loads(about.read_text(encoding="utf-8"))
    own = {"tokenizer_class": "PreTrainedTokenizerFast", "model_input_names": inputs}
    write_json(about, values | own)


def pipeline_of(folder: Path) -> Any:
    """The ``transformers.pipeline`` of a saved encoder, on the CPU."""
    from transformers import pipeline

    return pipeline(
        "token-classification",
        str(folder.resolve()),  # a relative path could be the name of a model of the hub
        aggregation_strategy="first",
        device="cpu",
        trust_remote_code=False,
    )


def marked(piece: str, prefix: str, kept: set[str]) -> str:
    """A piece's name in the saved vocabulary; ``kept`` are tokens that are no part of a text."""
    if piece in kept:
        return piece
    inside = piece.startswith(prefix) and piece != prefix
    return piece.removeprefix(prefix) if inside else MARK + piece


def write_json(file: Path, values: Any) -> None:
    """Write JSON as transformers does."""
    file.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
