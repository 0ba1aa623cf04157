"""No password in what anybody reads."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sciner.redact import Redaction, redacted, veiled


@pytest.mark.parametrize(
    "password",
    ["plain", "a/b", "a@b", "a:b", "a#b", "a%2Fb", "a@b/c", "a@b:c", "a/b@c:d#e", "?a&b"],
)
def test_whatever_a_password_holds_it_is_hidden_and_the_rest_is_shown(password: str) -> None:
    for text in ("{}", "tracking.uri={}", "the tracker at '{}' is down", "[{},{}]"):
        found = redacted(text.replace("{}", f"postgresql+psycopg://me:{password}@host:5432/db"))
        assert found == text.replace("{}", "postgresql+psycopg://me:***@host:5432/db")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mysql://host/db?user=me&password=a/b@c&x=1", "mysql://host/db?user=me&password=***&x=1"),
        ("(postgresql://host/db?sslpassword=abc)", "(postgresql://host/db?sslpassword=***)"),
        (
            "mssql+pyodbc:///?odbc_connect=UID%3Dme%3BPWD%3Dabc&x=1",
            "mssql+pyodbc:///?odbc_connect=***&x=1",
        ),
        ("https://me:token@host/mlflow is down", "https://me:***@host/mlflow is down"),
        ("sqlite:////home/me/mlflow.db", "sqlite:////home/me/mlflow.db"),
        ("http://127.0.0.1:5000 (write to me@host)", "http://127.0.0.1:5000 (write to me@host)"),
        ("http://host:5000/ and http://other:5000/", "http://host:5000/ and http://other:5000/"),
        ("https://host:5000/a@b", "https://host:5000/a@b"),
        ("https://me:to/ken@host", "https://me:***@host"),
        ("https://ghp_token@host/mlflow is down", "https://***@host/mlflow is down"),
        ("http://host/mlflow?sig=abc&x=1", "http://host/mlflow?sig=***&x=1"),
        ("http://host?X-Amz-Signature=abc", "http://host?X-Amz-Signature=***"),
        ("http://host/#access_token=abc", "http://host/#access_token=***"),
        (
            "http://host/?significance=1&author=me",
            "http://host/?significance=1&author=me",
        ),
        ("me@host:port, no address", "me@host:port, no address"),
    ],
)
def test_options_are_hidden_and_what_is_no_secret_is_left(text: str, expected: str) -> None:
    assert redacted(text) == expected


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=6))
def test_no_password_gets_through(password: str) -> None:
    text = f"postgresql://me:#{password}#@host/db"
    assert f"#{password}#" not in redacted(text) and redacted(text).startswith(
        "postgresql://me:***"
    )


def test_a_veiled_word_means_the_same_and_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from omegaconf import OmegaConf

    address = "postgresql://me:se/cr et@host/db?password=other"
    word = veiled(f"tracking.uri='{address}'")
    assert "cr et" not in word and "other" not in word
    value = word.partition("=")[2].strip("'")
    assert OmegaConf.create({"uri": value}).uri == address
    assert redacted(word) == "tracking.uri='postgresql://me:***@host/db?password=***'"
    assert veiled(f"tracking.uri='{address}'") == word
    assert redacted("the server says: se/cr et is wrong") == "the server says: *** is wrong"


def test_words_without_an_address_stay_as_they_are() -> None:
    words = ["data=sample", "seed=1,2", "data.train=a@b.conll", "tracking.uri=sqlite:///x.db", "-m"]
    assert [veiled(word) for word in words] == words


def test_a_log_holds_no_password_of_a_message_or_a_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.handler.addFilter(Redaction())
    try:
        raise OSError("postgresql://me:secret@host is down")
    except OSError:
        logging.getLogger("sciner").exception("lost %s", "postgresql://me:secret@host")
    assert "secret" not in caplog.text and "lost postgresql://me:***@host" in caplog.text
