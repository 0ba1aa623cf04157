"""Small folders that look as the hub's do: each family's own configuration, random weights, a
tokenizer trained here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

from sciner.tagger.encoder.source import Source

TEXT = (
    "we train a graph neural network with the Adam optimizer on parse trees",
    "the network solves relation extraction and named entity recognition",
    "BERT and LSTM-CRF models of Müller et al. reach 93.5 % on the CoNLL-2003 corpus",
    "α-synuclein binds to membranes; its effect (p < 0.05) is small",
) * 3
POSITIONS = 128  # pieces that every small net reads
SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
}


@dataclass(frozen=True)
class Family:
    """write(folder) makes the folder. casing: of the tokenizer. spaced: pieces that begin a word
    carry this mark."""

    name: str
    write: Callable[[Path], None]
    weights: str = "safetensors"
    cased: bool = True
    mark: str = ""
    linear: tuple[str, ...] = ("query", "value")  # what LoRA adapts

    def source(self, folder: Path) -> Source:
        return Source(path=str(folder), weights=self.weights)


def write_json(file: Path, values: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(values, indent=1), encoding="utf-8")


def write_net(
    net: Any, folder: Path, *, rename: Iterable[tuple[str, str]] = (), **config: Any
) -> None:
    """config.json and model.safetensors, with keys renamed as old checkpoints have them."""
    state = {key: value.contiguous().clone() for key, value in net.state_dict().items()}
    for new, old in rename:
        state = {key.replace(new, old): value for key, value in state.items()}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    write_config(net, folder, **config)


def write_config(net: Any, folder: Path, **config: Any) -> None:
    values = net.config.to_dict() | {"architectures": [type(net).__name__]} | config
    write_json(
        folder / "config.json",
        {key: value for key, value in values.items() if key not in ("dtype", "torch_dtype")},
    )


@cache
def wordpiece(*, lowercase: bool) -> Tokenizer:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.train_from_iterator(
        TEXT, trainers.WordPieceTrainer(vocab_size=200, special_tokens=special, show_progress=False)
    )
    ids = {token: made.token_to_id(token) for token in special}
    made.post_processor = processors.BertProcessing(
        ("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"])
    )
    made.decoder = decoders.WordPiece()
    return made


@cache
def bytelevel(special: tuple[str, ...], size: int = 320) -> Tokenizer:
    """As RoBERTa and ModernBERT ship it: without a space before the first word."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=[*special], initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(TEXT, trainer)
    return made


def vocabulary(tokenizer: Tokenizer) -> list[str]:
    found = tokenizer.get_vocab()
    return sorted(found, key=found.__getitem__)


def write_vocab_txt(tokenizer: Tokenizer, folder: Path) -> None:
    (folder / "vocab.txt").write_text("\n".join(vocabulary(tokenizer)) + "\n", encoding="utf-8")


def bert(folder: Path) -> None:
    """bert-base-cased: a pretraining net whose LayerNorms are called gamma and beta."""
    from transformers import BertConfig, BertForPreTraining

    tokenizer = wordpiece(lowercase=False)
    tokenizer.save(str(folder / "tokenizer.json"))
    write_vocab_txt(tokenizer, folder)
    write_json(folder / "tokenizer_config.json", {"do_lower_case": False, "model_max_length": 512})
    net = BertForPreTraining(
        BertConfig(
            vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=POSITIONS, **SMALL
        )
    )
    write_net(
        net,
        folder,
        rename=[("LayerNorm.weight", "LayerNorm.gamma"), ("LayerNorm.bias", "LayerNorm.beta")],
    )


def scibert(folder: Path) -> None:
    """scibert_scivocab_uncased: a vocabulary and nothing else that tells of the tokenizer; a pickle
    of tensors."""
    from transformers import BertConfig, BertForPreTraining

    tokenizer = wordpiece(lowercase=True)
    write_vocab_txt(tokenizer, folder)
    net = BertForPreTraining(
        BertConfig(
            vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=POSITIONS, **SMALL
        )
    )
    torch.save(net.state_dict(), folder / "pytorch_model.bin", _use_new_zipfile_serialization=False)
    write_config(net, folder)


