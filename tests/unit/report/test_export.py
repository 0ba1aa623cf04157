"""What others get of a run: the tagger and the corpus as they were, with cards that say the run's
figures."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from sciner.config.model import TrainerConfig
from sciner.errors import InputError
from sciner.hashing import checksum
from sciner.launch.main import main
from sciner.report.export import export, to_export
from sciner.report.model_card import counts_of
from sciner.report.sentences import read_part
from sciner.results.records import Record, records
from sciner.run.saved import open_tagger
from sciner.score.stats import f1_of
from sciner.text.corpus import Sentence

WORDS = ["model=gazetteer", "iteration.rounds=1", "data.limit=200", "tracking=none", "store=none"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    assert main([*WORDS, "save_model=true", f"hydra.run.dir={folder}"]) == 0
    return folder


@pytest.fixture
def record(run: Path) -> Record:
    return records([run])[0]


def test_the_tagger_is_whole_and_its_card_has_the_runs_figures(
    run: Path, record: Record, tmp_path: Path
) -> None:
    export(record, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    trainer = TrainerConfig(accelerator="cpu", precision="32-true", threads=1)
    sentence = Sentence("d#0", ("We", "fine-tune", "BERT"))
    own, exported = (open_tagger(place / "model", trainer) for place in (run, tmp_path / "out"))
    assert [p.spans for p in own.predict([sentence])] == [
        p.spans for p in exported.predict([sentence])
    ]
    card = ModelCard.load(tmp_path / "out/model/README.md")
    scores = record.rounds[-1]["scores"]
    assert card.data.eval_results[0].metric_value == scores["test/f1/micro"]
    assert "sciner annotate FOLDER" in card.text
    for label in record.labels:
        row = re.search(rf"^\| {label} \| (.+?) \| (.+?) to (.+?) \|", card.text, flags=re.M)
        assert row and float(row[2]) <= float(row[1]) <= float(row[3])
        assert float(row[1]) == pytest.approx(scores.get(f"test/f1/{label}", 0), abs=0.0005)
    for text in (f"{scores['budget/entities']:,.0f} entities", f"{scores['train/sentences']:,.0f}"):
        assert text in card.text


def test_two_exports_do_not_share_a_folder_before_they_are_complete(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_first(file: Path, *about: object) -> None:
        monkeypatch.undo()  # the other one writes its card as usual
        with monkeypatch.context() as patch:
            patch.setattr("os.getpid", lambda: 0)
            export(record, tmp_path / "b")
        (tmp_path / "b").rename(tmp_path / "other")
        assert file.parent.is_dir()

    monkeypatch.setattr("sciner.report.export.write_model_card", other_first)
    export(record, tmp_path / "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "other"]


def test_classes_are_counted_as_the_run_counts_them(record: Record) -> None:
    examples = read_part(record.folder, 1, "test")
    scores = record.rounds[-1]["scores"]
    assert f1_of(counts_of(examples, record.labels)) == pytest.approx(scores["test/f1/micro"])
    for label in record.labels:
        counts = counts_of(examples, [label])
        assert counts[:, 2].sum() == scores.get(f"test/support/{label}", 0)
        assert f1_of(counts) == pytest.approx(scores.get(f"test/f1/{label}", 0))


def test_only_what_a_run_writes_of_a_tagger_is_exported(run: Path, tmp_path: Path) -> None:
    """A run of somebody else may have anything in its folder, and links to what is ours."""
    (tmp_path / "secret.txt").write_text("secret")
    own = tmp_path / "run"
    shutil.copytree(run, own)
    (own / "model/pytorch_model.bin").write_bytes(b"a pickle")
    (own / "model/notes.txt").symlink_to(tmp_path / "secret.txt")
    (record,) = records([own])
    export(record, tmp_path / "out")
    names = {"README.md", "gazetteer.json", "sciner.json", "threshold.json", "tokens.json"}
    assert {path.name for path in (tmp_path / "out/model").iterdir()} == names
    (own / "model/README.md").unlink()
    (own / "model/README.md").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(InputError, match=r"README.md: a link is not exported"):
        export(record, tmp_path / "new")
    (own / "model/README.md").unlink()
    about = json.loads((own / "model/sciner.json").read_text())
    about["files"]["pytorch_model.bin"] = checksum(own / "model/pytorch_model.bin")
    (own / "model/sciner.json").write_text(json.dumps(about))
    with pytest.raises(InputError, match=r"pytorch_model.bin: no kind of file that sciner writes"):
        export(record, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_what_cannot_be_exported_is_one_line(run: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match=r"out: it exists already; name another folder"):
        to_export(run, tmp_path / "out")
    with pytest.raises(InputError, match="there is no such folder; name the folder of a run"):
        to_export(tmp_path / "nowhere", tmp_path / "new")
    with pytest.raises(InputError, match="no finished run"):
        to_export(tmp_path, tmp_path / "new")
    assert main([*WORDS, f"hydra.run.dir={tmp_path}/bare"]) == 0
    with pytest.raises(
        InputError, match=r"bare: the run has not saved its tagger; .*save_model=true"
    ):
        to_export(tmp_path / "bare", tmp_path / "new")
    with pytest.raises(InputError, match="it lies in the folder of the run; name another"):
        to_export(run, run / "model" / "new")
    shutil.copytree(run, tmp_path / "other")
    about = tmp_path / "other/run.json"
    about.write_text(about.read_text().replace('"TaskName"', '"Task"'))
    with pytest.raises(InputError, match="its classes are not those of its tagger"):
        to_export(tmp_path / "other", tmp_path / "new")
    told = "--onnx and --register: for encoders only, and this tagger is a gazetteer; leave out"
    with pytest.raises(InputError, match=told):
        to_export(run, tmp_path / "new", ["--onnx", "--register"])


def test_a_folder_of_several_runs_is_refused(run: Path, tmp_path: Path) -> None:
    for name in ("0", "1"):
        shutil.copytree(run, tmp_path / name)
        file = tmp_path / name / "run.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"id": name}))
    with pytest.raises(InputError, match="the folder has 2 runs"):
        to_export(tmp_path, tmp_path / "out")


def test_a_run_does_not_keep_the_tagger_of_an_older_one_in_its_folder(tmp_path: Path) -> None:
    assert main([*WORDS, "save_model=true", f"hydra.run.dir={tmp_path}/run"]) == 0
    assert main([*WORDS, "seed=1", f"hydra.run.dir={tmp_path}/run"]) == 0
    with pytest.raises(InputError, match="has not saved its tagger"):
        to_export(tmp_path / "run", tmp_path / "out")
