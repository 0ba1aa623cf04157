"""Adapters in the place of a whole fit, for every family."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from sciner.errors import InputError
from sciner.tagger.encoder import encoder
from sciner.tagger.encoder.encoder import EncoderTagger, FittedEncoder, fit_to
from sciner.tagger.encoder.lora import Lora, targets
from sciner.tagger.encoder.source import Source
from sciner.tagger.encoder.weights import HEADS, load, scratch
from tests.families import FAMILIES, Family
from tests.specs.test_families import (
    EXAMPLES,
    FULL,
    MIXED,
    TAGS,
    family,
    folder,
    rows,
    same,
    tagger,
)

pytest.importorskip("peft")
LORA = Lora(r=4, alpha=8, dropout=0.1, lr=1e-2)


@pytest.fixture(scope="module", autouse=True)  # the first use imports for a second
def imported() -> None:
    import peft


def adapting(source: Source, device: Any = FULL, lora: Lora = LORA, **config: Any) -> EncoderTagger:
    return replace(tagger(source, device, **config), lora=lora)


def weights(net: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in net.state_dict().items()}


def changed(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> set[str]:
    assert a.keys() == b.keys()
    return {name for name in a if not torch.equal(a[name], b[name])}


@pytest.fixture(scope="module")
def fitted(family: Family, folder: Path) -> FittedEncoder:
    return adapting(family.source(folder)).fit(EXAMPLES, seed=0)


def test_adapters_and_head_are_all_that_trains(family: Family, folder: Path) -> None:
    """Within, nothing else has a gradient; the adapters sit on the family's attention
    projections."""
    _, net = load(family.source(folder), TAGS)
    names = set(dict(net.named_parameters()))
    with LORA.adapted(net):
        trained = {name for name, p in net.named_parameters() if p.requires_grad}
        assert {name for name in trained if "lora_" not in name} == {
            "classifier.weight",
            "classifier.bias",
        }
        adapted = {name.partition(".lora_")[0] for name in trained if "lora_" in name}
        assert {name.rpartition(".")[2] for name in adapted} == set(family.linear)
        assert len(adapted) == net.config.num_hidden_layers * len(family.linear)
    assert set(dict(net.named_parameters())) == names and all(
        p.requires_grad for p in net.parameters()
    )


def test_a_fit_changes_what_is_adapted_and_the_head(
    family: Family, folder: Path, fitted: FittedEncoder
) -> None:
    """The rest of the encoder is bit by bit the folder's."""
    _, net = load(family.source(folder), TAGS)
    moved = changed(weights(net), weights(fitted.model))
    assert {name for name in moved if not name.startswith(HEADS)} == {
        f"{name}.weight" for name in targets(net)
    }
    assert "classifier.weight" in moved
    losses = [loss for _, loss in fitted.report.losses]
    assert losses[-1] < losses[0]


def test_what_is_saved_loads_without_peft(
    fitted: FittedEncoder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fitted.save(tmp_path)
    assert not list(tmp_path.glob("adapter*"))
    monkeypatch.setitem(sys.modules, "peft", None)
    tokenizer, net = load(Source(path=str(tmp_path)), TAGS)
    again = FittedEncoder(tokenizer, net, TAGS, fit_to(tokenizer, net, fitted.config), FULL)
    assert changed(weights(net), weights(fitted.model)) == set() and same(rows(again), rows(fitted))
    assert changed(weights(fitted.copy_of_model()), weights(fitted.model)) == set()


def test_a_fit_may_start_from_an_adapted_one(
    family: Family, folder: Path, fitted: FittedEncoder
) -> None:
    """Fresh adapters change nothing before they learn; then the next fit goes on from the merged
    weights."""
    said = rows(fitted)
    still = adapting(family.source(folder), lora=replace(LORA, lr=1e-30), steps=1).fit(
        EXAMPLES, seed=1, start=fitted
    )
    moved = adapting(family.source(folder), steps=1).fit(EXAMPLES, seed=1, start=fitted)
    assert same(rows(still), said) and same(rows(fitted), said) and not same(rows(moved), said)


def test_a_seed_decides_and_mixed_precision_works(family: Family, folder: Path) -> None:
    source = family.source(folder)
    first, second, third = (
        rows(adapting(source, MIXED, steps=2).fit(EXAMPLES, seed=seed)) for seed in (0, 0, 1)
    )
    assert same(first, second) and not same(first, third)


def test_adapters_have_their_own_rate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """lr and head_lr are those of a whole fit, a hundred times too low for adapters."""
    FAMILIES["bert_base_cased"].write(tmp_path)
    seen = []
    real = encoder.train
    monkeypatch.setattr(
        encoder, "train", lambda fresh, *a: (seen.append(fresh.config), real(fresh, *a))[1]
    )
    adapting(Source(path=str(tmp_path)), steps=1).fit(EXAMPLES, seed=0)
    assert [(r.lr, r.head_lr) for r in seen] == [(LORA.lr, LORA.lr)]


def test_a_fit_that_breaks_leaves_a_plain_net() -> None:
    _, net = scratch(
        {
            "hidden_size": 8,
            "num_hidden_layers": 1,
            "num_attention_heads": 1,
            "intermediate_size": 8,
        },
        {},
    )
    before = weights(net)
    with pytest.raises(KeyboardInterrupt), LORA.adapted(net):
        raise KeyboardInterrupt
    assert changed(before, weights(net)) == set()


def test_an_unknown_family_is_adapted_everywhere_but_at_its_head() -> None:
    _, net = scratch(
        {
            "hidden_size": 8,
            "num_hidden_layers": 1,
            "num_attention_heads": 1,
            "intermediate_size": 8,
        },
        {},
    )
    net.config.model_type = "unheard-of"
    ends = {name.rpartition(".")[2] for name in targets(net)}
    assert ends == {"query", "key", "value", "dense"} and not any(
        name.startswith(HEADS) for name in targets(net)
    )


def test_without_peft_it_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(
        InputError, match=r"^model.peft=lora needs the package peft; pip install 'sciner\[peft\]'$"
    ):
        Lora(r=4, alpha=8, dropout=0.1, lr=1e-3)
