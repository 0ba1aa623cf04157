from __future__ import annotations

import importlib.util
from hashlib import sha256
from pathlib import Path

import huggingface_hub
import pytest
import torch
import yaml

from sciner.errors import InputError
from sciner.tagger.weights import Source, load, scratch

TINY = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
TAGS = ("O", "B-X", "I-X")
ROOT = Path(__file__).parents[2]


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
    """The hub as HF_HUB_OFFLINE=1 leaves it (the variable is read at import), with nothing downloaded before."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "empty"))


def refused(source: Source) -> str:
    """The one line with which it is refused."""
    with pytest.raises(InputError) as caught:
        load(source, TAGS)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_right_checksum_is_accepted_and_a_wrong_one_refused(shipped: Path) -> None:
    """The line names the file, both sums and the mend."""
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
    assert Source(path=path, package="sciner_shipped", sha256=right, name="some/model").locate() == path
    assert Source(package="sciner_shipped", sha256=right, name="some/model").locate() == str(shipped)
    assert Source(package="sciner_not_installed", sha256=right, name="some/model").locate() == "some/model"


@pytest.mark.parametrize("files", [None, [], ["model.safetensors"]], ids=["no folder", "empty", "no config"])
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
    """A pickle runs code when it is read; safetensors cannot. The same folder with safetensors is fine."""
    source = Source(path=str(saved))
    _, net = load(source, TAGS)
    torch.save(net.state_dict(), saved / "pytorch_model.bin")
    load(source, TAGS)
    (saved / "model.safetensors").unlink()
    line = refused(source)
    assert str(saved) in line and "model.safetensors" in line


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"])
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
    assert (Path(Source(package=values["package"], sha256=values["sha256"]).locate()) / "config.json").is_file()
