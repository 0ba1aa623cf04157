"""Every family of encoders that conf/model names, small and random, in folders that look as the
hub's do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from torch.nn.modules.module import register_module_forward_hook
from transformers import PreTrainedTokenizerFast

from sciner.config.conf import CONF
from sciner.tagger.encoder.cpu.bf16 import narrow_stream
from sciner.tagger.encoder.device import Device
from sciner.tagger.encoder.encoder import EncoderTagger, FittedEncoder, fit_to
from sciner.tagger.encoder.module import TokenClassifier, TrainingConfig, narrowed
from sciner.tagger.encoder.source import Source
from sciner.tagger.encoder.weights import HEADS, load, load_trained, mark_words
from sciner.tagger.encoder.windows import MAX_PIECES, pieces_of, special_tokens, windows
from sciner.text.corpus import Example, Sentence, gold_example, tagset
from sciner.text.spans import Span
from tests.families import FAMILIES, POSITIONS, Family, bytelevel

LABELS = ("Method", "Task")
TAGS = tagset(LABELS)
TRAINING = TrainingConfig(
    lr=3e-3,
    head_lr=1e-2,
    steps=6,
    batch_size=4,
    warmup=0.2,
    weight_decay=0.01,
    clip=1.0,
    max_length=POSITIONS,
    overlap=16,
)
FULL, MIXED = Device("cpu", "32-true", threads=1), Device("cpu", "bf16-mixed", threads=1)
WORDS = (
    "the",
    "Network",
    "solves",
    "Müller",
    "α-synuclein",
    "LSTM-CRF",
    "\u200b",
    "日本",
    "x" * 400,
    "(",
    "trees",
    "93.5",
)
# a trained vocabulary has their characters
WORDS_OF_TEXT = tuple(word for word in WORDS if word not in ("\u200b", "日本"))


def examples() -> list[Example]:
    """Capitals are entities."""
    rows = [
        ("we", "train", "a", "Network", "on", "parse", "trees"),
        ("BERT", "and", "LSTM-CRF", "models"),
        ("the", "Adam", "optimizer"),
    ]
    made = []
    for i, tokens in enumerate(rows * 3):
        spans = tuple(
            Span(k, k + 1, "Method") for k, token in enumerate(tokens) if token[0].isupper()
        )
        made.append(gold_example(Sentence(f"d#{i}", tokens, spans)))
    return made


EXAMPLES = examples()
SENTENCES = [
    Sentence("s#0", WORDS),
    Sentence("s#1", ()),
    Sentence("s#2", ("\u200b",)),
    *(e.sentence for e in EXAMPLES[:3]),
]


@pytest.fixture(scope="module", params=FAMILIES.values(), ids=FAMILIES.keys())
def family(request: pytest.FixtureRequest) -> Family:
    if request.param.name == "deberta_v3_base":
        pytest.importorskip("sentencepiece")
    return request.param


@pytest.fixture(scope="module")
def folder(family: Family, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp(family.name)
    torch.manual_seed(0)
    family.write(made)
    return made


@pytest.fixture(scope="module")
def loaded(family: Family, folder: Path) -> tuple[Any, Any]:
    torch.manual_seed(1)
    return load(family.source(folder), TAGS)


@pytest.fixture(scope="module")
def fitted(family: Family, folder: Path) -> FittedEncoder:
    return tagger(family.source(folder)).fit(EXAMPLES, seed=0)


def tagger(source: Source, device: Device = FULL, **config: Any) -> EncoderTagger:
    return EncoderTagger(source, replace(TRAINING, **config), device, LABELS)


def rows(fitted: FittedEncoder, sentences: Sequence[Sentence] = SENTENCES) -> list[np.ndarray]:
    """Of each sentence, distribution and confidence: [tokens, tags + 1]."""
    return [np.column_stack([p.distribution, p.confidence]) for p in fitted.predict(sentences)]


def same(a: Sequence[np.ndarray], b: Sequence[np.ndarray]) -> bool:
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_every_source_of_the_hub_has_its_family_here() -> None:
    """The two large BERTs are bert_base_cased with more layers; the rest is no family's own."""
    named = {file.stem for file in (CONF / "model").glob("*.yaml")}
    others = {
        "_encoder",
        "hub",
        "tiny",
        "minilm",
        "bert_large_cased",
        "bert_large_ner",
        "crf",
        "gazetteer",
        "llm",
    }
    assert named - FAMILIES.keys() == others


