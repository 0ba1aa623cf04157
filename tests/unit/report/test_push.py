"""What is uploaded is what was asked for, and nobody sees the token."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sciner.cli.main import main as console
from sciner.errors import InputError
from sciner.launch.main import main
from sciner.redact import known, redacted
from sciner.report.push import hub, push

TOKEN = "hf_Zq8secretsecretsecret"


class RecordingHub:
    """Remembers what it is told; its repositories are ``visible`` or not."""

    endpoint = "https://hub.example"

    def __init__(self, visible: bool = False) -> None:
        self.visible = visible
        self.told: list[tuple[str, Any]] = []

    def create_repo(self, repo: str, **how: Any) -> None:
        self.told.append(("create", (repo, how)))

    def repo_info(self, repo: str, *, repo_type: str) -> Any:
        return SimpleNamespace(private=not self.visible)

    def upload_folder(self, **how: Any) -> None:
        self.told.append(("upload", (how["repo_id"], how["repo_type"], Path(how["folder_path"]))))


@pytest.fixture(autouse=True)
def secrets() -> Iterator[None]:
    """Those of a test are not looked for in the next."""
    before = known()
    yield
    for name in known().keys() - before.keys():
        del os.environ[name]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    words = "model=gazetteer iteration=supervised data.limit=60 tracking=none store=none"
    assert main([*words.split(), "save_model=true", f"hydra.run.dir={folder}"]) == 0
    return folder


@pytest.fixture
def call(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """`sciner export RUN out` with further words, in an empty folder; returns its exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_TOKEN", TOKEN)

    def called(*words: str) -> int:
        monkeypatch.setattr("sys.argv", ["sciner", "export", str(run), "out", *words])
        with pytest.raises(SystemExit) as ended:
            console()
        return int(ended.value.code or 0)

    return called


def test_both_are_uploaded_in_private_once_they_are_listed(
    call: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recording = RecordingHub()
    given: list[str] = []

    def open_hub(token: str) -> RecordingHub:
        given.append(token)
        return recording

    monkeypatch.setattr("huggingface_hub.HfApi", open_hub)
    assert call("--push", "lab/finder") == 0
    assert given == [TOKEN]
    private = {"private": True, "exist_ok": True}
    assert recording.told == [
        ("create", ("lab/finder", {"repo_type": "model"} | private)),
        ("create", ("lab/finder", {"repo_type": "dataset"} | private)),
        ("upload", ("lab/finder", "model", Path("out/model"))),
        ("upload", ("lab/finder", "dataset", Path("out/corpus"))),
    ]
    told = capsys.readouterr().out
    assert "to https://hub.example/lab/finder (model, private):" in told
    assert "to https://hub.example/datasets/lab/finder (dataset, private):" in told
    for file in (file for file in Path("out").rglob("*") if file.is_file()):
        assert f"  {file} (" in told
    assert TOKEN not in told


def test_what_is_public_gets_nothing_unless_public_is_asked_for(tmp_path: Path) -> None:
    recording = RecordingHub(visible=True)
    with pytest.raises(InputError, match="this model is public on the hub; add --public"):
        push(tmp_path, "lab/finder", recording, public=False)
    assert not [what for what, _ in recording.told if what == "upload"]
    push(tmp_path, "lab/finder", recording, public=True)
    assert len([what for what, _ in recording.told if what == "upload"]) == 2


def test_a_hub_that_is_away_is_one_line_and_what_was_exported_stays(
    call: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    assert call("--push", "lab/finder") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("sciner: http://127.0.0.1:9 did not take everything (")
    assert "out is complete" in line and "hf upload" in line and TOKEN not in line
    assert Path("out/model/sciner.json").is_file() and Path("out/corpus/train.parquet").is_file()


def test_what_cannot_be_pushed_is_refused_before_anything_is_written(
    call: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for repo, told in (("finder", "names no owner; give OWNER/finder"), ("a/b/c", "OWNER/NAME")):
        with pytest.raises(InputError, match=told):
            hub(repo)
    assert call("--public") == 2
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(InputError, match="--push needs a token of the hub; set HF_TOKEN"):
        hub("lab/finder")
    assert call("--push", "lab/finder") == 2
    assert not Path("out").exists()


def test_no_message_shows_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub("lab/finder")
    assert TOKEN not in redacted(f"401: {TOKEN} is not valid")
