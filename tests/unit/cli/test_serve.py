"""What is wrong with the options of `sciner serve` is said before it listens to anybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from sciner.cli.main import app
from sciner.cli.serve import lines_of
from sciner.errors import InputError


@pytest.mark.parametrize("token", ["", "short", "with/slash", "with space", "umläute-täglich"])
def test_a_token_must_fit_into_an_address(tmp_path: Path, token: str) -> None:
    with pytest.raises(InputError, match="use 8 or more letters"):
        app(["serve", str(tmp_path), "--token", token], standalone_mode=False)


def test_without_a_saved_tagger_nothing_is_served(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no saved tagger; give the model/ folder"):
        app(["serve", str(tmp_path), "--port", "0"], standalone_mode=False)


def test_every_program_is_told_its_address_and_the_token() -> None:
    open_, closed = (list(lines_of("http://h:1", token, ["A"])) for token in (None, "s3cret-token"))
    assert open_[1:3] == [
        "Label Studio: http://h:1/label_studio",
        "INCEpTION: http://h:1/inception",
    ]
    assert "http://h:1/s3cret-token/inception" in closed[2]
    assert all("s3cret-token" in line for line in closed[1:])
