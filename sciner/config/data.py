"""``data``: which text, and how much of its gold is bought."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from sciner.config.base import Positive, Strict
from sciner.policy.seed import Amount, Order
from sciner.text.catalog.known import find
from sciner.text.formats.repair import Repair
from sciner.text.leaks import Guard

Paths = str | list[str] | None


class HubColumns(Strict):
    """``text.formats.hub.Columns``."""

    tokens: str = "tokens"
    tags: str = "ner_tags"
    document: str | None = None


class HubSplits(Strict):
    """What a set of the hub calls its splits, or which part of them is taken."""

    train: str = "train"
    dev: str | None = "validation"
    test: str = "test"


class DataConfig(Strict):
    """Which text, and how much of its gold is bought.

    Attributes:
        seed_size, dev_size: sentences (200) or a share (20%): of the training sentences; for dev,
            of its own split or of the remaining training sentences.
        seed_order: ``policy.seed.permutation``.
        pool: withheld training sentences, unlabelled text, or both.
        limit: the most sentences in seed set and pool together; never of test.
        leak_guard, leak_min_tokens: what is done with training and unlabelled sentences of at least
            so many tokens that are also in dev or test.
        tokenised: in unlabelled plain text, a sentence is a line, and blanks separate its tokens.
        repair: faults of files, or of a set of the hub, that are repaired and not refused
            (``text.formats.repair``).
    """

    kind: Literal["sample", "files", "catalog", "hub"]
    name: str | None = None
    seed_size: int | str
    dev_size: int | str
    seed_order: Order
    pool: Literal["withheld", "unlabelled", "both"]
    limit: Positive | None
    unlabelled: Paths
    leak_guard: Guard
    leak_min_tokens: Positive
    train: Paths = None
    dev: Paths = None
    test: Paths = None
    format: Literal["auto", "conll", "jsonl", "brat", "text"] = "auto"
    documents: Literal["separator", "file"] = "separator"
    scheme: Literal["IOB1", "IOB2", "IOBES"] | None = None
    tokenised: bool = False
    labels: list[str] | None = None
    repair: list[Repair] = Field(default_factory=list)
    path: str | None = None
    config: str | None = None
    revision: str | None = None
    columns: HubColumns = HubColumns()
    splits: HubSplits = HubSplits()

    @field_validator("repair", mode="before")
    @classmethod
    def _one_repair(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("labels", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        """A class may be called 123."""
        return (
            [str(name) if type(name) is int else name for name in value]
            if isinstance(value, list)
            else value
        )

    @field_validator("seed_size", "dev_size")
    @classmethod
    def _amount(cls, value: int | str) -> int | str:
        Amount.parse(value)
        return value

    @field_validator("seed_size", "dev_size", mode="before")
    @classmethod
    def _share(cls, value: object) -> object:
        if isinstance(value, float):
            raise ValueError(
                f"{value} is neither a number of sentences nor a share: write {100 * value:g}%"
            )
        return value

    @model_validator(mode="after")
    def _complete(self) -> DataConfig:
        if self.kind == "catalog" and not self.name:
            raise ValueError("catalog needs a name: give data.name=NAME")
        brings_text = self.kind == "catalog" and "unlabelled" in find(self.name or "").splits
        if self.pool != "withheld" and not self.unlabelled and not brings_text:
            raise ValueError(f"pool={self.pool} needs text: give data.unlabelled=PATH")
        if self.pool == "withheld" and self.unlabelled:
            raise ValueError(
                f"pool=withheld leaves {self.unlabelled} out: add data.pool=both or "
                "data.pool=unlabelled"
            )
        if self.kind == "files" and not (self.train and self.test):
            raise ValueError("files needs train and test: give data.train=PATH data.test=PATH")
        if self.kind == "hub" and not self.path:
            raise ValueError(
                "hub needs a data set: give data.path=NAME, a folder or a Parquet file"
            )
        return self
