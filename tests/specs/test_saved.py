"""A saved tagger is opened as it was saved, or refused in one line: never with other classes, never
with random weights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sciner.config.model import TrainerConfig
from sciner.errors import InputError
from sciner.hashing import checksum
from sciner.launch.main import main
from sciner.run.saved import ABOUT, CARD, open_tagger
from sciner.text.corpus import Sentence

TRAINER = TrainerConfig(accelerator="cpu", precision="32-true", threads=1)
RUN = ["data.limit=40", "iteration=supervised", "tracking=none", "store=none", "save_model=true"]
SENTENCE = Sentence("d#0", ("We", "fine-tune", "BERT"))
Spoil = Callable[[Path], None]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The model folder of a run, by its model."""
    pytest.importorskip("torch")
    made: dict[str, Path] = {}

    def folder(model: str) -> Path:
        if model not in made:
            place = tmp_path_factory.mktemp(model)
            steps = ["model.steps=1"] if model == "tiny" else []
            assert main([*RUN, f"model={model}", *steps, f"hydra.run.dir={place}"]) == 0
            made[model] = place / "model"
        return made[model]

    return folder


@pytest.fixture
def copy(saved: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    return lambda model: Path(shutil.copytree(saved(model), tmp_path / "model"))


def with_its_checksums(folder: Path) -> None:
    """Now only the contents can tell that something is wrong."""
    found = {
        file.name: checksum(file) for file in folder.iterdir() if file.name not in (ABOUT, CARD)
    }
    edit(folder / ABOUT, lambda about: about | {"files": found})


def edit(file: Path, change: Callable[[Any], Any]) -> None:
    values = change(json.loads(file.read_text(encoding="utf-8")))
    file.write_text(json.dumps(values), encoding="utf-8")


def tensors(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Spoil:
    def spoil(folder: Path) -> None:
        from safetensors.torch import load_file, save_file

        file = folder / "model.safetensors"
        save_file(change(load_file(file)), file, metadata={"format": "pt"})

    return spoil


def values(name: str, change: Callable[[Any], Any]) -> Spoil:
    return lambda folder: edit(folder / name, change)


def text(name: str, content: str) -> Spoil:
    return lambda folder: (folder / name).write_text(content, encoding="utf-8") and None


def reverse_labels(about: dict[str, Any]) -> dict[str, Any]:
    return about | {"labels": about["labels"][::-1]}


def rename_label(about: dict[str, Any]) -> dict[str, Any]:
    return about | {"labels": ["Other", *about["labels"][1:]]}


def far_piece(tokenizer: dict[str, Any]) -> dict[str, Any]:
    tokenizer["model"]["vocab"]["zz"] = 10_000
    return tokenizer


def narrow(config: dict[str, Any]) -> dict[str, Any]:
    return config | {"hidden_size": 32}


def without(prefix: str) -> Spoil:
    return tensors(lambda state: {k: v for k, v in state.items() if not k.startswith(prefix)})


def with_nan(state: dict[str, Any]) -> dict[str, Any]:
    state["classifier.bias"][0] = float("nan")
    return state


def cut_head(state: dict[str, Any]) -> dict[str, Any]:
    return state | {"classifier.bias": state["classifier.bias"][:-2].clone()}


SPOILT: dict[str, tuple[str, Spoil, str]] = {
    "encoder: classes in another order": (
        "tiny",
        values("sciner.json", reverse_labels),
        "tags are O, B-",
    ),
    "encoder: another class": ("tiny", values("sciner.json", rename_label), "tags are O, B-"),
    "encoder: no head": ("tiny", without("classifier"), "does not fit config.json: classifier"),
    "encoder: no layer": (
        "tiny",
        without("bert.encoder.layer.1"),
        "does not fit config.json: bert",
    ),
    "encoder: another head": (
        "tiny",
        tensors(cut_head),
        "does not fit config.json: classifier.bias",
    ),
    "encoder: another width": ("tiny", values("config.json", narrow), "does not fit config.json"),
    "encoder: NaN": ("tiny", tensors(with_nan), "classifier.bias holds NaN"),
    "encoder: torn weights": ("tiny", text("model.safetensors", "torn"), "cannot load"),
    "encoder: no configuration": ("tiny", text("config.json", "{"), "broken JSON"),
    "encoder: a list for it": ("tiny", text("config.json", "[]"), "no JSON object"),
    "encoder: no tokenizer": ("tiny", text("tokenizer.json", "{"), "cannot load"),
    "encoder: an empty tokenizer": ("tiny", text("tokenizer.json", "{}"), "cannot load"),
    "encoder: a piece too many": (
        "tiny",
        values("tokenizer.json", far_piece),
        "a piece with the id 10000",
    ),
    "gazetteer: torn": ("gazetteer", text("gazetteer.json", '{"forms"'), "cannot be restored"),
    "gazetteer: a list": ("gazetteer", text("gazetteer.json", "[]"), "holds no gazetteer"),
    "gazetteer: no forms": ("gazetteer", text("gazetteer.json", "{}"), "holds no gazetteer"),
    "gazetteer: other counts": (
        "gazetteer",
        values("gazetteer.json", lambda g: g | {"forms": [[["We"], 1, [1]]]}),
        "holds no gazetteer: ValueError 1 counts for",
    ),
    "gazetteer: a word for a form": (
        "gazetteer",
        values("gazetteer.json", lambda g: g | {"forms": [["We", 1, g["forms"][0][2]]]}),
        "'We' is not a list of words",
    ),
    "gazetteer: NaN": (
        "gazetteer",
        values("gazetteer.json", lambda g: g | {"unmatched": [float("nan")] * len(g["unmatched"])}),
        "nan is not a count",
    ),
    "gazetteer: classes in another order": (
        "gazetteer",
        values("sciner.json", reverse_labels),
        "a gazetteer for other classes",
    ),
    "crf: classes in another order": (
        "crf",
        values("sciner.json", reverse_labels),
        "does not hold this CRF whole",
    ),
    "crf: torn": ("crf", text("model.crfsuite", "torn"), "does not hold this CRF whole"),
    "crf: no description": ("crf", text("crf.json", "{"), "cannot be restored"),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_what_does_not_fit_is_refused_though_no_checksum_tells(
    kind: str, copy: Callable[[str], Path]
) -> None:
    """One line, whatever a library raises."""
    model, spoil, problem = SPOILT[kind]
    folder = copy(model)
    assert list(open_tagger(folder, TRAINER).predict([SENTENCE]))
    spoil(folder)
    with_its_checksums(folder)
    with pytest.raises(InputError) as refused:
        open_tagger(folder, TRAINER)
    assert problem in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize("model", ["tiny", "crf", "gazetteer"])
def test_every_file_that_was_saved_is_held_against_its_checksum(
    model: str, copy: Callable[[str], Path]
) -> None:
    folder = copy(model)
    names = json.loads((folder / "sciner.json").read_text())["files"]
    assert {"tiny": "model.safetensors", "crf": "model.crfsuite", "gazetteer": "gazetteer.json"}[
        model
    ] in names
    for name in names:
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole + b" ")
        with pytest.raises(InputError, match=rf"{name}: changed since the tagger was saved"):
            open_tagger(folder, TRAINER)
        (folder / name).unlink()
        with pytest.raises(InputError, match=rf"{name}: missing since the tagger was saved"):
            open_tagger(folder, TRAINER)
        (folder / name).write_bytes(whole)
    assert list(open_tagger(folder, TRAINER).predict([SENTENCE]))


def test_checksums_cannot_be_left_out(copy: Callable[[str], Path]) -> None:
    folder = copy("gazetteer")
    edit(folder / "sciner.json", lambda about: {k: v for k, v in about.items() if k != "files"})
    with pytest.raises(InputError, match="files: Field required"):
        open_tagger(folder, TRAINER)