# Pieces


def test_every_word_begins_with_its_own_first_piece(
    family: Family, loaded: tuple[Any, Any]
) -> None:
    """Word for word what the tokenizer makes of the word behind a space, at ``firsts``; no word
    without a piece."""
    tokenizer, _ = loaded
    (found,) = windows(tokenizer, [Sentence("s#0", WORDS)], 10**4, 0)
    before, after = special_tokens(tokenizer)
    assert before == [tokenizer.cls_token_id] and after == [tokenizer.sep_token_id]
    for word, at, end in zip(
        WORDS, found.firsts, [*found.firsts[1:], len(found.ids) - 1], strict=True
    ):
        alone = tokenizer(f"the {word}", add_special_tokens=False)["input_ids"]
        expected = alone[len(tokenizer("the", add_special_tokens=False)["input_ids"]) :][
            :MAX_PIECES
        ]
        assert found.ids[at:end] == (expected or [tokenizer.unk_token_id])


def test_the_pieces_of_a_word_begin_a_word_and_keep_its_case(
    family: Family, loaded: tuple[Any, Any]
) -> None:
    """Else the encoder reads words run together (ModernBERT's tokenizer ignores add_prefix_space),
    or an uncased vocabulary meets capitals (SciBERT's folder does not say that it is uncased)."""
    tokenizer, _ = loaded
    (words,) = pieces_of(tokenizer, [Sentence("s#0", WORDS_OF_TEXT)])
    texts = [tokenizer.convert_ids_to_tokens(word) for word in words]
    assert all(text[0].startswith(family.mark) for text in texts)
    assert [not text[0].startswith("##") for text in texts] == [True] * len(texts)
    assert tokenizer.decode(words[1]).strip() == ("Network" if family.cased else "network")
    assert all(
        tokenizer.unk_token_id not in word
        for word, text in zip(words, WORDS_OF_TEXT, strict=True)
        if len(text) < 100
    )


@pytest.mark.parametrize("kind", ["bytes behind a split", "spaces replaced"])
def test_words_are_marked_whatever_the_tokenizer_does_with_spaces(kind: str) -> None:
    """Once, however often it is seen to: as Llama 3's tokenizer and as Gemma's (mmBERT's) have
    it."""
    words = ("the", "the", "network")
    if kind == "spaces replaced":
        made = Tokenizer(
            models.BPE(
                {c: i for i, c in enumerate(["[UNK]", "▁", *"thenwork", "▁t"])},
                [("▁", "t")],
                unk_token="[UNK]",
            )
        )
        made.normalizer = normalizers.Replace(" ", "▁")
        expected = ["▁t", "▁t", "▁"]
    else:
        made = Tokenizer.from_str(bytelevel(("[UNK]", "[PAD]")).to_str())
        split = pre_tokenizers.Split(Regex(r" ?\w+|\s+"), "isolated")
        made.pre_tokenizer = pre_tokenizers.Sequence(
            [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
        )
        expected = ["Ġthe", "Ġthe", "Ġnetwork"]
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, unk_token="[UNK]", pad_token="[UNK]")
    for _ in range(2):
        mark_words(tokenizer)
        (pieces,) = pieces_of(tokenizer, [Sentence("s#0", words)])
        assert [tokenizer.convert_ids_to_tokens(word)[0] for word in pieces] == expected


# The net


