"""Whoever waits for a database, or is refused by it, is told so in one line."""

from __future__ import annotations

import logging
from typing import Any

import pytest

pytest.importorskip("sqlalchemy")

from sciner.errors import InputError
from sciner.search.storage import explained, lock


class Locked:
    """A connection to a database whose lock another worker has for some tries."""

    def __init__(self, tries: int) -> None:
        self.tries, self.asked = tries, []  # type: ignore[var-annotated]

    def execute(self, statement: object, values: dict[str, int]) -> Locked:
        self.asked.append((str(statement), values))
        return self

    def scalar(self) -> bool:
        return len(self.asked) > self.tries


@pytest.mark.parametrize(("patience", "told"), [(60.0, 0), (-1.0, 1)])
def test_a_long_wait_for_another_worker_is_mentioned_once(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    patience: float,
    told: int,
) -> None:
    monkeypatch.setattr("sciner.search.storage.PATIENCE", patience)
    monkeypatch.setattr("sciner.search.storage.POLL", 0)
    connection: Any = Locked(tries=3)
    with caplog.at_level(logging.INFO, logger="sciner.search"):
        lock(connection)
    assert len(connection.asked) == 4
    assert [r.getMessage()[:26] for r in caplog.records] == ["waiting for another worker"] * told


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RuntimeError("no route to host\nand more"), "no route to host"),
        (RuntimeError(""), "RuntimeError"),
    ],
)
def test_an_error_of_a_driver_is_told_in_one_line(error: Exception, told: str) -> None:
    place = "postgresql://host/studies"
    with pytest.raises(InputError, match=f"^{place}: {told}; give hydra"), explained(place):
        raise error
