"""Where an encoder comes from: a folder, a Python package that ships it, the hub, or a configuration alone."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from sciner.errors import InputError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """An encoder's origin; the first that is set of ``path``, ``package`` (if installed) and ``name`` is used.

    path: a folder as ``save_pretrained`` writes it. package: a module with a ``model`` folder whose ``model.safetensors``
    has the checksum ``sha256``. name, revision: on the hub. config: a BertConfig's values, for random weights.
    """

    name: str | None = None
    revision: str = "main"
    package: str | None = None
    sha256: str | None = None
    path: str | None = None
    config: Mapping[str, int | float] | None = None

    def locate(self) -> str:
        """The folder or hub name to load from. Raises InputError for a missing folder or a wrong checksum."""
        if self.path:
            if not (Path(self.path) / "config.json").is_file():
                raise InputError(
                    f"model.path={self.path} holds no config.json", mend="give a folder written by save_pretrained"
                )
            return self.path
        if self.package and (spec := importlib.util.find_spec(self.package)) and spec.origin:
            folder = Path(spec.origin).parent / "model"
            found = checksum(folder / "model.safetensors")
            if found != self.sha256:
                raise InputError(
                    f"{folder / 'model.safetensors'} has SHA-256 {found}, not {self.sha256}",
                    mend=f"reinstall the package {self.package.replace('_', '-')} or give model.path=FOLDER",
                )
            return str(folder)
        if not self.name:
            raise InputError("the model has no source", mend="give model.path=FOLDER or model.name=HUB_NAME")
        return self.name


@lru_cache
def checksum(file: Path) -> str:
    """SHA-256 of a file. Raises InputError where there is none."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        raise InputError(f"{file} is missing", mend="reinstall the package that ships it") from None


def load(source: Source, tags: Sequence[str]) -> tuple[Any, Any]:
    """(tokenizer, AutoModelForTokenClassification with a new head over ``tags``), in float32.

    Weights come from safetensors only and no code from the hub is run. The head's initial values come from torch's global
    generator: the caller seeds it. Raises InputError where weights are neither here nor to be had.
    """
    import safetensors
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    labels = {"num_labels": len(tags), "id2label": dict(enumerate(tags)), "label2id": {t: i for i, t in enumerate(tags)}}
    if source.config is not None:
        return scratch(source.config, labels)
    place = source.locate()
    revision = {"revision": source.revision} if place == source.name else {}
    try:
        known = transformers.AutoConfig.from_pretrained(place, trust_remote_code=False, **revision).id2label
        # add_prefix_space: byte-level BPE otherwise refuses pre-tokenised words (RoBERTa)
        tokenizer = transformers.AutoTokenizer.from_pretrained(place, use_fast=True, add_prefix_space=True, **revision)
        net = transformers.AutoModelForTokenClassification.from_pretrained(
            place,
            dtype=torch.float32,  # the default "auto" would train a bf16 checkpoint in bf16
            use_safetensors=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,  # dslim/bert-large-NER has a head for other classes
            **labels,
            **revision,
        )
    except (OSError, ValueError, safetensors.SafetensorError) as error:  # the last: a torn file
        first = str(error).strip().splitlines()[0]
        raise InputError(
            f"cannot load {place} ({first})",
            mend="with a network run once without HF_HUB_OFFLINE, or download the folder and give model.path=FOLDER, "
            "or take model=minilm after pip install 'sciner[minilm]'",
        ) from error
    if commit := getattr(net.config, "_commit_hash", None):
        log.info("%s at revision %s", place, commit)
    renew_head(net, tags, [known[i] for i in sorted(known)])
    return tokenizer, net


def renew_head(net: Any, tags: Sequence[str], known: Sequence[str]) -> None:
    """Draw the head anew where the folder's was made for other tags, though perhaps as many (dslim/bert-large-NER: 9)."""
    import torch

    head = getattr(net, "classifier", None)
    if list(known) != list(tags) and isinstance(head, torch.nn.Linear):
        torch.nn.init.normal_(head.weight, std=getattr(net.config, "initializer_range", 0.02))
        torch.nn.init.zeros_(head.bias)


def scratch(config: Mapping[str, int | float], labels: Mapping[str, Any]) -> tuple[Any, Any]:
    """A BERT of random weights over a WordPiece vocabulary of single characters: no download, no training text."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    characters = [chr(c) for c in range(33, 127)]
    vocabulary = {piece: i for i, piece in enumerate([*special, *characters, *(f"##{c}" for c in characters)])}
    wordpiece = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    wordpiece.normalizer = normalizers.BertNormalizer(lowercase=False)
    wordpiece.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    wordpiece.post_processor = processors.BertProcessing(("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"]))
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=wordpiece, **names)
    return tokenizer, BertForTokenClassification(BertConfig(vocab_size=len(vocabulary), **config, **labels))
