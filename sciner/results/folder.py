"""A run's folder: what every round left on disk, the stable interface for scripts
(docs/results.md)."""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.loop.rounds import Round
from sciner.redact import redacted
from sciner.results.suspects import SUSPECTS, write_suspects
from sciner.store.locks import Busy, held, is_held
from sciner.text.corpus import Example, Sentence, reading_order
from sciner.text.formats.conll import write_examples_conll
from sciner.text.formats.jsonl import write_examples_jsonl, write_jsonl
from sciner.text.formats.running import READER

log = logging.getLogger(__name__)

VERSION = 2  # of run.json and of a line of rounds.jsonl; 1: names of settings were others
LOCK = ".sciner.lock"  # in a folder that a run or a sweep is writing
NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.ESTALE, errno.EIO)


@contextmanager
def reserved(path: Path) -> Iterator[None]:
    """Hold ``path`` for one run, or one sweep: a folder belongs to one at a time, until its process
    ends.

    Raises InputError where another is at work in it, and where it cannot be written. On a file
    system without locks, a warning says that nothing guards the folder.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(held(path / LOCK, wait=False))
        except Busy:
            raise taken(path) from None
        except OSError as error:
            if error.errno not in NO_LOCKS:
                why = f"the folder cannot be written ({error.strerror})"
                raise InputError(
                    why, file=path, hint="give hydra.run.dir=DIR, or hydra.sweep.dir=DIR"
                ) from None
            log.warning("%s cannot be locked (%s): start no other run in it", path, error.strerror)
        yield


def in_use(path: Path) -> bool:
    """Whether a run is at work in ``path``, or a sweep in a folder above it."""
    locks = (folder / LOCK for folder in (path, *path.absolute().parents))
    return any(os.access(lock, os.F_OK) and is_held(lock) for lock in locks)


def taken(path: Path) -> InputError:
    """The refusal of a folder that another run is writing."""
    hint = "wait until it ends, or give another hydra.run.dir=DIR (hydra.sweep.dir=DIR for a sweep)"
    return InputError("another run is at work in this folder", file=path, hint=hint)


def as_typed(place: Path) -> str:
    """As typed from the working directory, where it lies below."""
    here = Path.cwd()
    return str(place.relative_to(here)) if place.is_relative_to(here) else str(place)


def write_whole(file: Path, text: str) -> None:
    """Write ``text`` so that a kill leaves the old file or the new one, no half."""
    unfinished = file.with_name(f".{file.name}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(file)


@dataclass
class RunFolder:
    """``rounds.jsonl``, ``config.yaml``, ``run.json`` and a folder a round. A run into an older
    one's folder replaces it."""

    path: Path
    last_round: Path

    @classmethod
    def create(
        cls, path: Path, config: Mapping[str, Any], about: Mapping[str, Any] | None = None
    ) -> RunFolder:
        """An empty folder but for ``config.yaml`` and, with ``about`` (what the tracker is told of
        the run), ``run.json``."""
        import yaml

        path.mkdir(parents=True, exist_ok=True)
        folder = cls(path, path)
        if folder.rounds.exists():  # an older run: none of its rounds may be taken for this one's
            folder.rounds.unlink()
            for old in path.glob("round_*"):
                if old.is_symlink():  # what it leads to is not this run's
                    old.unlink()
                elif old.is_dir():
                    shutil.rmtree(old)
            for name in ("test_gold.jsonl", "pool_gold.jsonl"):
                (path / name).unlink(missing_ok=True)
        text = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)
        write_whole(folder.config, redacted(text))
        folder.about(**about or {}, reader=READER, started=time.time())
        return folder

    def about(self, **more: Any) -> dict[str, Any]:
        """``run.json``, after adding ``more`` to it."""
        known = (
            json.loads(self.run.read_text(encoding="utf-8"))
            if self.run.exists() and "started" not in more
            else {"version": VERSION}
        )
        known |= more
        write_whole(self.run, json.dumps(known, indent=1, ensure_ascii=False) + "\n")
        return known

    def archive(self, root: Path) -> None:
        """Keep the run's record (not its corpora) under ``root``, where a tracker can be rebuilt
        from it."""
        place = root / self.about()["id"]
        place.mkdir(parents=True, exist_ok=True)
        # the last says that the others are whole
        for name in ("config.yaml", "rounds.jsonl", "run.json"):
            unfinished = place / f".{name}"
            shutil.copyfile(self.path / name, unfinished)
            unfinished.replace(place / name)

    @property
    def run(self) -> Path:
        return self.path / "run.json"

    @property
    def rounds(self) -> Path:
        return self.path / "rounds.jsonl"

    @property
    def config(self) -> Path:
        return self.path / "config.yaml"

    def write_gold(self, test: Iterable[Sentence], pool: Iterable[Sentence]) -> None:
        """What predictions and silver are shown beside: the gold of the test set, and of the pool
        what is withheld. A set without gold has no file."""
        for name, sentences in (("test_gold.jsonl", test), ("pool_gold.jsonl", pool)):
            if known := [s for s in sentences if s.spans is not None]:
                write_jsonl(self.path / name, known)

    def write_round(self, done: Round) -> None:
        """The annotated corpus, the test predictions, then the round's line: what has a line is
        complete."""
        self.last_round = self.path / f"round_{done.number}"
        self.last_round.mkdir(exist_ok=True)
        examples = reading_order(done.examples)
        write_examples_jsonl(self.last_round / "annotated.jsonl", examples)
        write_examples_conll(self.last_round / "annotated.conll", examples)
        predicted = (
            Example(p.sentence, p.spans, "predicted", done.number, p.span_confidences("min"))
            for p in done.test.read()
        )
        write_examples_jsonl(self.last_round / "test_predictions.jsonl", predicted)
        if done.suspects is not None:
            write_suspects(self.last_round / SUSPECTS, done.suspects)
        hits = sum(step.hit for step in done.steps)
        row = {
            "version": VERSION,
            "round": done.number,
            "scores": done.scores,
            "warnings": done.warnings,
            "acquired": sorted(done.acquired),
            "counts": {name: counts.tolist() for name, counts in done.counts.items()},
            "losses": done.fit.report.losses,
            "steps": [{"step": s.step, "key": s.key, "hit": s.hit} for s in done.steps],
            "cache": {"hits": hits, "misses": len(done.steps) - hits, "seconds": done.seconds},
        }
        with self.rounds.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row, allow_nan=False) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def read(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.rounds.read_text(encoding="utf-8").splitlines()]
