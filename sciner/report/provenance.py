"""Provenance of the compared runs: versions, commit, dates, corpora."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sciner.report.render import NONE
from sciner.results.records import Record

SHOWN = ("sciner", "python", "torch", "transformers", "python-crfsuite")  # of the versions
SHORT = 12  # characters of a commit or a digest


def provenance(runs: Sequence[Record]) -> list[tuple[str, str]]:
    """List (what, values) for the head of the page; several values if the runs differ."""
    tags = [run.about["tags"] for run in runs]
    versions = [
        f"{name} {' / '.join(found)}"
        for name in SHOWN
        if (found := _distinct(tag.get(f"version.{name}") for tag in tags))
    ]
    commits = _distinct(
        tag["git.commit"][:SHORT]
        + (" with uncommitted changes" if tag.get("git.dirty") == "true" else "")
        for tag in tags
        if "git.commit" in tag
    )
    digests = _distinct(
        f"{run.corpus} {run.about['tags']['sciner.corpus_digest'][:SHORT]}"
        for run in runs
        if "sciner.corpus_digest" in run.about["tags"]
    )
    days = sorted(_day(run.about[at]) for run in runs for at in ("started", "ended"))
    return [
        ("Versions", ", ".join(versions) or NONE),
        ("Commit of the working directory", ", ".join(commits) or "not in a Git repository"),
        ("Run", days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"),
        ("Corpus (SHA-256)", ", ".join(digests) or NONE),
    ]


def _distinct(values: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
