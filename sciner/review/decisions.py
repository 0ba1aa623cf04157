"""What a person has decided, kept in files after each decision."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.results.people import record_to_label
from sciner.results.returned import spans_of_answer
from sciner.review.work import Item, Work, unfinished_file
from sciner.store.locks import Busy, held, takeover
from sciner.text.corpus import Sentence
from sciner.text.formats.check import located
from sciner.text.formats.exchange.fields import as_json, seconds
from sciner.text.formats.exchange.label_studio import record_of_task, task_of, write_tasks
from sciner.text.formats.fields import parse_object
from sciner.text.formats.objects import read_objects
from sciner.text.formats.record import Origin, record_of
from sciner.text.formats.row import parse_row
from sciner.text.spans import Span

Task = dict[str, Any]  # of Label Studio


@dataclass(frozen=True, slots=True)
class Decision:
    """How a sentence is labelled now.

    Attributes:
        spans: in order.
        done: whether the person has confirmed them.
        seconds: that the person has spent on the sentence.
        revision: how often it was saved since the review was opened.
    """

    spans: tuple[Span, ...]
    done: bool = False
    seconds: float = 0.0
    revision: int = 0


@contextmanager
def opened(work: Work) -> Iterator[Decisions]:
    """Open the decisions of a ``Work``, which no other process can open at the same time.

    Raises:
        InputError: another one has, or a file cannot be read.
    """
    lock = work.file.with_name(f".{work.file.stem}.lock")
    try:
        with held(lock, wait=takeover(lock)):
            yield Decisions(work)
    except Busy:
        raise InputError(
            f"another sciner review of {work.annotator} is open",
            file=work.file,
            hint="use that one, or give another --annotator",
        ) from None


class Stale(Exception):
    """Another tab has saved the sentence in the meantime.

    Attributes:
        now: what it has saved.
    """

    def __init__(self, now: Decision) -> None:
        super().__init__("another tab has changed this sentence")
        self.now = now


class Decisions:
    """The decisions of one person about the sentences of a ``Work``.

    The label file has the sentences that are done, as tasks of Label Studio with an annotation (its
    lead_time in seconds, its annotator) and the spans to start from as a prediction. A hidden file
    beside it has those that were changed but not confirmed. Tasks that are not of this work stay.

    Attributes:
        of: the decision about each sentence, by id.
    """

    def __init__(self, work: Work) -> None:
        """Read what was decided before.

        Raises:
            InputError: a file has something that ``sciner loop continue`` would not read.
        """
        self.work = work
        self.of = {id: Decision(item.proposal.spans) for id, item in work.items.items()}
        self.files = {True: _File(work.file), False: _File(unfinished_file(work.file))}
        self._one = threading.Lock()
        # a process that died while it saved a sentence left it in both files: the later one counts
        older, newer = sorted(self.files, key=lambda done: self.files[done].seen or (0, 0))
        for done in (older, newer):
            file = self.files[done]
            for id, (number, task) in file.read().items():
                if item := work.items.get(id):
                    with located(file.path, number):
                        spans, spent = self._checked(item, task)
                    self.of[id] = Decision(spans, done, spent)
        for id in self.of.keys() & self.files[newer].tasks.keys():
            self.files[older].drop(id)

    def __len__(self) -> int:
        """How many sentences are done."""
        return sum(one.done for one in self.of.values())

    def save(self, row: Mapping[str, Any]) -> Decision:
        """Keep the labels of a sentence, on disk.

        Args:
            row: "id", "tokens", "spans" ([start, end, class] in tokens), "done", "seconds", and the
                "revision" that was changed.

        Returns:
            The decision.

        Raises:
            InputError: what is wrong with the labels, as ``sciner loop continue`` says it.
            Stale: another tab was faster.
        """
        id, done = row.get("id"), row.get("done")
        item = self.work.items.get(id) if isinstance(id, str) else None
        if item is None:
            raise InputError(f"{str(id)[:40]!r} is not a sentence of this review")
        if not isinstance(done, bool):
            raise InputError('"done" is not true or false')
        (read,) = parse_row({key: row.get(key) for key in ("id", "tokens", "spans")})
        if read.spans is None:
            raise InputError(f'no "spans" of {id}', hint="write [] for none")
        task = self._task(item, read.tokens, read.spans, seconds(row, "seconds") or 0.0)
        spans, spent = self._checked(item, task)
        with self._one:
            known = self.of[item.sentence.id]
            if row.get("revision") != known.revision:
                raise Stale(known)
            self.files[done].put(item.sentence.id, task)  # first, so that a crash loses nothing
            self.files[not done].drop(item.sentence.id)
            self.of[item.sentence.id] = Decision(spans, done, spent, known.revision + 1)
            return self.of[item.sentence.id]

    def close(self) -> None:
        """Wait until what is being saved is on disk. Nothing is saved afterwards."""
        self._one.acquire()

    def _task(
        self, item: Item, tokens: tuple[str, ...], spans: tuple[Span, ...], spent: float
    ) -> Task:
        record = record_of(Sentence(item.sentence.id, tokens, spans))
        task = task_of(replace(record, origin=Origin(seconds=round(spent, 1))))
        task["annotations"][0]["annotator"] = self.work.annotator
        if item.proposal.confidences:
            offered = task_of(record_to_label(item.sentence, item.proposal))
            task["predictions"] = offered["predictions"]
        return parse_object(as_json(task))  # as it will be read

    def _checked(self, item: Item, task: Task) -> tuple[tuple[Span, ...], float]:
        """(spans, seconds) of a task, read as ``sciner loop continue`` reads it."""
        record = record_of_task(task, "", None, Counter())
        spans = spans_of_answer(record, item.sentence.tokens, self.work.labels)
        return spans, record.origin.seconds or 0.0


class _File:
    """A file of tasks; it is always complete.

    Attributes:
        path: of the file.
        tasks: in JSON, by sentence id.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tasks: dict[str, str] = {}
        self.seen = self._state()

    def read(self) -> dict[str, tuple[int, Task]]:
        """The tasks of the file, each with its line."""
        found: dict[str, tuple[int, Task]] = {}
        for number, task in read_objects(self.path) if self.path.is_file() else ():
            with located(self.path, number):
                id = record_of_task(task, self.path.stem, number, Counter()).id
                if id in found:
                    raise InputError(f"{id} occurs twice", hint="keep one of them")
            found[id] = number, task
        self.tasks = {id: as_json(task) for id, (_, task) in found.items()}
        return found

    def put(self, id: str, task: Task) -> None:
        self._write({**self.tasks, id: as_json(task)})

    def drop(self, id: str) -> None:
        if id in self.tasks:
            self._write({other: task for other, task in self.tasks.items() if other != id})

    def _write(self, tasks: dict[str, str]) -> None:
        if self._state() != self.seen:
            raise InputError(
                "another program has changed it",
                file=self.path,
                hint="stop sciner review and start it again",
            )
        write_tasks(self.path, list(tasks.values()))
        self.tasks, self.seen = tasks, self._state()

    def _state(self) -> tuple[int, int] | None:
        """Whether the file is the one that was seen last."""
        if not self.path.exists():
            return None
        found = self.path.stat()
        return found.st_mtime_ns, found.st_size