def test_all_weights_of_the_encoder_come_from_the_folder(
    family: Family, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Old names of LayerNorm's weights, half precision and a bare encoder included: two loads
    differ in their heads alone."""
    nets = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        nets.append(load(family.source(folder), TAGS)[1])
    assert "drawn at random" not in caplog.text
    for (name, one), (_, other) in zip(*(net.named_parameters() for net in nets), strict=True):
        assert one.dtype == torch.float32
        assert torch.equal(one, other) == (name != "classifier.weight"), name


def test_head_and_encoder_have_their_own_rates(loaded: tuple[Any, Any]) -> None:
    _, net = loaded
    optimizer = TokenClassifier(net, TRAINING).configure_optimizers()["optimizer"]
    names = {id(p): name for name, p in net.named_parameters()}
    found = {names[id(p)]: g["initial_lr"] for g in optimizer.param_groups for p in g["params"]}
    assert found == {
        name: TRAINING.head_lr if name.startswith(HEADS) else TRAINING.lr for name in names.values()
    }
    assert {name for name, rate in found.items() if rate == TRAINING.head_lr} == {
        "classifier.weight",
        "classifier.bias",
    }


def test_no_window_is_longer_than_the_net_reads(family: Family, loaded: tuple[Any, Any]) -> None:
    """RoBERTa has as many positions as it reads, and two before them; a tokenizer that truncates by
    itself does not."""
    tokenizer, net = loaded
    config = fit_to(tokenizer, net, replace(TRAINING, max_length=10**4))
    assert config.max_length == POSITIONS
    long = Sentence("l#0", WORDS * 20)
    found = windows(tokenizer, [long], config.max_length, config.overlap)
    assert len(found) > 3 and max(len(w.ids) for w in found) <= POSITIONS
    fitted = FittedEncoder(tokenizer, net.eval(), TAGS, config, FULL)
    (p,) = fitted.predict([long])
    assert (
        p.distribution.shape == (len(long.tokens), len(TAGS)) and np.isfinite(p.distribution).all()
    )


# Fit, predict, save


def test_a_fit_learns_and_a_prediction_covers_every_token(fitted: FittedEncoder) -> None:
    losses = [loss for _, loss in fitted.report.losses]
    assert len(losses) == TRAINING.steps and losses[-1] < losses[0]
    for sentence, p in zip(SENTENCES, fitted.predict(SENTENCES), strict=True):
        assert p.distribution.shape == (len(sentence.tokens), len(TAGS))
        assert np.allclose(p.distribution.sum(axis=1, dtype=np.float64), 1, atol=2e-3)


def test_company_does_not_matter(fitted: FittedEncoder) -> None:
    """Padding is masked: a sentence is annotated alike alone and beside a long one."""
    short, long = EXAMPLES[1].sentence, Sentence("l#0", WORDS)
    (alone,), (_, beside) = rows(fitted, [short]), rows(fitted, [long, short])
    # confidences; distributions are half precision
    assert np.allclose(alone[:, -1], beside[:, -1], atol=1e-5)


def test_dropout_is_on_during_a_fit(family: Family, folder: Path) -> None:
    """from_pretrained leaves a net in eval mode. ModernBERT's configuration asks for none."""
    seen: set[bool] = set()

    def after_forward(module: torch.nn.Module, *_: Any) -> None:
        if isinstance(module, torch.nn.Dropout) and module.p > 0:
            seen.add(module.training)

    hook = register_module_forward_hook(after_forward)
    try:
        tagger(family.source(folder), steps=1).fit(EXAMPLES, seed=0)
    finally:
        hook.remove()
    assert seen == (set() if family.name == "modernbert_base" else {True})


def test_mixed_precision_trains_and_answers_in_float32(family: Family, folder: Path) -> None:
    mixed = tagger(family.source(folder), MIXED, steps=2).fit(EXAMPLES, seed=0)
    assert {p.dtype for p in mixed.model.parameters()} == {torch.float32}
    assert all(np.isfinite(row).all() for row in rows(mixed))
    assert all(p.confidence.dtype == np.float32 for p in mixed.predict(SENTENCES))


def test_weights_that_are_narrow_beforehand_give_the_same_answers(fitted: FittedEncoder) -> None:
    """To the bit what autocast makes of wide ones with the same narrow stream; the encoder's own
    weights stay wide, and are shared where not cast."""
    mixed = replace(fitted, device=MIXED)
    reader = mixed.reader()
    found = reader.windows(SENTENCES)
    batches = list(reader.tensors(found, [list(range(len(found)))]))
    wide = TokenClassifier(fitted.model, fitted.config)
    with narrow_stream(fitted.model), MIXED.predicting(MIXED.prediction_threads()[1]):
        expected = [wide.predict_step(batch, 0).numpy() for batch in batches]
    assert same(list(map(mixed.forward(), batches)), expected)
    assert {p.dtype for p in fitted.model.parameters()} == {torch.float32}
    narrow = narrowed(fitted.model)
    assert narrow.get_input_embeddings().weight is fitted.model.get_input_embeddings().weight
    assert torch.bfloat16 in {p.dtype for p in narrow.parameters()}


def test_between_its_layers_a_mixed_encoder_carries_bf16_and_a_full_one_float32(
    fitted: FittedEncoder,
) -> None:
    reader = fitted.reader()
    (batch,) = reader.tensors(reader.windows(SENTENCES), [[0]])
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}

    def carried() -> list[torch.dtype]:
        return [
            state.dtype
            for state in fitted.model.base_model(**inputs, output_hidden_states=True).hidden_states[
                :-1
            ]
        ]

    with narrow_stream(fitted.model):
        with MIXED.predicting():
            assert set(carried()) == {torch.bfloat16}
        with FULL.predicting():
            assert set(carried()) == {torch.float32}
    with MIXED.predicting():
        assert carried()[0] == torch.float32


