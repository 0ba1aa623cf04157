from __future__ import annotations

import importlib
import importlib.util
import json
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from unittest.mock import Mock

import huggingface_hub
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from transformers.utils.import_utils import is_env_variable_true

from sciner.errors import InputError
from sciner.tagger.encoder.checks import usable
from sciner.tagger.encoder.source import Source
from sciner.tagger.encoder.weights import load, renew_head, scratch
from tests.families import FAMILIES

TINY = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
TAGS = ("O", "B-X", "I-X")
ROOT = Path(__file__).parents[4]


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An importable package with a model folder."""
    folder = tmp_path / "sciner_shipped" / "model"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (folder / "model.safetensors").write_bytes(b"weights")
    monkeypatch.syspath_prepend(tmp_path)
    return folder


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A folder as save_pretrained writes it."""
    folder = tmp_path / "saved"
    for part in scratch(TINY, {"num_labels": len(TAGS)}):
        part.save_pretrained(folder)
    return folder


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub as HF_HUB_OFFLINE=1 leaves it (the variable is read at import), with nothing
    downloaded before."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "empty"))


def refused(source: Source) -> str:
    """The one line with which it is refused."""
    with pytest.raises(InputError) as caught:
        load(source, TAGS)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_right_checksum_is_accepted_and_a_wrong_one_refused(shipped: Path) -> None:
    """The line names the file, both sums and the hint."""
    right, wrong = sha256(b"weights").hexdigest(), sha256(b"others").hexdigest()
    assert Source(package="sciner_shipped", sha256=right).locate() == str(shipped)
    line = refused(Source(package="sciner_shipped", sha256=wrong, name="some/model"))
    assert str(shipped / "model.safetensors") in line and right in line and wrong in line
    assert "reinstall the package sciner-shipped" in line


def test_a_package_without_its_weights_is_refused(shipped: Path) -> None:
    """It does not fall back to the hub: another model under the same name is worse than none."""
    (shipped / "model.safetensors").unlink()
    line = refused(Source(package="sciner_shipped", sha256="0", name="some/model"))
    assert str(shipped / "model.safetensors") in line and "reinstall" in line


def test_the_first_source_that_is_set_is_used(saved: Path, shipped: Path) -> None:
    """Path, then package if it is installed, then name."""
    path, right = str(saved), sha256(b"weights").hexdigest()
    assert (
        Source(path=path, package="sciner_shipped", sha256=right, name="some/model").locate()
        == path
    )
    assert Source(package="sciner_shipped", sha256=right, name="some/model").locate() == str(
        shipped
    )
    assert (
        Source(package="sciner_not_installed", sha256=right, name="some/model").locate()
        == "some/model"
    )


@pytest.mark.parametrize(
    "files", [None, [], ["model.safetensors"]], ids=["no folder", "empty", "no config"]
)
def test_a_folder_without_a_model_is_refused(files: list[str] | None, tmp_path: Path) -> None:
    folder = tmp_path / "given"
    for name in files or []:
        folder.mkdir(exist_ok=True)
        (folder / name).touch()
    line = refused(Source(path=str(folder)))
    assert f"model.path={folder} holds no config.json" in line and "save_pretrained" in line


@pytest.mark.parametrize("source", [Source(), Source(package="sciner_not_installed")])
def test_no_source_is_refused(source: Source) -> None:
    line = refused(source)
    assert "no source" in line and "model.path=FOLDER" in line and "model.name=HUB_NAME" in line


@pytest.mark.usefixtures("offline")
def test_a_hub_name_that_is_not_here_is_refused_offline() -> None:
    """At once, and with three ways out."""
    line = refused(Source(name="nobody/no-such-model"))
    assert "nobody/no-such-model" in line
    assert all(way in line for way in ("HF_HUB_OFFLINE", "model.path=FOLDER", "model=minilm"))