def minilm(folder: Path) -> None:
    """all-MiniLM-L12-v2: a bare encoder, a tokenizer that truncates and pads by itself."""
    from transformers import BertConfig, BertModel

    tokenizer = Tokenizer.from_str(wordpiece(lowercase=True).to_str())
    tokenizer.enable_truncation(64)
    tokenizer.enable_padding(length=64, pad_id=0, pad_token="[PAD]")
    tokenizer.save(str(folder / "tokenizer.json"))
    write_vocab_txt(tokenizer, folder)
    values = {
        "do_lower_case": True,
        "model_max_length": 128,
        "tokenizer_class": "BertTokenizer",
        "strip_accents": None,
    }
    write_json(folder / "tokenizer_config.json", values)
    net = BertModel(
        BertConfig(vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=512, **SMALL)
    )
    write_net(net, folder)


def roberta(folder: Path) -> None:
    """roberta-large: byte-level BPE without a prefix space, positions behind the padding index."""
    from transformers import RobertaConfig, RobertaForMaskedLM

    special = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    tokenizer = bytelevel(special)
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), add_prefix_space=False
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    tokenizer.model.save(str(folder))  # vocab.json, merges.txt
    write_json(folder / "tokenizer_config.json", {"model_max_length": 512})
    config = RobertaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        max_position_embeddings=POSITIONS + 2,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        **SMALL,
    )
    write_net(RobertaForMaskedLM(config), folder)


def deberta(folder: Path) -> None:
    """deberta-v3-base: a SentencePiece file alone, half-precision tensors in a pickle, no absolute
    positions."""
    import io

    import sentencepiece
    from transformers import DebertaV2Config, DebertaV2ForMaskedLM

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXT),
        model_writer=model,
        vocab_size=110,
        hard_vocab_limit=False,
        model_type="unigram",
        character_coverage=1.0,
        pad_id=0,
        bos_id=1,
        eos_id=2,
        unk_id=3,
        pad_piece="[PAD]",
        bos_piece="[CLS]",
        eos_piece="[SEP]",
        unk_piece="[UNK]",
        minloglevel=2,
    )
    (folder / "spm.model").write_bytes(model.getvalue())
    write_json(folder / "tokenizer_config.json", {"do_lower_case": False, "vocab_type": "spm"})
    config = DebertaV2Config(
        vocab_size=128,  # a little more than pieces, as theirs; [MASK] comes behind them
        max_position_embeddings=POSITIONS,
        relative_attention=True,
        position_buckets=16,
        norm_rel_ebd="layer_norm",
        share_att_key=True,
        pos_att_type="p2c|c2p",
        position_biased_input=False,
        max_relative_positions=-1,
        type_vocab_size=0,
        layer_norm_eps=1e-7,
        **SMALL,
    )
    net = DebertaV2ForMaskedLM(config)
    torch.save(net.half().state_dict(), folder / "pytorch_model.bin")
    write_config(net, folder)


def modernbert(folder: Path) -> None:
    """ModernBERT-base: byte-level BPE in a tokenizer class that knows nothing of prefix spaces;
    rotary positions."""
    from transformers import ModernBertConfig, ModernBertForMaskedLM

    special = ("[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]")
    tokenizer = bytelevel(special)
    ids = {token: tokenizer.token_to_id(token) for token in special}
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", special_tokens=[(t, ids[t]) for t in ("[CLS]", "[SEP]")]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {f"{part}_token": f"[{part.upper()}]" for part in ("unk", "cls", "sep", "pad", "mask")}
    values = names | {"model_max_length": 8192, "tokenizer_class": "PreTrainedTokenizerFast"}
    write_json(folder / "tokenizer_config.json", values)
    config = ModernBertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        max_position_embeddings=POSITIONS,
        local_attention=16,
        global_attn_every_n_layers=2,
        cls_token_id=ids["[CLS]"],
        sep_token_id=ids["[SEP]"],
        pad_token_id=ids["[PAD]"],
        bos_token_id=ids["[CLS]"],
        eos_token_id=ids["[SEP]"],
        **SMALL,
    )
    write_net(ModernBertForMaskedLM(config), folder, reference_compile=True)


FAMILIES = {
    family.name: family
    for family in (
        Family("bert_base_cased", bert),
        Family("scibert", scibert, weights="torch", cased=False),
        Family("minilm_l12", minilm, cased=False),
        Family("roberta_large", roberta, mark="Ġ"),
        Family(
            "deberta_v3_base",
            deberta,
            weights="torch",
            mark="▁",
            linear=("query_proj", "value_proj"),
        ),
        Family("modernbert_base", modernbert, mark="Ġ", linear=("Wqkv",)),
    )
}
