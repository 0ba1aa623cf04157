"""A folder is annotated into a folder: one output for each input, complete or absent, and nothing
twice."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sciner.errors import InputError
from sciner.policy.threshold.resolved import Resolved
from sciner.run.annotate import Settings, Summary, annotate
from sciner.run.annotate_folder import annotate_folder
from sciner.run.manifest import NAME, Manifest
from sciner.tagger.base import FitReport
from sciner.text.corpus import Sentence
from sciner.text.formats.exchange.base import EXCHANGES
from sciner.text.prediction import Prediction
from sciner.text.spans import Span
from tests.pdfs import Shown, pdf

FILES = {
    "a.txt": "We use BERT.\n",
    "2024/a.txt": "It wins.\r\nBERT wins. BERT-based!",
    "b.txt": "It is.\nNo",
}


@dataclass
class Finder:
    """Finds BERT, less surely the longer the sentence. asked: the sizes of its batches. stop: a
    sentence with this token interrupts it."""

    asked: list[int] = field(default_factory=list)
    stop: str = ""
    report = FitReport(0, 0, 0.0, ())

    def predict(self, sentences: Sequence[Sentence]) -> Iterator[Prediction]:
        self.asked.append(len(sentences))
        for s in sentences:
            if self.stop in s.tokens:
                raise KeyboardInterrupt
            size = len(s.tokens)
            spans = tuple(Span(i, i + 1, "Method") for i, t in enumerate(s.tokens) if t == "BERT")
            sure = np.full(size, 1 / size, np.float32)
            yield Prediction(s, spans, np.ones((size, 3), np.float16), sure)

    def save(self, directory: Path) -> None: ...


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCINER_DATA", str(tmp_path / "cache"))
    for name, text in FILES.items():
        write(f"in/{name}", text)
    return tmp_path


def write(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8", newline="")


def run(*inputs: str, tagger: Finder | None = None, by: str = "x", **how: Any) -> Summary:
    to = how.get("to")
    return annotate_folder(
        lambda: tagger or pytest.fail("opened"),
        inputs or ["in"],
        Path("out"),
        Settings(**how),
        {"tagger": by, "format": to.name if to else "jsonl"},
    )


def content() -> dict[str, bytes]:
    files = (file for file in Path("out").rglob("*") if file.is_file())
    return {str(f.relative_to("out")): f.read_bytes() for f in files if f.name != NAME}


def entries() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path("out", NAME).read_text().splitlines()]


def test_each_input_has_an_output_and_a_line_and_they_share_batches() -> None:
    done = run(tagger=(tagger := Finder()))
    assert sorted(content()) == ["2024/a.jsonl", "a.jsonl", "b.jsonl"] and tagger.asked == [6]
    rows = [json.loads(line) for line in content()["2024/a.jsonl"].splitlines()]
    assert [row["id"] for row in rows] == [f"input/2024/a#{i}" for i in range(3)]
    text = FILES["2024/a.txt"]
    spans = [span for row in rows for span in row["spans"]]
    assert [text[s["start_char"] : s["end_char"]] for s in spans] == ["BERT"]
    assert (done.sentences, done.spans, done.files, done.skipped) == (6, 2, "3 .txt", 0)
    assert [(e["input"], e["outputs"], e["sentences"], e["spans"]) for e in entries()] == [
        ("2024/a.txt", ["2024/a.jsonl"], 3, 1),
        ("a.txt", ["a.jsonl"], 1, 1),
        ("b.txt", ["b.jsonl"], 2, 0),
    ]


def test_what_is_annotated_is_skipped_unless_it_would_be_different() -> None:
    run(tagger=Finder())
    before = content()
    assert run().skipped == 3 and content() == before
    write("in/a.txt", "BERT BERT")
    Path("out/b.jsonl").unlink()
    assert run(tagger=Finder()).skipped == 1
    assert [e["spans"] for e in entries()] == [1, 2, 0]
    assert run(tagger=Finder(), by="y").skipped == 0
    assert run(tagger=Finder(), to=EXCHANGES["conll"], by="y").skipped == 0
    assert run(by="y").skipped == 3 and "a.conll" in content()


def test_an_interruption_leaves_complete_outputs_and_the_same_call_goes_on() -> None:
    run(tagger=Finder())
    whole = content()
    for file in whole:
        Path("out", file).unlink()
    with pytest.raises(KeyboardInterrupt):
        run(tagger=Finder(stop="No"))
    assert content().keys() == {"2024/a.jsonl", "a.jsonl"}
    with Path("out", NAME).open("a") as manifest:
        manifest.write('{"input": "b.t')  # killed
    assert run(tagger=Finder()).skipped == 2
    assert content() == whole and len(entries()) == 3


def test_an_output_of_an_earlier_content_is_never_taken_for_that_of_the_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run(tagger=Finder())
    write("in/a.txt", "Nothing here.\n")

    def killed(manifest: Manifest, *about: Any) -> None:
        add(manifest, *about)
        raise KeyboardInterrupt

    add = Manifest.add
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Manifest, "add", killed)
        run(tagger=Finder())
    assert run(tagger=Finder()).skipped == 2
    assert b"Nothing" in content()["a.jsonl"]


def test_a_fault_in_any_file_leaves_nothing() -> None:
    Path("in/c.txt").write_bytes(b"We\n\xff")
    with pytest.raises(InputError, match=r"in/c\.txt:2: byte 0xff is not UTF-8"):
        run(tagger=Finder())
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("inputs", "files", "fault"),
    [
        (["."], (), "out: inputs and outputs would be mixed"),
        (
            ["in", "out/x.txt"],
            ("out/x.txt", f"out/{NAME}"),
            "out: inputs and outputs would be mixed",
        ),
        (
            ["in"],
            ("in/a.jsonl",),
            "in/a.txt: its output would have the same name as that of in/a.j",
        ),
        (["in", "in/a.txt"], (), "in/a.txt: its output would have the same name as that of in/a.t"),
        (["in"], ("out/z.jsonl",), "out: it has files that no sciner annotate has written"),
        (["in"], ("out",), "out: not a folder"),
    ],
)
def test_a_folder_that_is_not_for_outputs_alone_is_refused(
    inputs: list[str], files: Sequence[str], fault: str
) -> None:
    for name in files:
        write(name, '{"tokens": ["We"]}\n')
    with pytest.raises(InputError, match=f"^{fault}"):
        run(*inputs, tagger=Finder())


def test_a_file_of_several_documents_shares_its_folder_with_no_other() -> None:
    """Its documents would replace those of the folder of the same name."""
    write("in/j.jsonl", '{"text": "We use BERT alpha"}\n')
    write("in/j/deeper/j.txt", "We use NER beta.\n")
    with pytest.raises(InputError, match=r"j\.txt: its output would be among those of in/j\.jsonl"):
        run(tagger=Finder(), to=EXCHANGES["brat"])
    assert not Path("out").exists()
    run(tagger=Finder())
    assert {"j.jsonl", "j/deeper/j.jsonl"} <= content().keys()


def test_a_name_that_is_no_utf_8_is_refused() -> None:
    Path(os.fsdecode(b"in/bad\xff.txt")).write_text("We use BERT.\n")
    with pytest.raises(InputError, match=r"bad.*\.txt: its name is not UTF-8; rename it"):
        run(tagger=Finder())
    assert not Path("out").exists()


def test_spans_below_the_threshold_are_rejected() -> None:
    threshold = Resolved({"": 0.0, "Method": 0.3})
    done = run(tagger=Finder(), threshold=threshold)
    rows = [json.loads(line) for name in sorted(content()) for line in content()[name].splitlines()]
    assert [(len(r["spans"]), len(r.get("rejected", ()))) for r in rows] == [
        *((0, 0), (1, 0), (0, 0), (0, 1), (0, 0), (0, 0))
    ]
    assert rows[3]["masked"] == [2] and rows[3]["rejected"][0]["end_char"] == 11
    assert (done.spans, done.rejected) == (1, 1)
    done = run(tagger=Finder(), threshold=threshold, to=EXCHANGES["brat"])
    assert content()["a.ann"] == b"" and done.lost["spans below the threshold left out"] == 1


def test_the_text_of_a_pdf_is_kept_beside_its_spans() -> None:
    pytest.importorskip("pypdfium2", reason="needs pypdfium2")
    Path("in/b.pdf").write_bytes(pdf([Shown("left out, as its text is there", 700)]))
    Path("in/c.pdf").write_bytes(pdf([Shown("A title", 700)], [Shown("We use BERT.", 700)]))
    run(tagger=Finder())
    assert content()["c.txt"] == b"A title\nWe use BERT.\n" and "b.txt" not in content()
    assert [json.loads(row)["page"] for row in content()["c.jsonl"].splitlines()] == [1, 2]
    assert run(tagger=Finder()).skipped == 4
    Path("out/c.txt").unlink()
    assert run(tagger=Finder()).skipped == 3
    annotate(Finder(), ["in/c.pdf"], Path("c.jsonl"))
    assert Path("c.texts/c.txt").read_bytes() == content()["c.txt"]


def test_a_sentence_of_a_json_object_is_a_text_and_its_white_space_is_counted() -> None:
    rows = [{"text": "We use  BERT. BERT wins ."}, {"tokens": ["BERT", "."]}]
    write("one/x.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    done = run("one", tagger=Finder(), to=EXCHANGES["doccano"])
    found = [json.loads(line) for line in content()["x.jsonl"].splitlines()]
    assert [(row["text"], row["label"]) for row in found] == [
        ("We use BERT .", [[7, 11, "Method"]]),
        ("BERT wins .", [[0, 4, "Method"]]),
        ("BERT .", [[0, 4, "Method"]]),
    ]
    assert done.lost["texts whose white space becomes single spaces"] == 1
    assert [row["sciner_id"] for row in found] == ["x#0", "x#1", "x#2"]


PIECES = ("We", "BERT", "BERT-based", "Me\u0301thode", "\U0001d6fc", "हिन्दी", "F1", ".", ",")
BLANKS = (" ", "  ", "\n", "\r\n", "\t", "\u00a0", "")
texts = st.lists(
    st.tuples(st.sampled_from(PIECES), st.sampled_from(BLANKS)), min_size=1, max_size=12
).map(lambda pairs: "".join(a + b for a, b in pairs))
LABELLED = sorted(
    name for name, e in EXCHANGES.items() if e.write and {"edges", "tokens"} & e.holds
)
EACH = [
    pytest.param(name, marks=[pytest.mark.slow] if name in ("datasets", "docbin") else [])
    for name in LABELLED
]


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=texts)
@pytest.mark.parametrize("name", EACH)
def test_in_every_format_a_span_is_where_its_text_is(name: str, text: str) -> None:
    """And formats that store spans anywhere have the text as it was."""
    exchange = EXCHANGES[name]
    try:
        exchange.check_installed()
    except InputError as error:
        pytest.skip(str(error))
    write("one/x.txt", text)
    run("one", tagger=Finder(), to=exchange)
    read = [
        record
        for output in entries()[-1]["outputs"]
        if not (name == "brat" and output.endswith(".txt"))
        for record in exchange.read(Path("out", output), Counter())
    ]
    marks = [(record.text, mark) for record in read for mark in record.marks or ()]
    found = annotate(Finder(), ["one"], Path("x.jsonl"))
    assert len(marks) == found.spans
    assert all(shown[mark.start : mark.end] == "BERT" for shown, mark in marks)
    if "edges" in exchange.holds and {"text", "lines"} <= exchange.holds:
        assert [record.text for record in read] == [text]
