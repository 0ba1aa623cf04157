"""A password in an address reaches the database, and nothing that anybody reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from sciner.errors import InputError
from sciner.launch.main import main

RUN = ["model=gazetteer", "data.limit=20", "iteration=supervised", "store.dir=store"]
PASSWORD = "Qz7x/vK2w@pL9e:h6Tn#jR8u"
DOWN = {
    "http": "http://me:{}@127.0.0.1:9",
    "postgresql": "postgresql://me:{}@127.0.0.1:9/db",
    "option": "postgresql://127.0.0.1:9/db?user=me&password={}",
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


def shown(folder: Path, capfd: pytest.CaptureFixture[str]) -> str:
    """What was printed, and every file below ``folder``."""
    printed = capfd.readouterr()
    files = [file for file in folder.rglob("*") if file.is_file() and file.name != "mlflow.db"]
    assert {"config.yaml", "run.json", "overrides.yaml", "sciner.log"} <= {
        file.name for file in files
    }
    texts = [file.read_bytes().decode("utf-8", "replace") for file in files]
    return "\n".join([printed.out, printed.err, *map(str, files), *texts])


@pytest.mark.slow
@pytest.mark.parametrize("kind", DOWN)
def test_a_sweep_shows_no_password_though_its_server_is_down(
    kind: str, project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not in the terminal, not in a log, not in sciner's files, not in Hydra's."""
    uri = DOWN[kind].format(PASSWORD)
    assert main(["-m", *RUN, "seed=0,1", f"tracking.uri='{uri}'", "hydra.sweep.dir=sweep"]) == 3
    text = shown(project, capfd)
    assert (project / "sweep/multirun.yaml").exists() and "the tracker failed" in text
    for secret in ("Qz7x", "vK2w", "pL9e", "h6Tn", "jR8u"):
        assert secret not in text


@pytest.mark.slow
def test_what_a_file_of_the_configuration_holds_is_not_shown_either(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "mine/experiment").mkdir(parents=True)
    text = (
        "# @package _global_\ntracking:\n  uri: http://me:"
        + PASSWORD.replace("#", "%23")
        + "@127.0.0.1:9\n"
    )
    (project / "mine/experiment/ours.yaml").write_text(text)
    words = [*RUN, "experiment=ours", "hydra.run.dir=run", "--config-dir", "mine"]
    assert main(words) == 3
    (project / "mine/experiment/ours.yaml").unlink()
    assert "Qz7x" not in shown(project, capfd)


def test_a_study_at_an_address_that_is_down_is_refused_without_it(project: Path) -> None:
    uri = DOWN["postgresql"].format(PASSWORD)
    words = [
        "-m",
        *RUN,
        "hydra/sweeper=sciner_optuna",
        f"hydra.sweeper.storage='{uri}'",
        "seed=choice(0,1)",
    ]
    with pytest.raises(InputError) as refused:
        main([*words, "hydra.sweeper.n_trials=1"])
    assert "Qz7x" not in str(refused.value) and "jR8u" not in str(refused.value)
