"""What `sciner annotate` has written into a folder: one line for each annotated file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from sciner.errors import InputError
from sciner.hashing import checksum
from sciner.run.annotate import Settings
from sciner.run.annotated import COUNTED
from sciner.run.saved import ABOUT
from sciner.store.locks import Busy, held, remove_if_free
from sciner.text.formats.atomic import write_lines
from sciner.text.formats.running import READER

NAME = ".manifest"  # without the suffix of label files
LOCK = ".annotate.lock"


def identity(tagger: Path, settings: Settings, **more: Any) -> dict[str, Any]:
    """What identifies a tagger and the settings of an annotation.

    Args:
        tagger: the folder of the saved tagger.
        settings: of the annotation.
        **more: settings of the computation that change its result.
    """
    return {
        "tagger": checksum(tagger / ABOUT),  # it has the checksums of the other files
        "format": settings.to.name if settings.to else "jsonl",
        "from": settings.format,
        "tokenised": settings.tokenised,
        "confidence": settings.confidence,
        "threshold": asdict(settings.threshold) if settings.threshold else None,
        "reader": READER,
        **more,
    }


class Entry(BaseModel):
    """An annotated file.

    Attributes:
        input: its path below the folder of the input.
        sha256: of its content.
        outputs: the files written for it, relative to the folder.
        by: the tagger and the settings.
        sentences, tokens, spans, rejected: their numbers; the latter are spans below the threshold.
        seconds: since the file before it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    input: str
    sha256: str
    outputs: tuple[str, ...]
    by: dict[str, Any]
    sentences: int
    tokens: int
    spans: int
    rejected: int
    seconds: float


class Manifest:
    """The entries of a folder, in a hidden file that readers of the folder do not see.

    Args:
        folder: of the output.
        by: the tagger and the settings of the next entries.
    """

    def __init__(self, folder: Path, by: dict[str, Any]) -> None:
        self.folder, self.file, self.by = folder, folder / NAME, by
        # by input and outputs: a file can be annotated in several formats
        self.entries: dict[str, dict[tuple[str, ...], Entry]] = {}
        lines = (
            self.file.read_text(encoding="utf-8", errors="replace") if self.file.exists() else ""
        )
        for line in lines.split("\n"):
            try:
                self._note(Entry.model_validate_json(line))
            except ValidationError:  # the last line of a process that was killed
                continue
        if lines:
            self.write()

    def has(self, name: str, sha256: str) -> bool:
        """Whether a file has been annotated in this way, and its outputs are still there."""
        return any(
            (entry.sha256, entry.by) == (sha256, self.by)
            and all((self.folder / output).is_file() for output in entry.outputs)
            for entry in self.entries.get(name, {}).values()
        )

    def add(
        self,
        name: str,
        sha256: str,
        outputs: Sequence[Path],
        counts: Mapping[str, int],
        seconds: float,
    ) -> None:
        """Add a line for a file; see ``Entry``."""
        entry = Entry(
            input=name,
            sha256=sha256,
            outputs=tuple(str(output.relative_to(self.folder)) for output in outputs),
            by=self.by,
            seconds=round(seconds, 3),
            **{key: counts[key] for key in COUNTED},
        )
        self._note(entry)
        with self.file.open("a", encoding="utf-8") as stream:
            stream.write(entry.model_dump_json() + "\n")

    def write(self) -> None:
        """Write the entries anew, without those that were replaced."""
        entries = (entry for found in self.entries.values() for entry in found.values())
        write_lines(self.file, (entry.model_dump_json() for entry in entries))

    def _note(self, entry: Entry) -> None:
        self.entries.setdefault(entry.input, {})[entry.outputs] = entry


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from writing into a folder; a new one is removed if it stays empty.

    Raises:
        InputError: another process writes into it.
    """
    absent = not folder.exists()
    try:
        with held(folder / LOCK, wait=0):
            yield
    except Busy:
        raise InputError(
            "another sciner annotate writes into this folder",
            file=folder,
            hint="wait until it ends, or name another folder",
        ) from None
    finally:
        if remove_if_free(folder / LOCK) and absent and not any(folder.iterdir()):
            folder.rmdir()
