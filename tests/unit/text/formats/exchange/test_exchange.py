"""Formats of annotation tools: what one holds comes back, what it cannot hold is counted."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sciner.cli import main as cli
from sciner.errors import InputError
from sciner.text.corpus import UNMASKED
from sciner.text.formats.convert import told
from sciner.text.formats.exchange.base import EXCHANGES, Exchange
from sciner.text.formats.exchange.fields import confidence, seconds
from sciner.text.formats.exchange.files import by_document, whole
from sciner.text.formats.fit import fit
from sciner.text.formats.places import trimmed
from sciner.text.formats.read import expand
from sciner.text.formats.record import Mark, Origin, Record
from sciner.text.formats.tokenise import tokenise
from tests.pdfs import Shown, pdf

few = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
WRITTEN = sorted(name for name, exchange in EXCHANGES.items() if exchange.write)
EACH = [  # to import datasets or spaCy takes seconds
    pytest.param(name, marks=[pytest.mark.slow] if name in ("datasets", "docbin") else [])
    for name in WRITTEN
]
PIECES = (
    "We",
    "BERT-based",
    "Me\u0301thode",
    "\U0001d6fc",
    "\U0001f600",
    "हिन्दी",
    "-LRB-",
    "F1",
    ",",
)
BLANKS = (" ", "  ", "\n", "\r\n", "\t", "\u00a0", "")


def installed(name: str) -> Exchange:
    """The format, or a skipped test where its library is missing."""
    try:
        EXCHANGES[name].check_installed()
    except InputError as error:
        pytest.skip(str(error))
    return EXCHANGES[name]


def content(record: Record) -> tuple[object, ...]:
    return record.text, record.marks, record.tokens


@st.composite
def records(draw: st.DrawFn) -> list[Record]:
    """Sentences with tokens, and documents without, with all that a record can have."""
    found = []
    for i in range(draw(st.integers(1, 3))):
        piece = st.tuples(st.sampled_from(PIECES), st.sampled_from(BLANKS))
        text = "".join(a + b for a, b in draw(st.lists(piece, min_size=1, max_size=6)))
        tokens = tuple(tokenise(text))
        edge = st.sampled_from([edge for token in tokens for edge in token])
        sure = st.none() | st.integers(0, 100).map(lambda n: n / 100)
        label = st.sampled_from(["Method", "Task"])
        drawn = draw(st.lists(st.builds(Mark, edge, edge, label, sure), max_size=3))
        solid = [trimmed(text, mark) for mark in drawn if text[mark.start : mark.end].strip()]
        marks = {mark[:3]: mark for mark in solid}
        record = Record(f"paper{i}", text, tuple(marks[key] for key in sorted(marks)))
        if draw(st.booleans()):
            masked = draw(st.sets(st.integers(0, len(tokens) - 1), max_size=1))
            free = tuple(
                mark
                for mark in record.marks or ()
                if all(mark.end <= tokens[i][0] or tokens[i][1] <= mark.start for i in masked)
            )
            mask = frozenset(masked) or UNMASKED
            record = replace(record, id=f"paper#{i}", tokens=tokens, masked=mask, marks=free)
        elif draw(st.booleans()):
            record = replace(record, marks=None)
        found.append(record)
    return found


@few
@given(given=records())
@pytest.mark.parametrize("name", EACH)
def test_what_a_format_holds_comes_back(name: str, given: list[Record], tmp_path: Path) -> None:
    exchange = installed(name)
    fitted = fit(given, exchange.holds, Counter())
    out = tmp_path / f"out{exchange.suffix}"
    assert exchange.write is not None
    exchange.write(out, fitted)
    read = [record for file in expand(out) for record in exchange.read(file, Counter())]
    if out.is_dir():
        shutil.rmtree(out)
    if "ids" in exchange.holds:
        assert read == fitted
    elif exchange.suffix or "tokens" in exchange.holds:
        assert Counter(map(content, read)) == Counter(map(content, fitted))
    else:
        documents = [whole(document, members) for document, members in by_document(fitted)]
        assert sorted(read, key=lambda r: r.id) == sorted(documents, key=lambda r: r.id)


@few
@given(given=records())
@pytest.mark.parametrize("name", EACH)
def test_what_is_not_counted_is_not_lost(name: str, given: list[Record]) -> None:
    notes: Counter[str] = Counter()
    fitted = fit(given, EXCHANGES[name].holds, notes)
    if not +notes and "edges" in EXCHANGES[name].holds:
        assert fitted == [
            replace(r, tokens=None) if "tokens" not in EXCHANGES[name].holds else r for r in given
        ]


TELLING = [c.encode() for c in '\t\r\n []{}(),:"\\-#O0129<>&|_*;\u00a0\U0001f600'] + [
    *(b"\xff", b"\0", b"null", b"1e9", b"-1", b"true", b'"label"', b"[]", b"{}", b"[[", b"&#0;")
]
damage = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 9), st.sampled_from(TELLING) | st.binary(max_size=2)),
    min_size=1,
    max_size=5,
)


@few
@given(edits=damage, told_by_us=st.booleans())
@pytest.mark.parametrize("name", EACH)
def test_damage_gives_texts_or_one_input_error(
    name: str, edits: list[tuple[float, int, bytes]], told_by_us: bool, tmp_path: Path
) -> None:
    exchange = installed(name)
    marks = (Mark(3, 7, "Method", 0.5), Mark(8, 9, "Task"))
    given = [Record("p#0", "We BERT \U0001f600", marks, ((0, 2), (3, 7), (8, 9)))]
    out = tmp_path / f"out{exchange.suffix}"
    assert exchange.write is not None
    exchange.write(out, fit(given, exchange.holds, Counter()))
    for file in expand(out):
        content = file.read_bytes()
        for place, length, new in edits:
            at = round(place * len(content))
            content = content[:at] + new + content[at + length :]
        file.write_bytes(content)
    try:
        for file in expand(out):
            chosen = exchange if told_by_us else told(file)
            for record in chosen.read(file, Counter()):
                assert all(record.text[m.start : m.end].strip() for m in record.marks or ())
    except InputError as error:
        assert "\n" not in str(error) and "out" in str(error)
    finally:
        shutil.rmtree(out) if out.is_dir() else out.unlink()


# What tools write


def read(name: str, tmp_path: Path, content: str, suffix: str = ".json") -> list[Record]:
    file = tmp_path / f"in{suffix}"
    file.write_text(content, encoding="utf-8", newline="")
    assert told(file).name == name
    return list(EXCHANGES[name].read(file, Counter()))


SPANS = (Mark(3, 7, "Method"),)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("doccano", '{"id": 7, "text": "We BERT", "label": [[3, 7, "Method"]], "Comments": []}'),
        (
            "doccano",
            '{"id": 7, "text": "We BERT", "relations": [], "entities": '
            '[{"id": 1, "label": "Method", "start_offset": 3, "end_offset": 7}]}',
        ),
        (
            "label_studio",
            json.dumps(
                [
                    {
                        "id": 7,
                        "data": {"text": "We BERT"},
                        "annotations": [
                            {"was_cancelled": True, "result": []},
                            {
                                "lead_time": 4.2,
                                "result": [
                                    {
                                        "id": "a",
                                        "from_name": "ner",
                                        "to_name": "text",
                                        "type": "labels",
                                        "value": {
                                            "start": 3,
                                            "end": 7,
                                            "text": "BERT",
                                            "labels": ["Method"],
                                        },
                                    }
                                ],
                            },
                        ],
                    }
                ],
                indent=1,
            ),
        ),
        (
            "label_studio",
            json.dumps(
                [
                    {
                        "id": 7,
                        "text": "We BERT",
                        "annotation_id": 1,
                        "ner": [{"start": 3, "end": 7, "text": "BERT", "labels": ["Method"]}],
                    }
                ]
            ),
        ),
        (
            "argilla",
            json.dumps(
                [
                    {
                        "id": "in.7",
                        "fields": {"text": "We BERT"},
                        "suggestions": {"q": {"value": [], "score": None, "agent": "m"}},
                        "responses": {
                            "q": [{"value": [{"label": "Method", "start": 3, "end": 7}]}],
                            "other": [{"value": "yes"}],
                        },
                    }
                ]
            ),
        ),
        ("pubtator", "in.7|t|We BERT\nin.7|a|\nin.7\t3\t7\tBERT\tMethod\nin.7\tCID\tD1\tD2\n"),
        (
            "bioc",
            '<?xml version="1.0"?><!DOCTYPE collection SYSTEM "BioC.dtd"><collection><document>'
            "<id>in.7</id><passage><offset>0</offset><text>We BERT</text><annotation id='1'>"
            "<infon key='type'>Method</infon><location offset='3' length='4'/><text>BERT</text>"
            "</annotation></passage></document></collection>",
        ),
    ],
)
def test_what_a_tool_exports_is_read(name: str, content: str, tmp_path: Path) -> None:
    assert read(name, tmp_path, content) == [Record("in.7", "We BERT", SPANS)]


WEBANNO = """#FORMAT=WebAnno TSV 3.3
#T_SP=de.tudarmstadt.ukp.dkpro.core.api.lexmorph.type.pos.POS|PosValue
#T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|identifier|value


