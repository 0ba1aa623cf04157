"""Label files of people: all that is wrong with them is said, and then nothing is kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sciner.errors import InputError
from sciner.policy.cost import Proposal
from sciner.policy.people import LabelsWanted
from sciner.results.people import PeopleFolder
from sciner.results.returned import take_in
from sciner.text.corpus import Sentence
from sciner.text.formats.conll import write_conll
from sciner.text.formats.exchange.base import find_exchange
from sciner.text.formats.record import Mark, record_of
from sciner.text.spans import Span

LABELS = ("Method", "Task")
ASKED = [
    Sentence("train/p#0", ("We", "use", "\U0001f600", "BERT", ".")),
    Sentence("train/p#1", ("BERT-base", "tags", "α", "cells")),
]
PROPOSED = {ASKED[0].id: Proposal((Span(3, 4, "Method"),), (0.75,))}
Row = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PeopleFolder:
    """A batch of two sentences, of which a tagger has labelled one."""
    monkeypatch.chdir(tmp_path)
    found = PeopleFolder(tmp_path)
    found.ask(LabelsWanted(ASKED, ASKED, PROPOSED), 1, find_exchange("doccano"))
    return found


def rows() -> list[Row]:
    """The batch, as a tool exports it."""
    text = Path("people/round_1.jsonl").read_text(encoding="utf-8")
    found = [json.loads(line) for line in text.splitlines()]
    return [row | {"label": row["label"] or []} for row in found]


def refusals(
    folder: PeopleFolder, content: str | Sequence[Row], name: str = "a.jsonl"
) -> list[str]:
    """The lines that refuse a file; nothing of it is kept."""
    if not isinstance(content, str):
        content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content)
    Path("a.jsonl").write_text(content, encoding="utf-8", newline="")
    _, faults = take_in(folder, ["a.jsonl"], LABELS, None, "doccano")
    assert faults and folder.answers() == {}
    assert not any("\n" in str(fault) for fault in faults)
    return [str(fault) for fault in faults]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"sciner_id": "train/p#7"}, "'train/p#7' is not a sentence of a batch; restore"),
        ({"sciner_id": None}, "'a.2' is not a sentence"),
        ({"sciner_id": "train/p#0"}, "the text of train/p#0 was changed"),
        ({"text": "BERT-base tags β cells"}, "of train/p#1 was changed ('β' stands where 'α' was)"),
        ({"text": "BERT-base tags α"}, "was the text edited? restore it"),
        ({"text": "BERT-base tags", "sciner_tokens": None}, "(2 words, it had 4)"),
        ({"sciner_tokens": [[0, 4], [4, 9], [10, 14], [15, 16], [17, 22]]}, "the tokens of train"),
        ({"label": [[0, 4, "Method"]]}, "span 0 4 ('BERT') cuts a token"),
        ({"label": [[1, 10, "Method"]]}, "span 1 9 ('ERT-base') cuts a token"),
        ({"label": [[0, 9, "Method"], [0, 14, "Task"]]}, "'BERT-base' and 'BERT-base tags' over"),
        ({"label": [[0, 9, "Metod"]]}, "unknown label 'Metod'; did you mean 'Method'?"),
        ({"label": [[0, 9, "<b>Method</b>"]]}, "contains HTML; write the name without markup"),
        ({"label": [[0, 90, "Method"]]}, "span 0 90 is outside the text of 22 characters"),
        ({"label": [[9, 0, "Method"]]}, "span 9 0 is empty"),
        ({"text": "BERT-base tags\0α cells"}, "NUL at character 14"),
        ({"text": "x" * 10_000_001}, "an object of 10,000,"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_place(
    folder: PeopleFolder, change: Row, told: str
) -> None:
    first, second = rows()
    (line,) = refusals(folder, [first, second | change])
    assert line.startswith("a.jsonl:2: ") and told in line


def test_every_fault_has_its_line(folder: PeopleFolder) -> None:
    first, second = rows()
    first["label"], second["label"] = [[0, 1, "Method"]], [[0, 9, "Tosk"]]
    unreadable = [second | {"label": [[0, 9, "<b>"]]}, second | {"label": [[0, 99, "Task"]]}]
    lines = refusals(folder, [first, unreadable[0], second, unreadable[1], {"sciner_id": "x"}])
    assert [line.partition(": ")[0] for line in lines] == [f"a.jsonl:{n}" for n in range(1, 6)]


def test_twenty_faults_are_enough(folder: PeopleFolder) -> None:
    wrong = rows()[0] | {"label": [[0, 99, "Task"]]}
    assert len(refusals(folder, [wrong] * 30)) == 20


def test_a_sentence_stands_once_in_a_file(folder: PeopleFolder) -> None:
    (line,) = refusals(folder, [*rows(), rows()[0]])
    assert line == "a.jsonl:3: train/p#0 stands twice; keep one of them"


def test_offsets_that_count_astral_characters_as_two_are_explained(folder: PeopleFolder) -> None:
    first, second = rows()
    first["label"] = [[10, 14, "Method"]]
    (line,) = refusals(folder, [first, second])
    assert line.startswith("a.jsonl:1: ") and "cuts a" in line and "as one, not as two" in line


def test_line_ends_that_an_editor_changed_harm_nothing(folder: PeopleFolder) -> None:
    """Neither those of the file, nor white space within the text that the spans count."""
    first, second = rows()
    second |= {"text": "BERT-base\r\ntags  α cells", "sciner_tokens": None}
    second["label"] = [[17, 24, "Task"]]
    text = "".join(json.dumps(row) + "\r\n" for row in (first, second))
    Path("a.jsonl").write_text(text, encoding="utf-8", newline="")
    _, faults = take_in(folder, ["a.jsonl"], LABELS, None)
    said = folder.answers()
    assert faults == [] and said["train/p#1"][""].spans == (Span(2, 4, "Task"),)
    assert said["train/p#0"][""].spans == (Span(3, 4, "Method"),)


def test_two_files_may_not_differ_in_a_sentence(folder: PeopleFolder) -> None:
    first, second = rows()
    Path("b.jsonl").write_text(json.dumps(first | {"label": []}) + "\n")
    Path("a.jsonl").write_text(json.dumps(first) + "\n" + json.dumps(second))
    _, faults = take_in(folder, ["a.jsonl", "b.jsonl"], LABELS, None)
    assert [str(fault) for fault in faults] == [
        "b.jsonl:1: train/p#0 is labelled in another way in a.jsonl; keep one of them"
    ]
    assert folder.answers() == {}


@pytest.mark.parametrize(
    ("seconds", "told"), [(-1, "number of seconds"), ("1", "number of seconds"), (12.5, "")]
)
def test_time_is_read_as_label_studio_says_it(
    folder: PeopleFolder, seconds: object, told: str
) -> None:
    """JSON-MIN."""
    span = {"start": 9, "end": 13, "text": "BERT", "labels": ["Method"]}
    first = rows()[0] | {"annotation_id": 1, "label": [span], "lead_time": seconds}
    Path("a.json").write_text(json.dumps([first]))
    _, faults = take_in(folder, ["a.json"], LABELS, None)
    assert bool(faults) == bool(told) and told in "".join(map(str, faults))
    if not faults:
        assert folder.answers()["train/p#0"][""].seconds == 12.5


@pytest.mark.parametrize("content", ["", "{", '{"text": "We"', "\0", "[1]", "[{}"])
def test_a_file_that_cannot_be_read_is_one_line(folder: PeopleFolder, content: str) -> None:
    (line,) = refusals(folder, content)
    assert line.startswith("a.jsonl")


def test_masked_tokens_are_no_answer(folder: PeopleFolder) -> None:
    row = {"id": "train/p#1", "tokens": ASKED[1].tokens, "spans": [], "masked": [0]}
    Path("a.jsonl").write_text(json.dumps(row))
    _, (fault,) = take_in(folder, ["a.jsonl"], LABELS, None)
    assert str(fault) == "a.jsonl:1: train/p#1 has masked tokens; label the whole sentence"


def test_a_path_that_leads_nowhere_is_refused(folder: PeopleFolder) -> None:
    with pytest.raises(InputError, match="no such file"):
        take_in(folder, ["b.jsonl"], LABELS, None)


FORMATS = ["argilla", "doccano", "jsonl", "label_studio", "prodigy"]


@pytest.mark.parametrize("format", FORMATS)
def test_what_was_labelled_in_any_format_is_kept(folder: PeopleFolder, format: str) -> None:
    """A file without spans to start from, as a tool's user labels it."""
    exchange = find_exchange(format)
    file = folder.ask(LabelsWanted(ASKED, ASKED, {}), 1, exchange)
    bare = list(exchange.read(file, Counter()))
    assert [record.id for record in bare] == [s.id for s in ASKED]
    assert all(record.marks is None for record in bare)
    labelled = [replace(s, spans=(Span(3, 4, "Task"),)) for s in ASKED]
    out = f"out{exchange.suffix}"
    assert exchange.write
    exchange.write(Path(out), map(record_of, labelled))
    if format == "argilla":  # whose spans are suggestions until a user confirms them
        found, _ = take_in(folder, [out], LABELS, None)
        assert found == {"left out: sentences that nobody has labelled": 2}
        rows = json.loads(Path(out).read_text(encoding="utf-8"))
        for row in rows:
            row["responses"] = {"span": [{"value": row["suggestions"]["span"]["value"]}]}
        Path(out).write_text(json.dumps(rows), encoding="utf-8")
    assert take_in(folder, [out], LABELS, None) == ({"answers": 2}, [])
    said = {id: given[""].spans for id, given in folder.answers().items()}
    assert said == {s.id: s.spans for s in labelled}


