"""What MLflow's registry cannot take is refused before anything is logged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sciner.errors import InputError
from sciner.results.records import records
from sciner.tracking.database import local_uri
from sciner.tracking.mlflow import connect
from sciner.tracking.registry import check_name, tags_of, tracked, variables
from sciner.tracking.replay import replay
from tests.runs import write_run


def test_a_run_is_found_in_the_tracker_that_has_it(project: Path) -> None:
    """Under whatever id: it may have been replayed there."""
    write_run(project / "a", "seed=0 iteration.rounds=1", [{"test/f1/micro": 0.5}])
    (record,) = records([project / "a"])
    uri = local_uri(project)
    with pytest.raises(InputError, match=r"does not have this run; log it with sciner track"):
        tracked(uri, record)
    list(replay([record], uri, "ours"))
    found = tracked(uri, record)
    run = connect(uri).get_run(found.run_id)
    assert run.data.tags["sciner.run"] == record.about["id"]
    assert found.experiment == (run.info.experiment_id, "ours")
    with pytest.raises(InputError, match="there is no such tracker; give --uri"):
        tracked(local_uri(project / "elsewhere"), record)
    assert not (project / "elsewhere").exists()
    with pytest.raises(InputError, match=r"no server answers at http://127\.0\.0\.1:9"):
        tracked("http://127.0.0.1:9", record)


def test_a_version_says_where_it_comes_from_and_how_good_it_is(project: Path) -> None:
    scores = {"test/f1/micro": 0.5, "test/f1/macro": 0.25, "test/f1/Task": 1}
    write_run(project / "a", "seed=0", [{"test/f1/micro": 0.1}, scores])
    (record,) = records([project / "a"])
    assert tags_of(record) == {
        "sciner.run": "a",
        "sciner.corpus": "sample",
        "test/f1/micro": "0.5000",
    }


@pytest.mark.parametrize("name", ["", " ", "a/b", "a:1"])
def test_a_name_that_mlflow_refuses_is_refused_early(name: str) -> None:
    with pytest.raises(InputError, match="no name of a model; leave out / and :"):
        check_name(name)


def test_variables_are_set_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE", "old")
    monkeypatch.delenv("TWO", raising=False)
    with pytest.raises(ZeroDivisionError), variables({"ONE": "new", "TWO": "new"}):
        assert (os.environ["ONE"], os.environ["TWO"]) == ("new", "new")
        1 / 0  # noqa: B018
    assert os.environ["ONE"] == "old" and "TWO" not in os.environ