def test_a_saved_tagger_is_the_tagger(fitted: FittedEncoder, tmp_path: Path) -> None:
    """Safetensors, whatever it was loaded from; the same pieces and the same answers."""
    fitted.save(tmp_path)
    assert (tmp_path / "model.safetensors").is_file() and not list(tmp_path.glob("*.bin"))
    tokenizer, net = load(Source(path=str(tmp_path)), TAGS)
    again = FittedEncoder(tokenizer, net, TAGS, fit_to(tokenizer, net, TRAINING), FULL)
    long = [*SENTENCES, Sentence("l#0", WORDS * 10)]
    assert windows(tokenizer, long, POSITIONS, 16) == windows(fitted.tokenizer, long, POSITIONS, 16)
    assert again.config == fitted.config and same(rows(again, long), rows(fitted, long))


def test_a_fit_may_start_from_another(family: Family, folder: Path, fitted: FittedEncoder) -> None:
    """Without a rate it stays where the other is; with one it moves, and leaves the other as it
    was."""
    said = rows(fitted)
    still = tagger(family.source(folder), lr=0.0, head_lr=0.0, steps=1).fit(
        EXAMPLES, seed=1, start=fitted
    )
    moved = tagger(family.source(folder), steps=1).fit(EXAMPLES, seed=1, start=fitted)
    assert same(rows(still), said) and same(rows(fitted), said) and not same(rows(moved), said)


# The saved folder in others' hands


def groups(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """(start, end, class) of the stretches of words that the pipeline puts together: a tag of
    another class begins one, and a B- does."""
    found: list[tuple[int, int, str]] = []
    for i, tag in enumerate(tags):
        label = tag[2:] or tag
        if found and found[-1][2] == label and not tag.startswith("B-"):
            found[-1] = (found[-1][0], i + 1, label)
        else:
            found.append((i, i + 1, label))
    return found


def test_the_pipeline_takes_each_word_for_what_its_most_probable_tag_says(
    fitted: FittedEncoder, tmp_path: Path
) -> None:
    """Whatever hyphens and brackets a word has; spans begin and end where words do. (Of tokenizers
    without a prefix the pipeline guesses words by blanks, and takes a piece that is a blank alone
    for one.)"""
    from transformers import pipeline

    if not any(p.startswith("##") for p in fitted.tokenizer.get_vocab()):
        pytest.skip("no WordPiece tokenizer")
    fitted.save(tmp_path)
    pipe = pipeline(
        "token-classification",
        str(tmp_path),
        aggregation_strategy="first",
        ignore_labels=[],
        device="cpu",
    )
    sentences = [Sentence("s#0", WORDS_OF_TEXT), *(e.sentence for e in EXAMPLES[:3])]
    for made in fitted.predict(sentences):
        words = made.sentence.tokens
        text, starts = " ".join(words), np.cumsum([0, *(len(word) + 1 for word in words)])
        expected = groups([TAGS[k] for k in made.distribution.argmax(axis=1)])
        found = [(group["start"], group["end"], group["entity_group"]) for group in pipe(text)]
        assert found == [(starts[a], starts[b] - 1, label) for a, b, label in expected]


def test_a_saved_tokenizer_makes_the_same_pieces(fitted: FittedEncoder, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    tokenizer, _ = load_trained(tmp_path, TAGS)
    again = tagger(Source(path=str(tmp_path))).restore(tmp_path, fitted.report)
    odd = (
        "\ue000the",
        "[MASK]",
        "##ing",
        "the\ue000",
        "x" * 99,
        "x" * 100,
        "x" * 101,
        "ﬁne",
        "▁the",
    )
    read = [Sentence("s#0", WORDS), Sentence("s#1", odd), *(e.sentence for e in EXAMPLES)]
    assert list(pieces_of(tokenizer, read)) == list(pieces_of(fitted.tokenizer, read))
    assert same(rows(again), rows(fitted))
