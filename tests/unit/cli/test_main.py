"""The console script."""

from __future__ import annotations

import sys

import pytest

from sciner.cli import main as cli


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("show", "missing argument 'run' (see sciner show --help)"),
        ("show a b", "got unexpected extra argument(s) (b) (see sciner show --help)"),
        ("store statz", "no such command 'statz'. Did you mean 'stats'? (see sciner store --help)"),
        ("report --bogus", "no such option: --bogus"),
        ("show a --limit=x", "invalid value for '--limit': Input should be a valid integer"),
    ],
)
def test_a_wrong_command_line_is_one_line_that_names_the_help(
    words: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["sciner", *words.split()])
    with pytest.raises(SystemExit) as end:
        cli.main()
    out, problem = capsys.readouterr()
    assert (end.value.code, out, problem.count("\n")) == (2, "", 1)
    assert problem.startswith(f"sciner: {told}")


def test_a_closed_standard_output_is_no_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after ``>&-``, where Python has none."""
    monkeypatch.setattr(sys, "argv", ["sciner", "show", "nowhere"])
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2 and "'nowhere' is not the folder of a run" in capsys.readouterr().err
