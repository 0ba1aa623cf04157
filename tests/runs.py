"""Finished runs without the hours: folders as a run leaves them, with the figures that a test
wants."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sciner.results.folder import VERSION, RunFolder


def write_run(
    path: Path,
    words: str,
    rounds: Sequence[Mapping[str, float]],
    *,
    corpus: str = "sample",
    counts: Sequence[Sequence[Sequence[int]]] | None = None,
    started: float = 0,
    **config: Any,
) -> Path:
    """A run of ``words`` (key=value), whose configuration and choices of files follow from them,
    and from ``config``.

    rounds: the scores of each. counts: [rounds, documents, 3].
    """
    params = dict(word.split("=", 1) for word in words.split())
    settings: dict[str, Any] = {
        "seed": int(params["seed"]),
        "data": {"seed_size": "10%"},
        "threshold": {},
        **config,
    }
    choices = {"data": corpus, "threshold": "accept_all", "model": "crf"}
    for key, value in params.items():
        group, _, name = key.partition(".")
        if name:
            settings.setdefault(group, {})[name] = value
        elif group in choices:
            choices[group] = value
    tags = {
        "sciner.corpus": corpus,
        **{f"choice.{group}": choice for group, choice in choices.items()},
    }
    about = {"id": path.name, "name": words, "params": params, "tags": tags, "labels": ["Task"]}
    folder = RunFolder.create(path, settings, about)
    lines = [
        {"version": VERSION, "round": k, "scores": scores, "steps": [], "losses": []}
        for k, scores in enumerate(rounds)
    ]
    for line, rows in zip(lines, counts or (), strict=False):
        line["counts"] = {"test": rows}
    folder.rounds.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    started = started or float(len(list(path.parent.iterdir())))
    # with started, it writes all anew
    folder.about(**about, status="FINISHED", started=started, ended=started, cache="")
    return path
