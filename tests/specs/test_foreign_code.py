"""No code that lies in a model folder ever runs: not for a run, not for `annotate`, whatever names
it."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest

from sciner.cli.main import app
from sciner.errors import InputError
from sciner.hashing import checksum
from sciner.launch.main import main

torch = pytest.importorskip("torch")

CODE = "import pathlib; pathlib.Path({trace!r}).touch()\nclass Evil: pass\n"
MAPS = {
    "config.json": {"AutoConfig": "evil.Evil", "AutoModelForTokenClassification": "evil.Evil"},
    "tokenizer_config.json": {"AutoTokenizer": ["evil.Evil", "evil.Evil"]},
}
RUN = ["data.limit=20", "iteration=supervised", "model.steps=1", "tracking=none", "store=none"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model folder of a run."""
    place = tmp_path_factory.mktemp("saved")
    words = [*RUN, "model=tiny", "save_model=true", f"hydra.run.dir={place}"]
    assert main(words) == 0
    return place / "model"


@pytest.fixture
def folder(saved: Path, project: Path) -> Path:
    """The folder in a project, with scripts beside its files."""
    shutil.copytree(saved, project / "run/model")
    text = CODE.format(trace=str(project / "it ran"))
    names = (
        "evil",
        "modeling_evil",
        "tokenization_evil",
        "configuration_evil",
        "__init__",
        "handler",
    )
    for name in names:
        (project / f"run/model/{name}.py").write_text(text, encoding="utf-8")
    (project / "in.txt").write_text("We fine-tune BERT.\n", encoding="utf-8")
    return project / "run/model"


def name_code(folder: Path, file: str) -> None:
    """Let a configuration ask for the script, as models of the hub that are not part of
    transformers do."""
    edit(folder, file, auto_map=MAPS[file])


def edit(folder: Path, file: str, **more: object) -> None:
    values = json.loads((folder / file).read_text(encoding="utf-8"))
    (folder / file).write_text(json.dumps(values | more), encoding="utf-8")
    # whose checksum does not tell
    about = json.loads((folder / "sciner.json").read_text(encoding="utf-8"))
    about["files"] |= {file: checksum(folder / file)}
    (folder / "sciner.json").write_text(json.dumps(about), encoding="utf-8")


def annotate(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app(["annotate", str(folder), "in.txt", "-o", "out.jsonl"], standalone_mode=False)


def path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main([*RUN, "model=minilm", f"model.path={folder}"]) == 0


def pickled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.torch import load_file

    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    assert main([*RUN, "model=minilm", f"model.path={folder}", "model.weights_format=torch"]) == 0


def hub(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository of the hub as its cache keeps it."""
    cache = folder.parent.parent / "cache"
    repository, commit = cache / "models--some--model", "0" * 40
    (repository / "refs").mkdir(parents=True)
    (repository / "refs/main").write_text(commit)
    (repository / "snapshots").mkdir()
    folder.rename(repository / "snapshots" / commit)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    assert main([*RUN, "model=hub", "model.name=some/model"]) == 0


DOORS = (annotate, path, pickled, hub)
Door = Callable[[Path, pytest.MonkeyPatch], None]


@pytest.mark.slow
@pytest.mark.parametrize("door", DOORS)
def test_a_script_in_a_model_folder_is_not_run(
    door: Door, folder: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door(folder, monkeypatch)
    assert not (project / "it ran").exists()


@pytest.mark.parametrize("file", MAPS)
@pytest.mark.parametrize("door", DOORS)
def test_a_folder_that_asks_for_its_script_is_refused_without_a_question(
    door: Door, file: str, folder: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line that names the file, though somebody stands ready to say yes."""
    name_code(folder, file)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n" * 9))
    with pytest.raises(
        InputError, match=rf"{file.replace('.', '[.]')}: auto_map asks for Python code"
    ):
        door(folder, monkeypatch)
    assert not (project / "it ran").exists() and not (project / "out.jsonl").exists()


class Program:
    """Makes a folder when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.trace),)


def test_a_program_in_a_pickle_is_not_run(folder: Path, project: Path) -> None:
    torch.save({"bert.x": Program(project / "it ran")}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(InputError, match="more than tensors"):
        main([*RUN, "model=minilm", f"model.path={folder}", "model.weights_format=torch"])
    assert not (project / "it ran").exists()


def test_an_adapter_is_refused_for_it_names_another_model(folder: Path) -> None:
    """PEFT would load that one, from wherever the name leads."""
    (folder / "adapter_config.json").write_text(
        '{"base_model_name_or_path": "some/model", "peft_type": "LORA"}'
    )
    with pytest.raises(InputError, match=r"adapter_config\.json: this is an adapter"):
        main([*RUN, "model=minilm", f"model.path={folder}"])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("attn_implementation", "kernels-community/flash-attn2"),
        ("_attn_implementation", "some/kernel@main:forward"),
        ("_attn_implementation_internal", "flash_attention_2"),
        ("experts_implementation", "some/kernel"),
        ("quantization_config", {"quant_method": "eetq"}),
    ],
)
@pytest.mark.parametrize("door", [annotate, path])
def test_kernels_of_the_hub_are_refused(
    door: Door, key: str, value: object, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """transformers would load compiled code where the package kernels is installed."""
    edit(folder, "config.json", **{key: value})
    with pytest.raises(InputError, match=rf"config\.json: {key} asks for kernels"):
        door(folder, monkeypatch)


@pytest.mark.parametrize("shard", ["../other.safetensors", "/tmp/x.safetensors", "x.bin"])
def test_weights_of_another_folder_or_kind_are_refused(shard: str, folder: Path) -> None:
    """Their checksums are in no key of the store, and a .bin is a pickle."""
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": shard}}))
    with pytest.raises(InputError, match=r"index\.json: its weights are in .*only \.safetensors"):
        main([*RUN, "model=minilm", f"model.path={folder}"])
