"""An encoder's weights and tokenizer, read from their source."""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.tagger.encoder.checks import fitting, refuse_code, usable
from sciner.tagger.encoder.source import Source, hint_for

log = logging.getLogger(__name__)

# what token classifiers call their last layer; ModernBERT's ``head`` is pretrained
HEADS = ("classifier", "score")
MARKS = ("Ġ", "▁")  # of a piece that begins a word


def load(source: Source, tags: Sequence[str]) -> tuple[Any, Any]:
    """Load a tokenizer and an AutoModelForTokenClassification with a new head, in float32.

    No code that comes with the weights is run, neither the hub's nor a pickle's. The head's initial
    values come from torch's global generator: the caller seeds it.

    Raises:
        InputError: the weights cannot be had or do not fit.
    """
    if source.config is not None:
        return scratch(source.config, labels_of(tags))
    folder = source.folder()
    tokenizer, net, known, report = read(folder, source, tags)
    if strange := sorted(key for key in shapes(report) if not key.startswith(HEADS)):
        raise InputError(
            f"{folder}: the shapes of {len(strange)} weights differ from config.json, first "
            f"{strange[0]}",
            hint="download it again",
        )
    mark_words(tokenizer)
    if drawn := sorted(key for key in report["missing_keys"] if not key.startswith(HEADS)):
        log.warning(
            "%s lacks %d of the net's weights, drawn at random: %s, ...",
            folder,
            len(drawn),
            drawn[0],
        )
    if source.locate() == source.name:
        log.info("%s at revision %s", source.name, folder.name)
    renew_head(net, tags, known)
    return tokenizer, net


def load_trained(folder: Path, tags: Sequence[str]) -> tuple[Any, Any]:
    """Load (tokenizer, net) as they were saved after a fit for ``tags``.

    Raises:
        InputError: something would have to be initialised anew: other classes, other shapes, a
            missing weight.
    """
    refuse_code(folder)
    tokenizer, net, known, report = read(folder, Source(path=str(folder)), tags)
    if list(known) != list(tags):
        shown = ", ".join(known[:5]) + (", ..." if len(known) > 5 else "")
        raise InputError(
            f"the saved net's tags are {shown}, not those of the classes it is opened for",
            file=folder / "config.json",
            hint="take the folder as it was saved",
        )
    strange = sorted({*shapes(report), *report["missing_keys"], *report["unexpected_keys"]})
    if strange:
        raise InputError(
            f"model.safetensors does not fit config.json: {strange[0]} is missing, superfluous or "
            "of"
            f" another shape ({len(strange)} in all)",
            file=folder,
            hint="take the folder as it was saved",
        )
    mark_words(tokenizer)
    return tokenizer, net


def shapes(report: Mapping[str, Any]) -> list[str]:
    """The weights that had another shape than the net's, and so were drawn anew."""
    return [key if isinstance(key, str) else key[0] for key in report["mismatched_keys"]]


def labels_of(tags: Sequence[str]) -> dict[str, Any]:
    """``tags`` as a transformers configuration has them."""
    return {
        "num_labels": len(tags),
        "id2label": dict(enumerate(tags)),
        "label2id": {t: i for i, t in enumerate(tags)},
    }


def read(
    folder: Path, source: Source, tags: Sequence[str]
) -> tuple[Any, Any, list[str], dict[str, Any]]:
    """Read a folder.

    Returns:
        (tokenizer, net, the tags of the folder's own head, transformers' report of the loading).

    Raises:
        InputError: a library refuses it, or it cannot annotate.
    """
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    # transformers would else fetch, or ask for, a bot's conversion of a pickle, from a revision
    # that nobody named
    os.environ["DISABLE_SAFETENSORS_CONVERSION"] = "1"
    place = str(folder)
    try:
        config = transformers.AutoConfig.from_pretrained(place, trust_remote_code=False)
        # add_prefix_space: byte-level BPE otherwise refuses pre-tokenised words (RoBERTa)
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            place, use_fast=True, add_prefix_space=True, trust_remote_code=False
        )
        net, report = transformers.AutoModelForTokenClassification.from_pretrained(
            place,
            dtype=torch.float32,  # the default "auto" would train a bf16 checkpoint in bf16
            use_safetensors=source.weights == "safetensors",
            weights_only=True,
            output_loading_info=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,  # dslim/bert-large-NER has a head for other classes
            **labels_of(tags),
        )
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{place}: pytorch_model.bin is torn or holds more than tensors, so it is not read",
            hint="download it again, or use a copy with model.safetensors",
        ) from error
    except MemoryError:
        raise
    # tokenizers raises Exception itself, and a torn file nearly anything
    except Exception as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"cannot load {place} ({first})", hint=hint_for(source, str(error))
        ) from error
    usable(place, tokenizer)
    # what tokenizer.json may ask for: 4e8 pieces a sentence, or one; every call here says its own
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    fitting(place, tokenizer, net)
    known = config.id2label
    return tokenizer, net, [known[i] for i in sorted(known)], report


def renew_head(net: Any, tags: Sequence[str], known: Sequence[str]) -> None:
    """Initialise the head anew if the folder's was made for other tags, even if as many.

    For example dslim/bert-large-NER has 9.
    """
    import torch

    if list(known) == list(tags):
        return
    heads = [getattr(net, name) for name in HEADS if hasattr(net, name)]
    for layer in (
        layer for head in heads for layer in head.modules() if isinstance(layer, torch.nn.Linear)
    ):
        torch.nn.init.normal_(layer.weight, std=getattr(net.config, "initializer_range", 0.02))
        if layer.bias is not None:
            torch.nn.init.zeros_(layer.bias)


def mark_words(tokenizer: Any) -> None:
    """Make every pre-tokenised word begin with a piece that begins a word.

    ``add_prefix_space`` does it for RoBERTa. A tokenizer of the general class (ModernBERT) ignores
    it, and the encoder would read words that run together.
    """
    from tokenizers import normalizers

    backend = tokenizer.backend_tokenizer
    mark = next(
        (
            m
            for m in MARKS
            if any(len(piece) > 1 and piece.startswith(m) for piece in backend.get_vocab())
        ),
        None,
    )
    second = backend.encode(["a", "a"], is_pretokenized=True, add_special_tokens=False)
    if mark and not second.tokens[second.word_ids.index(1)].startswith(mark):
        own = [backend.normalizer] if backend.normalizer else []
        backend.normalizer = normalizers.Sequence([normalizers.Prepend(" "), *own])


def scratch(config: Mapping[str, int | float], labels: Mapping[str, Any]) -> tuple[Any, Any]:
    """A BERT of random weights over a vocabulary of single characters, without download."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    characters = [chr(c) for c in range(33, 127)]
    vocabulary = {
        piece: i for i, piece in enumerate([*special, *characters, *(f"##{c}" for c in characters)])
    }
    wordpiece = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    wordpiece.normalizer = normalizers.BertNormalizer(lowercase=False)
    wordpiece.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    wordpiece.post_processor = processors.BertProcessing(
        ("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"])
    )
    names = {
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "mask_token": "[MASK]",
    }
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=wordpiece, **names)
    return tokenizer, BertForTokenClassification(
        BertConfig(vocab_size=len(vocabulary), **config, **labels)
    )
