"""Runs to review without the hours: one that waits for people, one that has silver."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from sciner.policy.cost import Proposal
from sciner.policy.people import LabelsWanted
from sciner.results.people import WAITING, PeopleFolder
from sciner.results.suspects import write_suspects
from sciner.review.decisions import opened
from sciner.review.server import ReviewServer
from sciner.review.work import open_work
from sciner.score.errors import Kind
from sciner.score.suspects import Suspect, Suspected
from sciner.text.corpus import Example, Sentence
from sciner.text.formats.exchange.base import find_exchange
from sciner.text.formats.jsonl import write_examples_jsonl
from sciner.text.spans import Span

LABELS = ("Method", "Task")
NASTY = ("</script><script>alert(1)</script>", "<img", "src=x", "onerror=alert(2)>", "\U0001f600")
SENTENCES = [
    Sentence("d#0", ("We", "train", "BERT", "models", "for", "parsing", ".")),
    Sentence("d#1", NASTY),
    Sentence("d#2", ("Nothing", "is", "here", ".")),
]
SPANS = {
    "d#0": Proposal((Span(2, 3, "Method"), Span(5, 6, "Task")), (0.9, 0.625)),
    "d#1": Proposal((Span(0, 2, "Task"),), (0.5,)),
}
LONGER = Suspect(Kind.WRONG_BOUNDARY, Span(2, 3, "Method"), Span(2, 4, "Method"), 0.125, 0.875)


def waiting_run(
    path: Path, format: str = "label_studio", sentences: Sequence[Sentence] = SENTENCES
) -> PeopleFolder:
    """A run that waits for the labels of its first batch."""
    folder = PeopleFolder(path)
    file = folder.ask(LabelsWanted(sentences, sentences, SPANS), 1, find_exchange(format))
    waiting = {"round": 1, "file": str(file.relative_to(path))}
    about = {"id": "w", "name": "seed=0", "labels": LABELS, "status": WAITING, "waiting": waiting}
    (path / "run.json").write_text(json.dumps(about))
    annotator = {"kind": "people", "adjudicate": None, "format": format}
    (path / "config.yaml").write_text(yaml.safe_dump({"annotator": annotator}))
    return folder


def silver_run(
    path: Path,
    suspects: Sequence[Suspect] = (LONGER,),
    sentences: Sequence[Sentence] = SENTENCES,
    labels: Sequence[str] = LABELS,
) -> Path:
    """A finished run of two rounds, the second with silver."""
    about = {"id": "s", "name": "threshold=fixed", "labels": labels, "status": "FINISHED"}
    for number, silver in enumerate(([], sentences)):
        examples = [Example(Sentence("g#0", ("gold",)), ())]
        for s in silver:
            spans, sure = SPANS.get(s.id, Proposal())
            examples.append(Example(s, spans, "silver", number, sure))
        write_examples_jsonl(path / f"round_{number}" / "annotated.jsonl", examples)
    found = [Suspected(Example(SENTENCES[0], SPANS["d#0"].spans, "silver", 1), tuple(suspects))]
    write_suspects(path / "round_1" / "suspects.jsonl", found if suspects else [])
    (path / "run.json").write_text(json.dumps(about))
    (path / "rounds.jsonl").write_text("")
    return path


@contextmanager
def reviewed(run: Path) -> Iterator[ReviewServer]:
    """The page of anna's review of a run, served by a thread."""
    with opened(open_work(str(run), run, "anna")) as decisions, ReviewServer(decisions) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