def test_pickled_weights_are_refused(saved: Path) -> None:
    """A pickle runs code when it is read; safetensors cannot. The same folder with safetensors is
    fine."""
    source = Source(path=str(saved))
    _, net = load(source, TAGS)
    torch.save(net.state_dict(), saved / "pytorch_model.bin")
    load(source, TAGS)
    (saved / "model.safetensors").unlink()
    line = refused(source)
    assert str(saved) in line and "model.safetensors" in line


@pytest.mark.parametrize(
    "content", [b"", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"]
)
def test_a_broken_file_of_weights_is_refused(content: bytes, saved: Path) -> None:
    """A download that broke off, a clone without git-lfs."""
    (saved / "model.safetensors").write_bytes(content)
    assert str(saved) in refused(Source(path=str(saved)))


def test_a_torn_file_of_weights_is_refused(saved: Path) -> None:
    whole = (saved / "model.safetensors").read_bytes()
    (saved / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    assert str(saved) in refused(Source(path=str(saved)))


def test_random_weights_derive_from_the_generator() -> None:
    """Seeded alike they are alike; the net has the tags as its classes."""
    nets = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        nets.append(load(Source(config=TINY), TAGS)[1])
    first, second, third = (net.bert.embeddings.word_embeddings.weight for net in nets)
    assert torch.equal(first, second) and not torch.equal(first, third)
    assert nets[0].config.id2label == dict(enumerate(TAGS))


def test_the_shipped_weights_are_those_of_the_configuration() -> None:
    """conf/model/minilm.yaml names the checksum that the package's file has."""
    values = yaml.safe_load((ROOT / "conf" / "model" / "minilm.yaml").read_text(encoding="utf-8"))
    if importlib.util.find_spec(values["package"]) is None:
        pytest.skip(f"{values['package']} is not installed (pip install 'sciner[minilm]')")
    assert (
        Path(Source(package=values["package"], sha256=values["sha256"]).locate()) / "config.json"
    ).is_file()


@pytest.fixture
def pickled(saved: Path) -> Path:
    """A folder whose weights are a pytorch_model.bin alone."""
    _, net = load(Source(path=str(saved)), TAGS)
    torch.save(net.state_dict(), saved / "pytorch_model.bin")
    (saved / "model.safetensors").unlink()
    return saved


class Payload:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_tensors_are_read_from_a_pickle_where_they_are_asked_for(pickled: Path) -> None:
    """weights=torch reads it, in the format of today and in that of old; without it the line says
    so."""
    assert "model.weights_format=torch" in refused(Source(path=str(pickled)))
    state = torch.load(pickled / "pytorch_model.bin", weights_only=True)
    for modern in (True, False):
        torch.save(state, pickled / "pytorch_model.bin", _use_new_zipfile_serialization=modern)
        _, net = load(Source(path=str(pickled), weights="torch"), TAGS)
        assert all(
            torch.equal(value, state[name])
            for name, value in net.state_dict().items()
            if name.startswith("bert.")
        )


def test_safetensors_are_not_read_where_a_pickle_is_asked_for(saved: Path) -> None:
    assert "model.weights_format=safetensors" in refused(Source(path=str(saved), weights="torch"))


@pytest.mark.parametrize("modern", [True, False])
def test_a_program_in_a_pickle_does_not_run(modern: bool, pickled: Path, tmp_path: Path) -> None:
    """Freely unpickled it would have; here it is refused."""
    file, trace = pickled / "pytorch_model.bin", tmp_path / "it ran"
    torch.save({"bert.x": Payload(trace)}, file, _use_new_zipfile_serialization=modern)
    line = refused(Source(path=str(pickled), weights="torch"))
    assert str(pickled) in line and "more than tensors" in line and not trace.exists()
    torch.load(file, weights_only=False)
    assert trace.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", b"PK\x03\x04torn"],
)
def test_a_torn_pickle_is_refused(content: bytes, pickled: Path) -> None:
    (pickled / "pytorch_model.bin").write_bytes(content)
    assert str(pickled) in refused(Source(path=str(pickled), weights="torch"))


def test_no_conversion_by_others_is_fetched(saved: Path) -> None:
    """transformers asks a bot for safetensors where a repository has none, and would load what it
    made."""
    load(Source(path=str(saved)), TAGS)
    assert is_env_variable_true("DISABLE_SAFETENSORS_CONVERSION")


def test_weights_that_the_folder_lacks_are_named(
    saved: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Another architecture's checkpoint would else be random weights in silence; a missing head is
    meant to be."""
    state = load_file(saved / "model.safetensors")
    kept = {name: value for name, value in state.items() if "attention" in name}
    save_file(kept, saved / "model.safetensors", metadata={"format": "pt"})
    load(Source(path=str(saved)), TAGS)
    assert f"{saved} lacks " in caplog.text and "drawn at random: bert." in caplog.text


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda values: values[:, :-1].clone(), "weights differ from config.json, first bert."),
        (lambda values: values * float("nan"), "holds NaN or infinite weights"),
    ],
)
def test_weights_of_another_shape_or_no_numbers_are_refused(
    spoil: Callable[[torch.Tensor], torch.Tensor], problem: str, saved: Path
) -> None:
    """They would else be drawn at random in silence, or every prediction would be NaN."""
    state = load_file(saved / "model.safetensors")
    name = "bert.encoder.layer.0.intermediate.dense.weight"
    save_file(
        state | {name: spoil(state[name])}, saved / "model.safetensors", metadata={"format": "pt"}
    )
    line = refused(Source(path=str(saved)))
    assert str(saved) in line and problem in line


def test_a_sentencepiece_file_without_sentencepiece_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sentencepiece")
    FAMILIES["deberta_v3_base"].write(tmp_path)
    wanting = Mock(side_effect=ImportError("sentencepiece"))
    monkeypatch.setattr(
        importlib.import_module("transformers.convert_slow_tokenizer"), "requires_backends", wanting
    )
    assert "pip install 'sciner[sentencepiece]'" in refused(
        Source(path=str(tmp_path), weights="torch")
    )


def test_a_tokenizer_that_cannot_align_is_refused() -> None:
    with pytest.raises(InputError, match="no fast tokenizer"):
        usable("some/model", Mock(is_fast=False))
    with pytest.raises(InputError, match="no padding"):
        usable("some/model", Mock(is_fast=True, pad_token_id=None))


@pytest.mark.parametrize("bias", [True, False])
def test_a_head_of_any_shape_is_renewed(bias: bool) -> None:
    """Under either name, of several layers or one; where the tags are the folder's it is kept."""
    for name in ("classifier", "score"):
        net = torch.nn.Module()
        setattr(
            net,
            name,
            torch.nn.Sequential(
                torch.nn.Linear(2, 2, bias=bias), torch.nn.Tanh(), torch.nn.Linear(2, 3, bias=bias)
            ),
        )
        net.config = Mock(initializer_range=0.02)
        before = [p.clone() for p in net.parameters()]
        renew_head(net, TAGS, TAGS)
        assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))
        renew_head(net, TAGS, ("O", "B-Y", "I-Y"))
        assert not any(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))


def test_what_a_tokenizer_says_of_padding_and_truncation_does_not_hold(saved: Path) -> None:
    """Every call says its own: 4e8 pieces for a word would end the process."""
    file = saved / "tokenizer.json"
    pad = {"pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]", "pad_to_multiple_of": None}
    values = json.loads(file.read_text()) | {
        "padding": {"strategy": {"Fixed": 400_000_000}, "direction": "Right", **pad},
        "truncation": {
            "direction": "Right",
            "max_length": 3,
            "strategy": "LongestFirst",
            "stride": 0,
        },
    }
    file.write_text(json.dumps(values))
    tokenizer, _ = load(Source(path=str(saved)), TAGS)
    assert tokenizer.backend_tokenizer.encode("a b c").tokens == ["[CLS]", *"abc", "[SEP]"]
