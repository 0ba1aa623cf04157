"""The folder of a run, which is a stable interface for scripts (docs/results.md)."""

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
from sciner.store.locks import Busy, Kind, held, is_held, takeover
from sciner.text.corpus import Example, Sentence, reading_order
from sciner.text.formats.conll import write_examples_conll
from sciner.text.formats.jsonl import write_examples_jsonl, write_jsonl
from sciner.text.formats.running import READER

log = logging.getLogger(__name__)

VERSION = 2  # of run.json and rounds.jsonl; in version 1 some settings had other names
LOCK = ".sciner.lock"  # in a folder that a run or a sweep is writing
NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.ESTALE, errno.EIO)


@contextmanager
def reserved(path: Path, kind: Kind = "auto") -> Iterator[None]:
    """Reserve a folder for one run or sweep until its process ends.

    On a file system without locks a warning says that the folder is not protected.

    Args:
        path: the folder.

    Raises:
        InputError: another run uses the folder, or it cannot be written.
    """
    lock = path / LOCK
    with ExitStack() as stack:
        try:
            stack.enter_context(held(lock, wait=takeover(lock), kind=kind))
        except Busy:
            raise in_use_error(path) from None
        except OSError as error:
            if error.errno not in NO_LOCKS:
                why = f"the folder cannot be written ({error.strerror})"
                raise InputError(
                    why, file=path, hint="set hydra.run.dir=DIR, or hydra.sweep.dir=DIR for a sweep"
                ) from None
            log.warning(
                "%s cannot be locked (%s): do not start another run in it", path, error.strerror
            )
        yield


def in_use(path: Path) -> bool:
    """Whether a run is active in ``path``, or a sweep in a folder above it."""
    locks = (folder / LOCK for folder in (path, *path.absolute().parents))
    return any(os.access(lock.parent, os.X_OK) and is_held(lock) for lock in locks)


def in_use_error(path: Path) -> InputError:
    """The error for a folder that another run is writing."""
    hint = "wait until it ends, or set another hydra.run.dir=DIR (hydra.sweep.dir=DIR for a sweep)"
    return InputError("another run is active in this folder", file=path, hint=hint)


def as_typed(place: Path) -> str:
    """As typed from the working directory, where it lies below."""
    here = Path.cwd()
    return str(place.relative_to(here)) if place.is_relative_to(here) else str(place)


def write_whole(file: Path, text: str) -> None:
    """Write a file so that a killed process leaves either the old or the new content."""
    unfinished = file.with_name(f".{file.name}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(file)


@dataclass
class RunFolder:
    """A run's files: ``rounds.jsonl``, ``config.yaml``, ``run.json`` and one folder per round.

    A new run replaces an older one in the same folder.

    Attributes:
        path: of the folder.
        last_round: the folder of the round written last.
    """

    path: Path
    last_round: Path

    @classmethod
    def create(
        cls, path: Path, config: Mapping[str, Any], about: Mapping[str, Any] | None = None
    ) -> RunFolder:
        """Create the folder with ``config.yaml`` and ``run.json``; an older run is removed.

        Args:
            path: of the folder.
            config: of the run; secrets are removed.
            about: what is recorded of the run, for the tracker too.
        """
        import yaml

        path.mkdir(parents=True, exist_ok=True)
        folder = cls(path, path)
        # an older run, whose rounds must not be mixed with the new ones; if this is interrupted,
        # the next start removes the rest
        if folder.rounds.exists() or folder.run.exists():
            folder.rounds.unlink(missing_ok=True)
            for old in (*path.glob("round_*"), path / "model"):
                if old.is_symlink():  # its target does not belong to this run
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
        """Add ``more`` to ``run.json``, and return its content."""
        known = (
            json.loads(self.run.read_text(encoding="utf-8"))
            if self.run.exists() and "started" not in more
            else {"version": VERSION}
        )
        known |= more
        write_whole(self.run, json.dumps(known, indent=1, ensure_ascii=False) + "\n")
        return known

    def archive(self, root: Path) -> None:
        """Copy the run's records, without its corpora, below ``root``, to rebuild a tracker."""
        place = root / self.about()["id"]
        place.mkdir(parents=True, exist_ok=True)
        # run.json is last: if it exists, the others are complete
        for name in ("config.yaml", "rounds.jsonl", "run.json"):
            unfinished = place / f".{name}"
            shutil.copyfile(self.path / name, unfinished)
            unfinished.replace(place / name)

    @property
    def run(self) -> Path:
        """The file ``run.json``."""
        return self.path / "run.json"

    @property
    def rounds(self) -> Path:
        """The file ``rounds.jsonl``."""
        return self.path / "rounds.jsonl"

    @property
    def config(self) -> Path:
        """The file ``config.yaml``."""
        return self.path / "config.yaml"

    def write_gold(self, test: Iterable[Sentence], pool: Iterable[Sentence]) -> None:
        """Write the gold of test and the withheld gold of the pool, to show predictions beside it.

        A set without gold has no file.
        """
        for name, sentences in (("test_gold.jsonl", test), ("pool_gold.jsonl", pool)):
            if known := [s for s in sentences if s.spans is not None]:
                write_jsonl(self.path / name, known)

    def write_round(self, done: Round) -> None:
        """Write the annotated corpus, the test predictions and, last, the line in ``rounds.jsonl``.

        So a round with a line is complete.
        """
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
        """The lines of ``rounds.jsonl``."""
        return [json.loads(line) for line in self.rounds.read_text(encoding="utf-8").splitlines()]


def same_point_id(run: Path, point: str, status: str | None = None) -> str:
    """The id of the run in a folder, if it is this ``point``; else empty.

    Args:
        run: the folder.
        point: as in the tags of a run.
        status: that it must have; None is any.
    """
    try:
        about = json.loads((run / "run.json").read_text(encoding="utf-8"))
        same = about["tags"]["sciner.point"] == point and status in (None, about["status"])
        return str(about["id"]) if same else ""
    except (OSError, ValueError, TypeError, KeyError):
        return ""