def test_spans_to_start_from_are_no_answer_where_the_tool_knows(folder: PeopleFolder) -> None:
    for format in ("argilla", "label_studio"):
        exchange = find_exchange(format)
        file = folder.ask(LabelsWanted(ASKED, ASKED, PROPOSED), 1, exchange)
        (record, _) = exchange.read(file, Counter())
        assert record.marks == (Mark(9, 13, "Method", 0.75),)
        assert take_in(folder, [str(file)], LABELS, None)[0] == {
            "left out: sentences that nobody has labelled": 2
        }
    assert folder.answers() == {}


def test_labels_without_ids_are_known_by_their_text(folder: PeopleFolder) -> None:
    labelled = [replace(s, spans=(Span(0, 1, "Task"),)) for s in ASKED[::-1]]
    write_conll("a.conll", labelled)
    assert take_in(folder, ["a.conll"], LABELS, None) == ({"answers": 2}, [])
    assert folder.answers()["train/p#1"][""].spans == (Span(0, 1, "Task"),)
    write_conll("b.conll", [replace(labelled[0], tokens=("x", "y"))])
    _, (fault,) = take_in(folder, ["b.conll"], LABELS, None)
    assert "is not a sentence of a batch" in str(fault)


def test_two_sentences_with_the_same_text_come_back_in_a_format_without_ids(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    twice = [Sentence(f"d#{n}", ("Results", ".")) for n in range(2)]
    folder = PeopleFolder(tmp_path)
    folder.ask(LabelsWanted(twice, twice, {}), 1, find_exchange("doccano"))
    write_conll(Path("back.conll"), [replace(s, spans=()) for s in twice])
    _, faults = take_in(folder, ["back.conll"], LABELS, None, "conll")
    assert not faults and len(folder.answers()) == 2