#Text=\U0001f600 deep BERT_x
1-1\t0-2\t\U0001f600\t_\t_\t_\t
1-2\t3-7\tdeep\tADJ\t*[1]\tMethod[1]\t
1-3\t8-14\tBERT\\_x\t_\t*[1]|*[2]\tMethod[1]|Task[2]\t
1-3.1\t8-12\tBERT\t_\t*\tSub\\|x\t

#Text=End
2-1\t15-18\tEnd\t_\t*\t*\t
"""


def test_webanno_counts_utf16_units_and_stacks_spans(tmp_path: Path) -> None:
    first, second = read("webanno", tmp_path, WEBANNO, ".tsv")
    assert first == Record(
        "in#0",
        "\U0001f600 deep BERT_x",
        (Mark(2, 13, "Method"), Mark(7, 11, "Sub|x"), Mark(7, 13, "Task")),
        ((0, 1), (2, 6), (7, 13)),
    )
    assert second == Record("in#1", "End", (), ((0, 3),))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("3-7\tdeep", "2-6\tdeep", "'deep' is not at 2-6"),
        ("1-2\t3-7", "1-2 3-7", ":8: '1-2 3-7"),
        ("ner.type.NamedEntity", "x.Y", "2 span layers, none of them NamedEntity"),
        ("\t_\t_\t_\t\n", "\n", ":7: 3 columns"),
    ],
)
def test_a_broken_webanno_file_is_refused_in_one_line(
    old: str, new: str, fault: str, say: Any
) -> None:
    Path("a.tsv").write_text(WEBANNO.replace(old, new))
    code, out, err = say("a.tsv", "b.jsonl", "--format", "jsonl")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("sciner: a.tsv:") and fault in err


def test_xmi_is_read_with_the_types_beside_it(tmp_path: Path) -> None:
    cassis = pytest.importorskip("cassis", reason="needs dkpro-cassis")
    types = cassis.load_dkpro_core_typesystem()
    cas = cassis.Cas(typesystem=types)
    cas.sofa_string = "\U0001f600 BERT"
    entity = types.get_type("de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity")
    cas.add(entity(begin=2, end=6, value="Method"))
    cas.to_xmi(tmp_path / "in.xmi")
    file = tmp_path / "in.xmi"
    with pytest.raises(InputError, match=r"no TypeSystem\.xml beside it"):
        list(EXCHANGES["cas"].read(file, Counter()))
    types.to_xml(tmp_path / "TypeSystem.xml")
    assert told(file).name == "cas"
    expected = [Record("in", "\U0001f600 BERT", (Mark(2, 6, "Method"),))]
    assert list(EXCHANGES["cas"].read(file, Counter())) == expected
    file.write_text("<xmi:XMI")
    with pytest.raises(InputError, match=r"in\.xmi:1: not a readable CAS"):
        list(EXCHANGES["cas"].read(file, Counter()))


def test_label_studio_takes_what_is_written_for_it(tmp_path: Path) -> None:
    module = "label_studio_sdk.label_interface"
    interface = pytest.importorskip(module, reason="needs label-studio-sdk").LabelInterface(
        '<View><Labels name="label" toName="text"><Label value="Method"/></Labels>'
        '<Text name="text" value="$text"/></View>'
    )
    write = EXCHANGES["label_studio"].write
    assert write is not None
    write(tmp_path / "a.json", [Record("a", "We BERT", (Mark(3, 7, "Method", 0.5),))])
    (task,) = json.loads((tmp_path / "a.json").read_text())
    assert interface.validate_prediction(task["predictions"][0], return_errors=True) == []
    task["predictions"][0]["result"][0]["value"]["labels"] = ["Other"]
    assert not interface.validate_prediction(task["predictions"][0])


def test_label_studio_keeps_the_time_that_labelling_took(tmp_path: Path) -> None:
    exchange, times = EXCHANGES["label_studio"], (12.5, 0.0, None)
    assert exchange.write is not None
    given = [Record(f"d{s}", "We", (), origin=Origin(seconds=s)) for s in times]
    exchange.write(tmp_path / "a.json", given)
    read = exchange.read(tmp_path / "a.json", Counter())
    assert [record.origin.seconds for record in read] == [*times]


def test_argilla_reads_what_is_written_for_it(tmp_path: Path) -> None:
    records_io = pytest.importorskip("argilla.records._io", reason="needs argilla")
    write = EXCHANGES["argilla"].write
    assert write is not None
    write(tmp_path / "a.json", [Record("a", "\U0001f600 BERT", (Mark(2, 6, "Method", 0.5),))])
    (record,) = records_io.JsonIO._records_from_json(tmp_path / "a.json")
    (suggestion,) = record.suggestions
    assert (record.id, record.fields["text"]) == ("a", "\U0001f600 BERT")
    assert suggestion.value == [{"start": 2, "end": 6, "label": "Method"}]


def test_a_file_for_doccano_has_labels_although_nobody_has_labelled(tmp_path: Path) -> None:
    """Otherwise it reports that the column is missing. null makes no label there."""
    write = EXCHANGES["doccano"].write
    assert write is not None
    write(tmp_path / "a.jsonl", [Record("a", "We BERT", None)])
    assert json.loads((tmp_path / "a.jsonl").read_text())["label"] is None
    (record,) = EXCHANGES["doccano"].read(tmp_path / "a.jsonl", Counter())
    assert record.marks is None


# The command


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Words of `sciner data convert`, in a folder of its own, as (exit code, output, errors)."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["sciner", "data", "convert", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


def test_what_the_new_format_cannot_hold_is_counted_on_one_line(say: Any) -> None:
    Path("a.jsonl").write_text(
        '{"text": "We use BERT-based nets. F1 won.", "label": [[7, 11, "A"], [7, 22, "B"], '
        '[24, 26, "A"]]}\n'
    )
    code, out, _ = say("a.jsonl", "b.conll", "--format", "conll")
    assert (code, out.splitlines()) == (
        0,
        [
            "b.conll: 2 texts as conll",
            "conll cannot store: ids left out: 2; overlapping spans dropped: 1; texts whose white "
            "space becomes single spaces: 2",
        ],
    )
    assert "B-B" in Path("b.conll").read_text()


def test_a_conversion_there_and_back_gives_the_same_file(say: Any) -> None:
    row = {"id": "p#0", "tokens": ["We", "BERT", "."], "spans": [[1, 2, "Method"]]}
    Path("a.jsonl").write_text(json.dumps(row) + "\n")
    for name, exchange in EXCHANGES.items():
        if exchange.write and exchange.library is None and {"ids", "tokens"} <= exchange.holds:
            out = f"x{exchange.suffix}"
            assert say("a.jsonl", out, "--format", name)[0] == 0
            assert say(out, "b.jsonl", "--format", "jsonl", "--from", name)[0] == 0
            assert Path("b.jsonl").read_text() == Path("a.jsonl").read_text()


def test_the_suffix_of_the_output_says_its_format_where_one_format_has_it(say: Any) -> None:
    Path("a.jsonl").write_text('{"tokens": ["BERT"], "spans": [[0, 1, "Method"]]}\n')
    for name, out in (("conll", "b.conll"), ("conll", "b.TSV"), ("bioc", "b.xml")):
        code, text, _ = say("a.jsonl", out)
        assert code == 0 and text.startswith(f"{out}: 1 text as {name}\n")
    for out, names in (
        ("b.json", "argilla, label_studio"),
        ("b.jsonl", "doccano, jsonl, prodigy, scierc"),
        ("folder", "brat, cas, text, webanno"),
        ("b.txt", "argilla, bioc, brat, cas, conll, "),
    ):
        code, _, err = say("a.jsonl", out)
        assert code == 2 and f"{out}: its name does not say in which format to write it" in err
        assert f"add --format with one of {names}" in err and not Path(out).exists()


def test_spans_that_begin_with_i_are_counted(say: Any) -> None:
    """Where most of them do, the file is read as IOB1; elsewhere the tags are repaired."""
    for first, note in (("I", "spans that begin with I- instead of B-"), ("B", "tags repaired")):
        Path("a.conll").write_text(f"BERT\t{first}-A\nand\tO\nF1\tI-B\n")
        _, out, _ = say("a.conll", "b.jsonl", "--format", "jsonl")
        assert f"a.conll, read: {note}" in out
        assert out.rstrip().endswith(": 2" if first == "I" else ": 1")


def test_a_refused_conversion_leaves_no_folder(
    say: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Path("a.jsonl").write_text('{"id": "../p#0", "tokens": ["BERT"], "spans": []}\n')
    code, _, err = say("a.jsonl", "new/folder/brat", "--format", "brat")
    assert code == 2 and "is not the name of a file below the folder" in err
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


DOCCANO = '{{"text": "{}", "label": [[{}, {}, "{}"]]}}\n'
MASK = "\U0001f600 we use BERT"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (DOCCANO.format("We BERT", 3, 9, "M"), "span 3 9 is outside the text of 7 characters"),
        (DOCCANO.format("We BERT", 3, 3, "M"), "span 3 3 is empty"),
        (DOCCANO.format("We BERT", 3, 7, "<b>M</b>"), "label '<b>M</b>' contains HTML"),
        (DOCCANO.format("We BERT", 3, 7, "M N"), "label 'M N' is empty or has white space in it"),
        (DOCCANO.format("We\\u0000BERT", 3, 7, "M"), "NUL at character 2"),
        (DOCCANO.format(MASK, 10, 14, "M"), "count each character beyond U+FFFF as one"),
        (DOCCANO.format("x " * 5_000_001, 0, 1, "M"), "an object of 10,000,0"),
        ('{"text": "We BERT", "label": [[3, "7", "M"]]}', "is not a span"),
        ('{"text": "We", "label": [], "sciner_id": "a\\nb"}', "is not a valid id"),
        ('{"text": "We", "label": [], "sciner_tokens": [[0, 5]]}', "was the text edited?"),
        ('{"text": "We", "label": []', "invalid JSON"),
    ],
)
def test_a_broken_label_file_is_refused_in_one_line(content: str, fault: str, say: Any) -> None:
    good = DOCCANO.format("We BERT", 3, 7, "M")
    Path("a.jsonl").write_text(good + content)
    code, out, err = say("a.jsonl", "b.conll", "--format", "conll", "--from", "doccano")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("sciner: a.jsonl:2: ") and fault in err
    assert [path.name for path in Path().iterdir()] == ["a.jsonl"]


@pytest.mark.parametrize(
    ("text", "start", "surface", "fault"),
    [
        ("a\nb\nBERT", 6, "BERT", "the offsets count CRLF"),
        ("a\r\nb\r\nBERT", 4, "BERT", "the offsets count LF"),
        ("\U0001d6fc BERT", 3, "BERT", "count each character beyond U+FFFF as one"),
        ("We BERT", 0, "BERT", "the text has 'We B' at 0 4, not 'BERT'"),
    ],
)
def test_shifted_offsets_are_explained(
    text: str, start: int, surface: str, fault: str, say: Any
) -> None:
    value = {"start": start, "end": start + 4, "text": surface, "labels": ["M"]}
    region = {"type": "labels", "value": value}
    task = {"id": 5, "data": {"text": text}, "annotations": [{"result": [region]}]}
    Path("a.json").write_text("[\n" + json.dumps(task) + "]")
    code, _, err = say("a.json", "b.jsonl", "--format", "jsonl")
    assert code == 2 and err.startswith("sciner: a.json:2: task 5: ") and fault in err


def test_words_that_cannot_be_followed_are_one_line(say: Any) -> None:
    Path("a.jsonl").write_text('{"text": "We", "label": []}\n')
    Path("b").mkdir()
    Path("b/c").touch()
    for words, fault in (
        (("a.jsonl", "o", "--format", "docano"), "did you mean 'doccano'?"),
        (("a.jsonl", "o", "--format", "pdf"), "PDF cannot be written"),
        (("a.jsonl", "a.jsonl", "--format", "jsonl"), "would replace its input"),
        (("a.jsonl", "b", "--format", "brat"), "b: there is a folder of that name"),
        (("c.jsonl", "o", "--format", "brat"), "c.jsonl: no such file"),
        (("a.jsonl", "o", "--format", "conll", "--from", "prodigy", "x"), ""),
    ):
        code, _, err = say(*words)
        assert code == 2 and fault in err
    assert not Path("o").exists()


def test_a_document_cannot_be_written_outside_its_folder(say: Any) -> None:
    Path("a.jsonl").write_text('{"text": "We", "label": [], "sciner_id": "../evil"}\n')
    code, _, err = say("a.jsonl", "o/p", "--format", "brat")
    assert code == 2 and "is not the name of a file below the folder" in err
    assert not list(Path().glob("**/*evil*")) and not Path("o/p").exists()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("7|t|We BERT\n7\t3\t9\tBERT\tM\n", ":2: span 3 9 is outside the text"),
        ("7|t|We BERT\n7\t2\t6\tBERT\tM\n", ":2: the text has ' BER' at 2 6, not 'BERT'"),
        ("7|t|\U0001f600 BERT\n7\t3\t7\tBERT\tM\n", ":2: span 3 7 is outside"),
        ("7|t|We BERT\n8\t3\t7\tBERT\tM\n", ":2: '8"),
        ("7|t|We BERT\n7 3 7 BERT M\n", ":2: '7 3 7 BERT M' is not a PubTator annotation"),
    ],
)
def test_a_broken_pubtator_file_is_refused_in_one_line(content: str, fault: str, say: Any) -> None:
    Path("a.txt").write_text(content)
    code, out, err = say("a.txt", "b.jsonl", "--format", "jsonl")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("sciner: a.txt" + fault)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("<collection>\n<document></collection>", ":2: invalid XML"),
        ('<!DOCTYPE c [\n<!ENTITY a "b">]><collection/>', ":2: an XML entity is declared"),
        (
            "<collection>\n<document><passage/></document></collection>",
            ":2: id '' is not a valid name",
        ),
    ],
)
def test_broken_xml_is_refused_in_one_line(content: str, fault: str, say: Any) -> None:
    Path("a.xml").write_text(content)
    code, out, err = say("a.xml", "b.jsonl", "--format", "jsonl", "--from", "bioc")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("sciner: a.xml" + fault)


def test_nested_spans_of_scierc_are_kept(say: Any) -> None:
    ner = [[], [[1, 2, "A"], [1, 1, "B"]]]
    row = {"doc_key": "p", "sentences": [["a"], ["b", "c"]], "ner": ner}
    Path("a.json").write_text(json.dumps(row) + "\n")
    assert say("a.json", "b.xml", "--format", "bioc")[0] == 0
    (_, second) = EXCHANGES["bioc"].read(Path("b.xml"), Counter())
    assert second.marks == (Mark(0, 1, "B"), Mark(0, 3, "A"))
    ner[0] = [[1, 1, "A"]]
    Path("a.json").write_text(json.dumps(row) + "\n")
    code, _, err = say("a.json", "c.xml", "--format", "bioc")
    assert code == 2 and err.startswith("sciner: a.json:1: span 1 1 is not within its sentence")


def test_the_table_in_the_docs_says_what_each_format_holds() -> None:
    page = (Path(__file__).parents[5] / "docs" / "formats.md").read_text(encoding="utf-8")
    rows = {
        cells[0].strip("`"): cells
        for line in page.splitlines()
        if line.startswith("| `")
        for cells in [[cell.strip() for cell in line.strip("|").split("|")]]
    }
    assert set(rows) == set(WRITTEN)
    for name, exchange in EXCHANGES.items():
        if exchange.write is None:
            continue

        def held(*words: str, holds: frozenset[str] = exchange.holds) -> str:
            found = next((word for word in words if word in holds), "no")
            return "yes" if found == words[0] else found

        extra = f"`{exchange.extra}`" if exchange.extra else ""
        shown = [held("text"), held("lines", "title"), held("edges"), held("overlaps")]
        shown += [held("confidences"), held("masks"), held("tokens"), held("ids", "documents")]
        assert rows[name] == [f"`{name}`", exchange.title, *shown, held("unlabelled"), extra]


@pytest.mark.parametrize(
    ("text", "span", "fault"),
    [
        ("We BERT\nF1 won\n", "9 11\tF1", "the offsets count CRLF"),
        ("\U0001f600 BERT F1\n", "3 7\tBERT", "count each character beyond U+FFFF as one"),
        ("We BERT\n", "2 6\tBERT", "count characters from 0"),
    ],
)
def test_shifted_offsets_of_brat_are_explained(text: str, span: str, fault: str, say: Any) -> None:
    Path("a.txt").write_text(text)
    Path("a.ann").write_text(f"T1\tM {span}\n")
    code, _, err = say("a.txt", "b.jsonl", "--format", "jsonl")
    assert code == 2 and err.startswith("sciner: a.ann:1: ") and fault in err


def test_what_cannot_be_written_is_one_line(say: Any) -> None:
    Path("a.jsonl").write_text('{"text": "We", "label": []}\n')
    for out in ("a.jsonl/x", "/dev/null"):
        code, _, err = say("a.jsonl", out, "--format", "jsonl")
        assert code == 2 and err.count("\n") == 1 and out in err


def test_a_folder_is_converted_with_its_subfolders(say: Any) -> None:
    """Names of files in subfolders are told apart, and unknown files are counted."""
    Path("in/sub").mkdir(parents=True)
    for name in ("in/a", "in/sub/a"):
        Path(f"{name}.txt").write_text("We BERT\n")
        Path(f"{name}.ann").write_text("T1\tMethod 3 7\tBERT\n")
    Path("in/sub/b.jsonl").write_text('{"id": "own#0", "tokens": ["We"], "spans": []}\n')
    Path("in/c.png").write_bytes(b"\x89PNG")
    code, out, _ = say("in", "out.jsonl", "--format", "jsonl")
    assert code == 0 and "in, read: .png files left out: 1" in out
    rows = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == ["a", "sub/a", "own#0"]
    code, out, _ = say("in", "out", "--format", "text")
    assert code == 0 and "; spans left out: 2" in out
    files = sorted(str(file) for file in Path("out").rglob("*.txt"))
    assert files == ["out/a.txt", "out/own.txt", "out/sub/a.txt"]
    assert Path("out/sub/a.txt").read_text() == "We BERT\n"


def test_pdf_files_are_converted_or_all_that_cannot_be_are_named(
    say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pypdfium2", reason="needs pypdfium2")
    monkeypatch.setenv("SCINER_DATA", "cache")
    Path("in").mkdir()
    Path("in/a.pdf").write_bytes(pdf([Shown("We use a con-", 700), Shown("volution.", 688)]))
    assert say("in", "out", "--format", "text")[0] == 0
    assert Path("out/a.txt").read_text() == "We use a convolution.\n"
    Path("in/b.pdf").write_bytes(b"")
    Path("in/c.pdf").write_bytes(pdf([]))
    code, _, err = say("in", "other", "--format", "text")
    assert code == 2 and err.startswith("sciner: 2 of 3 PDF files cannot be read: in/b.pdf: ")
    assert "in/c.pdf: the PDF has no text" in err and not Path("other").exists()


@pytest.mark.parametrize("read", [confidence, seconds])
@pytest.mark.parametrize("value", [10**400, -(10**400), math.inf, "1", True, [1]])
def test_what_no_float_holds_is_no_number(
    read: Callable[[Mapping[str, Any], str], float | None], value: object
) -> None:
    """JSON allows integers of 400 digits."""
    with pytest.raises(InputError, match=r'"a" .*is not a number'):
        read({"a": value}, "a")
    assert read({"a": 0.5}, "a") == 0.5 and read({}, "a") is None
